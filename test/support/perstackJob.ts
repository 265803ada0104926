/** A job as Perstack's runtime would record it: its state machine in small, its events and checkpoints in any layout. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

export interface PerstackCall {
  tool: string;
  args?: unknown;
  skill?: string;
}
type Json = Record<string, unknown>;
interface Usage extends Json {
  totalTokens: number;
}
interface ToolCall extends Json {
  id: string;
  skillName: string;
  toolName: string;
}
export interface PerstackCheckpoint extends Json {
  id: string;
  runId: string;
  stepNumber: number;
  status: string;
  messages: Json[];
  usage: Usage;
  partialToolResults?: Json[] | undefined;
  pendingToolCalls?: ToolCall[] | undefined;
  expert: { key: string; name: string; version: string };
}
type Start =
  | { query: string; from?: PerstackCheckpoint; delegatedBy?: Json; step?: number; usage?: Usage }
  | { from: PerstackCheckpoint; results: Json[]; isReturn?: boolean };

export class PerstackJob {
  readonly events: Json[] = [];
  readonly checkpoints: { checkpoint: PerstackCheckpoint; timestamp: number; runId: string }[] = [];
  private now = 1_795_000_000_000;
  private ids = 0;

  constructor(readonly jobId: string) {}

  id(kind = "id"): string {
    this.ids += 1;
    return `${kind}${this.ids}`;
  }

  tick(): number {
    this.now += 7;
    return this.now;
  }

  run(expert: string, start: Start): PerstackRun {
    return new PerstackRun(this, expert, start);
  }

  /** As `perstack run` prints it. */
  lines(): string {
    return this.events.map((event) => `${JSON.stringify(event)}\n`).join("");
  }

  /** @returns the job's folder. `code` as Perstack writes, `docs` as its documentation says, `checkpoints` without events. */
  async write(workspace: string, layout: "code" | "docs" | "checkpoints" = "code"): Promise<string> {
    const jobDir = join(workspace, "perstack", "jobs", this.jobId);
    await mkdir(join(jobDir, "checkpoints"), { recursive: true });
    for (const event of layout === "checkpoints" ? [] : this.events) {
      if (event.stepNumber === undefined) continue;
      const dir = join(jobDir, "runs", String(event.runId));
      await mkdir(dir, { recursive: true });
      const name = `event-${event.timestamp}-${event.stepNumber}-${event.type}.json`;
      await writeFile(join(dir, name), JSON.stringify(event));
    }
    for (const { checkpoint, timestamp, runId } of this.checkpoints) {
      const text = JSON.stringify(checkpoint);
      const { id, stepNumber } = checkpoint;
      if (layout === "code") await writeFile(join(jobDir, "checkpoints", `${id}.json`), text);
      else {
        const dir = join(jobDir, "runs", runId);
        await mkdir(dir, { recursive: true });
        await writeFile(join(dir, `checkpoint-${timestamp}-${stepNumber}-${id}.json`), text);
      }
    }
    return jobDir;
  }
}

export class PerstackRun {
  readonly runId: string;
  checkpoint: PerstackCheckpoint;
  private startedAt = 0;
  private stepUsage: Usage = noUsage;

  constructor(
    private readonly job: PerstackJob,
    expert: string,
    start: Start,
  ) {
    this.runId = job.id("run");
    const from = start.from;
    const fresh = { jobId: job.jobId, runId: this.runId, expert: { key: expert, name: expert, version: "1.0.0" } };
    const by = "delegatedBy" in start && start.delegatedBy ? { delegatedBy: start.delegatedBy } : {};
    this.checkpoint = from
      ? { ...from, id: job.id("cp"), stepNumber: from.stepNumber + 1 }
      : {
          ...{ id: job.id("cp"), status: "init", messages: [] },
          ...{ stepNumber: ("step" in start && start.step) || 1, usage: ("usage" in start && start.usage) || noUsage },
          ...by,
          ...fresh,
        };
    if ("isReturn" in start && start.isReturn) this.checkpoint.runId = this.runId;
    if ("query" in start) {
      const user = this.message("userMessage", [text(job, start.query)]);
      const input = from
        ? [user]
        : [{ ...this.message("instructionMessage", [text(job, `You are ${expert}.`)]), cache: true }, user];
      this.start(input);
      return;
    }
    const results = [...(this.checkpoint.partialToolResults ?? []), ...start.results];
    const answered = new Set(start.results.map(({ id }) => id));
    const pending = this.checkpoint.pendingToolCalls?.filter(({ id }) => !answered.has(id));
    this.checkpoint.partialToolResults = results;
    this.checkpoint.pendingToolCalls = pending?.length ? pending : undefined;
    this.start([]);
    if (this.checkpoint.pendingToolCalls) {
      this.emit("resumeToolCalls", { pendingToolCalls: pending, partialToolResults: results });
      return;
    }
    const message = this.toolMessage(results);
    this.emit("finishAllToolCalls", { newMessages: [message] });
    this.checkpoint.messages.push(message);
    this.checkpoint.partialToolResults = undefined;
    this.next([message]);
  }

  /** One of several delegates counts its usage from nothing; a single one goes on with its coordinator's. */
  delegate(call: ToolCall, isSingle = true): PerstackRun {
    const { id: checkpointId, expert, stepNumber, usage } = this.checkpoint;
    const { id: toolCallId, toolName, args } = call;
    const delegatedBy = { expert, toolCallId, toolName, checkpointId, runId: this.checkpoint.runId };
    const step = { step: stepNumber + 1, ...(isSingle && { usage }) };
    return this.job.run(toolName, { query: String((args as Json).query), delegatedBy, ...step });
  }

  /** The coordinator goes on with what its delegates said. */
  return(results: Json[], last: PerstackRun): PerstackRun {
    const from = { ...structuredClone(this.checkpoint), ...{ stepNumber: last.checkpoint.stepNumber } };
    return this.job.run(from.expert.key, { from: { ...from, usage: last.checkpoint.usage }, results, isReturn: true });
  }

  emit(type: string, payload: Json): void {
    const { expert, stepNumber } = this.checkpoint;
    const envelope = { type, id: this.job.id("ev"), expertKey: expert.key, timestamp: this.job.tick() };
    const event = { ...envelope, jobId: this.job.jobId, runId: this.runId, stepNumber, ...payload };
    this.job.events.push(structuredClone(event));
  }

  calls(said: string, ...calls: PerstackCall[]): ToolCall[] {
    const toolCalls = calls.map(({ tool: toolName, args = {}, skill: skillName = "@perstack/base" }) => ({
      ...{ id: this.job.id("call_"), skillName, toolName, args },
    }));
    const parts = toolCalls.map(({ id: toolCallId, toolName, args }) => ({
      ...{ type: "toolCallPart", id: this.job.id(), toolCallId, toolName, args },
    }));
    const newMessage = this.message("expertMessage", [...(said ? [text(this.job, said)] : []), ...parts]);
    this.generate();
    this.emit("callTools", { newMessage, toolCalls, usage: this.spend(10) });
    this.checkpoint.messages.push(newMessage);
    return toolCalls;
  }

  /** Results of calls, then the next step. */
  results(calls: readonly ToolCall[], ...results: string[]): void {
    const toolResults = calls.map((call, index) => this.result(call, results[index] ?? "{}"));
    this.emit("resolveToolResults", { toolResults });
    const message = this.toolMessage(toolResults);
    this.emit("finishToolCall", { newMessages: [message] });
    this.checkpoint.messages.push(message);
    this.next([message]);
  }

  result({ id, skillName, toolName }: ToolCall, said: string): Json {
    return { id, skillName, toolName, result: [text(this.job, said)] };
  }

  /** A call of `attemptCompletion`, and the last words. */
  complete(said: string): void {
    const [call] = this.calls("", { tool: "attemptCompletion" });
    const toolResult = this.result(call as ToolCall, "{}");
    this.emit("attemptCompletion", { toolResult });
    const message = this.toolMessage([toolResult]);
    this.checkpoint.messages.push(message);
    this.finish(said, [message], this.spend(5));
  }

  /** Text beside the completion is the last word: nothing more is generated. */
  completeWithText(said: string): void {
    const [call] = this.calls(said, { tool: "attemptCompletion" });
    const toolResult = this.result(call as ToolCall, "{}");
    const message = this.toolMessage([toolResult]);
    this.checkpoint.messages.push(message);
    this.finish(said, [message], noUsage, [toolResult]);
  }

  answer(said: string): void {
    this.generate();
    this.finish(said, [], this.spend(5));
  }

  /** Calls of which some wait: for delegates or for a person. */
  stop(kind: "Delegate" | "InteractiveTool", waiting: readonly ToolCall[], done: Json[] = []): void {
    const delegates = kind === "Delegate" ? waiting : [];
    const newMessage = this.checkpoint.messages.at(-1);
    if (kind === "Delegate") this.emit("callDelegate", { newMessage, toolCalls: waiting, usage: this.stepUsage });
    else this.emit("callInteractiveTool", { newMessage, toolCall: waiting[0], usage: this.stepUsage });
    const delegateTo = delegates.map(({ id: toolCallId, toolName, args }) => ({
      expert: { key: toolName, name: toolName, version: "1.0.0" },
      ...{ toolCallId, toolName, query: (args as Json).query },
    }));
    Object.assign(this.checkpoint, {
      status: `stoppedBy${kind}`,
      partialToolResults: done,
      ...(kind === "Delegate" ? { delegateTo } : { pendingToolCalls: waiting }),
    });
    this.end(`stopRunBy${kind}`, []);
  }

  stopByMaxSteps(calls: readonly ToolCall[], ...results: string[]): void {
    const toolResults = calls.map((call, index) => this.result(call, results[index] ?? "{}"));
    this.emit("resolveToolResults", { toolResults });
    const message = this.toolMessage(toolResults);
    this.emit("finishToolCall", { newMessages: [message] });
    this.checkpoint.messages.push(message);
    this.checkpoint.status = "stoppedByExceededMaxSteps";
    this.end("stopRunByExceededMaxSteps", [message]);
  }

  stopByError(error: Json): void {
    this.checkpoint.status = "stoppedByError";
    this.end("stopRunByError", [], { error: { name: "Error", isRetryable: false, ...error } });
  }

  generate(): void {
    this.startedAt = this.job.tick();
    this.emit("startGeneration", { messages: this.checkpoint.messages });
  }

  /** A call that the length limit cut off. */
  retryLength(call: PerstackCall): void {
    const reason = JSON.stringify({ error: "Error: Tool call generation failed", message: "Try again." });
    const toolCall = { id: this.job.id("call_"), skillName: "@perstack/base", toolName: call.tool, args: call.args };
    const { id: toolCallId, toolName, args } = toolCall;
    const said = this.message("expertMessage", [
      { type: "toolCallPart", id: this.job.id(), toolCallId, toolName, args },
    ]);
    const toolResults = [this.result(toolCall, reason)];
    const newMessages = [said, this.toolMessage(toolResults)];
    this.generate();
    this.emit("retry", { reason, newMessages, toolCalls: [toolCall], toolResults, usage: this.spend(3) });
    this.checkpoint.messages.push(...newMessages);
    this.next(newMessages);
  }

  private start(inputMessages: Json[]): void {
    this.emit("startRun", { initialCheckpoint: this.checkpoint, inputMessages });
    this.checkpoint = structuredClone(this.checkpoint);
    this.checkpoint.messages.push(...inputMessages);
    this.checkpoint.status = "proceeding";
  }

  private finish(said: string, newMessages: Json[], usage: Usage, toolResults?: Json[]): void {
    const message = this.message("expertMessage", [text(this.job, said)]);
    this.checkpoint.messages.push(message);
    this.checkpoint.status = "completed";
    const step = toolResults ? { toolResults } : {};
    this.end("completeRun", [...newMessages, message], { text: said, usage }, step);
  }

  private next(newMessages: Json[]): void {
    const checkpoint = this.save();
    const nextCheckpoint = {
      ...structuredClone(checkpoint),
      id: this.job.id("cp"),
      stepNumber: checkpoint.stepNumber + 1,
    };
    this.emit("continueToNextStep", { checkpoint, step: this.step(newMessages), nextCheckpoint });
    this.checkpoint = nextCheckpoint;
    this.stepUsage = noUsage;
  }

  private end(type: string, newMessages: Json[], payload: Json = {}, step: Json = {}): void {
    const checkpoint = this.save();
    this.emit(type, { checkpoint, step: { ...this.step(newMessages), ...step }, ...payload });
  }

  private save(): PerstackCheckpoint {
    const checkpoint = structuredClone(this.checkpoint);
    this.job.checkpoints.push({ checkpoint, timestamp: this.job.tick(), runId: this.runId });
    return checkpoint;
  }

  private step(newMessages: Json[]): Json {
    const { stepNumber } = this.checkpoint;
    return { stepNumber, newMessages, usage: this.stepUsage, startedAt: this.startedAt, finishedAt: this.job.tick() };
  }

  private spend(totalTokens: number): Usage {
    const usage = { inputTokens: totalTokens - 1, outputTokens: 1, totalTokens };
    this.checkpoint.usage = add(this.checkpoint.usage, usage);
    this.stepUsage = add(this.stepUsage, usage);
    return usage;
  }

  private message(type: string, contents: Json[]): Json {
    return { type, contents, id: this.job.id("msg") };
  }

  private toolMessage(results: readonly Json[]): Json {
    const parts = results.map(({ id: toolCallId, toolName, result }) => ({
      ...{ type: "toolResultPart", id: this.job.id(), toolCallId, toolName, contents: result },
    }));
    return this.message("toolMessage", parts);
  }
}

const noUsage = { inputTokens: 0, outputTokens: 0, totalTokens: 0 };

function add(a: Usage, b: Usage): Usage {
  const sum = (key: string) => Number(a[key]) + Number(b[key]);
  return { inputTokens: sum("inputTokens"), outputTokens: sum("outputTokens"), totalTokens: sum("totalTokens") };
}

function text(job: PerstackJob, said: string): Json {
  return { type: "textPart", id: job.id(), text: said };
}
