/**
 * The messages of Claude Code, the same on its standard output and in its session files: answers told block by block
 * under one message id, results, and sub-agents, which are runs of their own.
 */
import type { FinishReason } from "../../model/events";
import { ErrorClass, type EventError } from "../../model/failure";
import type { ToolCall } from "../../model/message";
import { spendDelegate } from "../../model/spending";
import { ForeignRunBuilder, type Source } from "../foreignRunBuilder";
import { agentError } from "./agentError";
import { AgentTeller, type CallResult } from "./agentTeller";
import { claudeUsage } from "./agentUsage";
import { contentText, type Fields, fieldsOf, listOf, resultParts, textOf } from "./fields";

/** What Claude Code itself says in the model's place. */
const ownModel = "<synthetic>";

const finishReasons: ReadonlyMap<string, FinishReason> = new Map<string, FinishReason>([
  ["end_turn", "stop"],
  ["stop_sequence", "stop"],
  ["tool_use", "toolCalls"],
  ["max_tokens", "length"],
  ["model_context_window_exceeded", "length"],
  ["refusal", "contentFilter"],
]);

/** Says that the person refused the call. */
const refusal = /^(?:The user doesn't want to (?:proceed|take this action)|Permission to use .* (?:has been )?denied)/u;

export interface ClaudeDelegate {
  toolCallId: string;
  teller: ClaudeTeller;
  isDone: boolean;
}

export class ClaudeTeller {
  readonly teller: AgentTeller;
  /** Of the newest answer of the model. */
  model: string | undefined;
  /** Why the newest answer ended, where it says. */
  stopReason: string | undefined;
  /** What the newest answer was instead: an error of the provider. */
  error: EventError | undefined;
  readonly delegates: ClaudeDelegate[] = [];

  constructor(
    readonly builder: ForeignRunBuilder,
    start: Source,
    /** How many sub-agents it is below the session. */
    readonly level = 0,
  ) {
    this.teller = new AgentTeller(builder, start, "claude");
  }

  tellAnswer(record: Fields, source: Source): void {
    const { teller } = this;
    const message = fieldsOf(record.message);
    // A word of ours, of a run that was written as if it were Claude's.
    if (record.same_step === true) teller.stayInStep();
    if (message.model === ownModel) {
      this.tellOwnMessage(record, contentText(message.content), source);
      return;
    }
    teller.continueAnswer(source, textOf(message.id));
    this.error = undefined;
    this.model = textOf(message.model) ?? this.model;
    if (typeof message.content === "string") teller.addText(message.content);
    for (const block of listOf(message.content)) this.tellBlock(fieldsOf(block), source);
    teller.setUsage(claudeUsage(message.usage));
    const stopReason = textOf(message.stop_reason);
    this.stopReason = stopReason;
    teller.setFinishReason(stopReason === undefined ? undefined : (finishReasons.get(stopReason) ?? "other"));
  }

  private tellOwnMessage(record: Fields, text: string, source: Source): void {
    const name = textOf(record.error) ?? textOf(fieldsOf(record.error).message);
    if (record.isApiErrorMessage !== true && name === undefined && !text.startsWith("API Error")) {
      this.teller.note("assistant", { text }, source);
      return;
    }
    const said = text || (name ?? "API error");
    this.error = agentError(name ?? "api_error", said, record.apiErrorStatus, record.error_class);
    this.stopReason = undefined;
    this.teller.wait(source);
    this.teller.continueAnswer(source);
    this.teller.setError(this.error);
    this.teller.close();
  }

  private tellBlock(block: Fields, source: Source): void {
    const { teller } = this;
    const type = textOf(block.type) ?? "";
    if (type === "text") teller.addText(textOf(block.text) ?? "");
    else if (type === "thinking") teller.addReasoning(textOf(block.thinking) ?? "");
    else if (/(?:^|_)tool_use$/u.test(type)) this.tellCall(block, source);
    else if (/_tool_result$/u.test(type)) this.tellResult(block, source);
  }

  private tellCall(block: Fields, source: Source): void {
    const id = textOf(block.id);
    const name = textOf(block.name);
    if (id !== undefined && name !== undefined) {
      this.teller.addCall({ id, ...claudeTool(name, textOf(block.server_name)), args: block.input ?? {} }, source);
    }
  }

  /** Of a message of the user; whether it had any. */
  tellResults(record: Fields, source: Source): boolean {
    const blocks = listOf(fieldsOf(record.message).content).map(fieldsOf);
    const results = blocks.filter(({ type }) => type === "tool_result");
    // A sub-agent that goes on beside it has not ended with the result of its call.
    const { status, error_class, blocked_by } = fieldsOf(record.toolUseResult ?? record.tool_use_result);
    const isLaunched = status === "async_launched";
    const errorClass = ErrorClass.safeParse(error_class).data;
    const blockedBy = (["approval", "todos"] as const).find((each) => each === blocked_by);
    const ours = { ...(errorClass && { errorClass }), ...(blockedBy && { blockedBy }) };
    for (const block of results) this.tellResult(block, source, { isLaunched, ours });
    return results.length > 0;
  }

  private tellResult(
    block: Fields,
    source: Source,
    {
      isLaunched = false,
      ours = {},
    }: { isLaunched?: boolean; ours?: Pick<CallResult, "errorClass" | "blockedBy"> } = {},
  ): void {
    const id = textOf(block.tool_use_id);
    if (id === undefined) return;
    const isError = block.is_error === true;
    const text = contentText(block.content);
    const delegate = this.delegates.find(({ toolCallId, isDone }) => toolCallId === id && !isDone);
    if (delegate && !isLaunched) this.finishDelegate(delegate, { isError, text }, source);
    const isRefused = isError && refusal.test(text);
    const result = {
      isError,
      result: resultParts(block.content),
      ...(isRefused && { blockedBy: "approval" as const }),
      ...ours,
    };
    this.teller.finishCall(id, result, source);
  }

  /** The run of a sub-agent that a call of this one began. */
  startDelegate(call: ToolCall, childRunId: string, source: Source): ClaudeTeller {
    const { jobId, runId, expertKey } = this.builder.identity;
    const { prompt, subagent_type: kind, description } = fieldsOf(call.args);
    const query = textOf(prompt) ?? textOf(description) ?? "";
    const child = new ForeignRunBuilder({ jobId, runId: childRunId, expertKey: textOf(kind) ?? expertKey });
    child.emit({ type: "startRun", query, parent: { runId, toolCallId: call.id } }, source);
    const teller = new ClaudeTeller(child, source, this.level + 1);
    this.delegateTo(call, teller, query, source);
    return teller;
  }

  /** Links a sub-agent's run to the call. */
  delegateTo(call: ToolCall, teller: ClaudeTeller, query: string, source: Source): void {
    const { runId: childRunId, expertKey: childExpertKey } = teller.builder.identity;
    this.delegates.push({ toolCallId: call.id, teller, isDone: false });
    this.teller.afterCall(call.id, () =>
      this.builder.emit({ type: "startDelegation", toolCallId: call.id, childRunId, childExpertKey, query }, source),
    );
  }

  private finishDelegate(
    delegate: ClaudeDelegate,
    { isError, text }: { isError: boolean; text: string },
    source: Source,
  ): void {
    delegate.isDone = true;
    const child = delegate.teller.builder;
    delegate.teller.close();
    const totals = child.totals(source);
    const error = isError ? agentError("sub_agent_failed", text || "The sub-agent failed.") : undefined;
    child.emit(error ? { type: "errorRun", error, ...totals } : { type: "finishRun", text, ...totals }, source);
    this.teller.afterCall(delegate.toolCallId, () => {
      const { totalUsage, cost } = totals;
      this.builder.emit(
        {
          type: "finishDelegation",
          ...{ toolCallId: delegate.toolCallId, childRunId: child.runId, status: isError ? "failed" : "finished" },
          ...(error ? { error } : { text }),
          ...(totalUsage && { totalUsage }),
          ...(cost !== undefined && { cost }),
        },
        source,
      );
      this.builder.spending = spendDelegate(this.builder.spending, child.runId, { totalUsage, cost });
    });
  }

  /** Of this run and its sub-agents. */
  close(): void {
    this.teller.close();
    for (const { teller } of this.delegates) teller.close();
  }

  /** The runs of its sub-agents and of theirs. */
  allDelegates(): ForeignRunBuilder[] {
    return this.delegates.flatMap(({ teller }) => [teller.builder, ...teller.allDelegates()]);
  }
}

/** A tool of an MCP server is named after it. */
export function claudeTool(name: string, server?: string): { skill: string; tool: string } {
  const parts = /^mcp__(?<skill>.+?)__(?<tool>.+)$/su.exec(name)?.groups;
  return { skill: parts?.skill ?? server ?? "", tool: parts?.tool ?? name };
}
