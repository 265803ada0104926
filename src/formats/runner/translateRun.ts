/** One run of Runner in our words: a node for each of its steps, an iteration for each attempt, gates and the end. */
import type { ErrorClass } from "../../model/failure";
import { ForeignRunBuilder, type Source } from "../foreignRunBuilder";
import type { ForeignRun, FormatProblem } from "../format";
import { classOf, defaultPipeline, failureOf, ownIn, type RunnerRecord } from "./runnerRecord";

interface RunnerStep {
  id: string;
  number: number;
  /** Of its newest execution, counted from 1. */
  iteration: number;
  /** Whether it is executed more than once: only then its executions are counted. */
  isRepeated: boolean;
  state: "new" | "running" | "succeeded" | "failed" | "retried";
  failure?: { line: number; class: ErrorClass; reason: string };
}

/** @param records of one run, in the order in which they happened */
export function translateRun(
  records: readonly RunnerRecord[],
  file: string,
  dirOf: (runId: string) => string,
): ForeignRun {
  const runId = records[0]?.runId ?? "";
  const problems: FormatProblem[] = [];
  const run = new RunTranslator(runId, records, (line, reason) => problems.push({ file, line, reason }));
  for (const record of records) run.take(record);
  const { events, checkpointIds } = run.builder;
  return { dir: dirOf(runId), jobId: runId, runId, events, sourceRunIds: [runId], checkpointIds, problems };
}

class RunTranslator {
  readonly builder: ForeignRunBuilder;
  private readonly steps = new Map<string, RunnerStep>();
  /** How often each step begins in the log. */
  private readonly beginnings = new Map<string, number>();
  private time: number | undefined;

  constructor(
    private readonly runId: string,
    records: readonly RunnerRecord[],
    private readonly tell: (line: number, reason: string) => void,
  ) {
    this.builder = new ForeignRunBuilder({ jobId: runId, runId, expertKey: "runner" });
    for (const { type, stepId, attempt } of records) {
      if (stepId === undefined || !type.startsWith("step.")) continue;
      const begun = this.beginnings.get(stepId) ?? 0;
      this.beginnings.set(stepId, attempt > 0 ? 2 : begun + (type === "step.started" ? 1 : 0));
    }
    this.time = records.find((record) => record.time)?.time?.ms;
  }

  take(record: RunnerRecord): void {
    this.time = record.time?.ms ?? this.time;
    const id = record.id ?? `line-${record.line}`;
    const source: Source = { id, timestamp: this.time ?? 0, ...(!record.time && { isUntimed: true }) };
    const isFirst = this.builder.events.length === 0;
    const isCreated = isFirst && record.type === "run.created";
    if (isFirst) this.startRun(isCreated ? record : undefined, isCreated ? source : { ...source, id: `${id}-run` });
    if (isCreated && Object.keys(record.extras).length === 0) return;
    const step = record.stepId === undefined ? undefined : this.stepOf(record.stepId);
    if (this.builder.ending && goesOn(record)) {
      this.builder.emit({ type: "resumeRun", by: "runner" }, { ...source, id: `${id}-resumed` });
    }
    const isTold = !isCreated && this.isTold(record, step);
    if (!isTold || Object.keys(record.extras).length > 0) {
      const data = isTold || isCreated ? record.extras : record.data;
      const payload = { type: "foreignEvent" as const, source: "runner", name: record.type, data };
      const own = isTold || isCreated ? { ...source, id: `${id}-more` } : source;
      this.builder.emit(payload, own, step?.number ?? this.builder.step);
    }
    if (!isTold) return;
    if (step) this.takeStep(record, step, source);
    else this.endRun(record, source);
  }

  private startRun(created: RunnerRecord | undefined, source: Source): void {
    const query = created?.reason === undefined ? this.runId : `${this.runId}: ${created.reason}`;
    this.builder.emit({ type: "startRun", query }, source, 0);
  }

  private isTold({ type, newState, line }: RunnerRecord, step: RunnerStep | undefined): boolean {
    if (type === "run.completed") {
      if (isEnd({ type, newState })) return true;
      this.tell(line, "run.completed does not say how the run ended.");
      return false;
    }
    if (!stepTypes.has(type)) return false;
    if (!step) this.tell(line, `${type} does not say of which step it is.`);
    return step !== undefined;
  }

  private takeStep(record: RunnerRecord, step: RunnerStep, source: Source): void {
    const { builder } = this;
    builder.step = step.number;
    switch (record.type) {
      case "step.started":
        this.begin(record, step, source);
        return;
      case "step.succeeded":
        this.reach(record, step);
        builder.emit({ type: "finishNode", ...nodeOf(step) }, source);
        step.state = "succeeded";
        return;
      case "step.failed":
        this.reach(record, step);
        this.fail(step, { line: record.line, ...failureOf(record) }, source);
        return;
      case "step.retried": {
        const retried = { ...step, iteration: Math.max(record.attempt + 1, step.iteration + 1) };
        const why = record.reason === undefined ? {} : { reason: record.reason };
        builder.emit({ type: "retryNode", ...nodeOf(retried), ...why }, source);
        step.state = "retried";
        return;
      }
      case "gate.failed": {
        const measured = record.reason === undefined ? {} : { measured: record.reason };
        builder.emit({ type: "failGate", gate: step.id, ...measured }, source);
        step.failure ??= { line: record.line, class: "hard_gate_failed", reason: failureOf(record).reason };
        if (step.state !== "retried") step.state = "failed";
        return;
      }
      default:
        return;
    }
  }

  /** A step that begins again without a word had been broken off, or is taken up again after it failed. */
  private begin({ attempt, line }: RunnerRecord, step: RunnerStep, source: Source): void {
    if (step.state === "running") {
      const reason = "Broken off: it began again without having ended.";
      this.fail(step, { line, class: "interrupted", reason }, { ...source, id: `${source.id}-broken` });
    }
    step.iteration = Math.max(attempt + 1, step.iteration + 1);
    if (step.state === "failed") {
      this.builder.emit({ type: "retryNode", ...nodeOf(step) }, { ...source, id: `${source.id}-again` });
    }
    this.builder.emit({ type: "startNode", ...nodeOf(step) }, source);
    step.state = "running";
    delete step.failure;
  }

  private fail(step: RunnerStep, failure: NonNullable<RunnerStep["failure"]>, source: Source): void {
    const { reason, class: errorClass } = failure;
    this.builder.emit({ type: "failNode", ...nodeOf(step), reason, class: errorClass }, source, step.number);
    step.state = "failed";
    step.failure = failure;
  }

  /** Where its beginning is lost. */
  private reach({ attempt }: RunnerRecord, step: RunnerStep): void {
    if (step.state !== "running") step.iteration = Math.max(attempt + 1, step.iteration);
  }

  private endRun(record: RunnerRecord, source: Source): void {
    const { builder } = this;
    const ours = ownIn(record);
    const reason = ours?.reason ?? record.reason ?? "";
    for (const step of this.steps.values()) {
      if (step.state !== "running") continue;
      const failure = {
        line: record.line,
        class: "interrupted" as const,
        reason: "It had not ended when the run did.",
      };
      this.fail(step, failure, { ...source, id: `${source.id}-open-${step.number}` });
    }
    const failed = [...this.steps.values()].filter((step) => step.state === "failed");
    const first = failed[0];
    if (first) this.skipRest(first, source);
    const cause = failed.at(-1);
    const totals = builder.totals(source);
    if (record.newState === "succeeded") {
      if (first?.failure) {
        const which = `step ${first.id} failed (line ${first.failure.line})`;
        this.tell(record.line, `The run says that it succeeded, though ${which} and was not done again.`);
      }
      builder.emit({ type: "finishRun", text: reason, ...totals }, source);
    } else if (record.newState === "blocked") {
      builder.emit({ type: "stopRun", ...stopOf(reason), ...totals }, source);
    } else if (record.newState === "rolled_back" && !cause) {
      builder.emit({ type: "stopRun", reason: "cancelled", ...(reason && { message: reason }), ...totals }, source);
    } else {
      const own = cause?.failure?.reason;
      const isMore = own !== undefined && !reason.includes(own);
      const message = [reason, isMore ? own : undefined].filter(Boolean).join(": ") || "It does not say why.";
      // Before the first step Runner looks whether the run can be done at all.
      const unknown = this.steps.size === 0 && record.errorClass === undefined ? "invalid_definition" : undefined;
      const errorClass = cause?.failure?.class ?? ours?.class ?? unknown ?? classOf(record.errorClass);
      const error = { name: "RunFailed", message, class: errorClass, isRetryable: errorClass === "transient_io" };
      const payload = { type: "errorRun" as const, error: { ...error, ...(isMore && { cause: own }) }, ...totals };
      builder.emit(payload, source, cause?.number ?? builder.step);
    }
  }

  /** Each step needs all before it, and Runner writes nothing of those it leaves out. */
  private skipRest(failed: RunnerStep, source: Source): void {
    const known: readonly string[] = defaultPipeline;
    const ids = [...this.steps.keys()];
    if (!ids.every((id) => known.includes(id))) return;
    for (const id of known.slice(known.indexOf(failed.id) + 1)) {
      if (this.steps.has(id)) continue;
      const step = this.stepOf(id);
      const reason = `${failed.id} failed before it`;
      const payload = { type: "skipNode" as const, node: id, reason, isInferred: true };
      this.builder.emit(payload, { ...source, id: `${source.id}-skipped-${step.number}` }, step.number);
    }
  }

  private stepOf(id: string): RunnerStep {
    const known = this.steps.get(id);
    if (known) return known;
    const number = this.steps.size + 1;
    const isRepeated = (this.beginnings.get(id) ?? 0) > 1;
    const added: RunnerStep = { id, number, iteration: 0, isRepeated, state: "new" };
    this.steps.set(id, added);
    return added;
  }
}

const stepTypes: ReadonlySet<string> = new Set([
  ...["step.started", "step.succeeded", "step.failed", "step.retried", "gate.failed"],
]);

function nodeOf({ id, iteration, isRepeated }: RunnerStep): { node: string; iteration?: number } {
  return { node: id, ...(isRepeated && { iteration: Math.max(1, iteration) }) };
}

function isEnd({ type, newState = "" }: Pick<RunnerRecord, "type" | "newState">): boolean {
  return type === "run.completed" && ["succeeded", "failed", "blocked", "rolled_back"].includes(newState);
}

/** Whether a record after the end says that the run is taken up again; Runner leaves no other mark. */
function goesOn({ type, newState }: Pick<RunnerRecord, "type" | "newState">): boolean {
  const isState = type === "run.state_changed" && (newState === "executing" || newState === "preflight_validated");
  return isState || type === "run.created" || isEnd({ type, newState }) || stepTypes.has(type);
}

/** As we write it: a reason of ours, and what else was said. */
function stopOf(text: string): { reason: "maxSteps" | "input" | "cancelled" | "budget"; message?: string } {
  const ours = /^(?<word>maxSteps|input|cancelled|budget)(?:: (?<message>[\s\S]+))?$/u.exec(text)?.groups;
  const message = ours ? ours.message : text;
  const more = message ? { message } : {};
  switch (ours?.word) {
    case "maxSteps":
    case "cancelled":
    case "budget":
      return { reason: ours.word, ...more };
    default:
      return { reason: "input", ...more };
  }
}
