/** A run of OpenExpertise in our events: a step for each node, an item in it for each time that it was executed. */

import { parseJson } from "../../base/lines";
import type { EventPayload, RunEvent } from "../../model/events";
import type { ErrorClass } from "../../model/failure";
import { spendGeneration } from "../../model/spending";
import { isRecord } from "../../model/toolText";
import { ForeignRunBuilder, type Source } from "../foreignRunBuilder";
import type { FormatProblem } from "../format";
import { bindExecutions, type Execution, type Executions, metricsOf, tokensOf } from "./executions";
import type { Experience } from "./experience";
import { didNotFinish, failureOfNode } from "./nodeFailure";
import type { RunLog } from "./readRunLog";
import { endOf, listNames, type NodeFailure, stopOf } from "./runEnd";
import { isRunStatus, type OtherStatus, parentOf, type RunLogRecord, textOf } from "./runLogRecord";
import type { WriteValues } from "./stateHistory";

export const sourceName = "openexpertise";

export interface RunLogContext {
  jobId: string;
  expertKey: string;
  experience: Experience | undefined;
  valuesOf: WriteValues;
}

export function translateRunLog(
  log: RunLog,
  context: RunLogContext,
): { events: RunEvent[]; problems: FormatProblem[] } {
  const teller = new RunLogTeller(log, context);
  teller.tell();
  return { events: teller.builder.events, problems: teller.problems };
}

/** How the run ended, and by which record. */
interface End {
  record: RunLogRecord;
  status: OtherStatus;
}

class RunLogTeller {
  readonly builder: ForeignRunBuilder;
  readonly problems: FormatProblem[] = [];
  private readonly executions: Executions;
  private readonly start: RunLogRecord | undefined;
  private readonly end: End | undefined;
  private readonly steps = new Map<string, number>();
  private readonly phases: ReadonlyMap<string, string | undefined>;
  /** Executions whose end was told: what comes after it tells nothing of them. */
  private readonly ended = new Set<Execution>();
  private readonly failures: NodeFailure[] = [];
  private readonly skipped: string[] = [];

  constructor(
    private readonly log: RunLog,
    private readonly context: RunLogContext,
  ) {
    const { jobId, expertKey, experience } = context;
    this.builder = new ForeignRunBuilder({ jobId, runId: log.runId, expertKey });
    this.executions = bindExecutions(log.records);
    this.start = log.records.find(({ kind }) => kind === "runStarted");
    this.end = findEnd(log.records, experience);
    this.phases = new Map(experience?.graph?.nodes.map(({ id, phase }) => [id, phase]));
    const known = new Set(log.records.flatMap(({ kind, nodeId }) => (kind === "node" ? [nodeId] : [])));
    for (const { nodeId } of log.records) if (known.has(nodeId)) this.stepOf(nodeId);
  }

  tell(): void {
    this.tellStart();
    for (const record of this.log.records) {
      if (record === this.start || (record === this.end?.record && record.kind === "runFinished")) continue;
      // What the run was ended by comes last of its millisecond: what it left open ends with it.
      if (this.end && record === this.end.record) this.closeOpen(this.end);
      this.tellRecord(record);
    }
    if (this.end) this.tellEnd(this.end);
  }

  private tellStart(): void {
    const { experience } = this.context;
    const { args } = this.start?.value ?? {};
    const parent = this.start && parentOf(this.start);
    const { file, records } = this.log;
    if (!this.start)
      this.problems.push({ file, reason: "The run has no run.started: what it was called with is lost." });
    const own = isRecord(args) ? Object.fromEntries(Object.entries(args).filter(([key]) => !isPassedOn(key))) : args;
    const source = { timestamp: (this.start ?? records[0])?.at ?? 0, isUntimed: this.start?.isUntimed ?? true };
    this.builder.emit(
      {
        type: "startRun",
        query: queryOf(own),
        ...(experience && { definition: { uri: experience.uri } }),
        ...(experience?.version !== undefined && { expertVersion: experience.version }),
        ...(parent !== undefined && { parent: { runId: parent } }),
      },
      source,
    );
    if (experience?.graph) this.tellForeign("graph", experience.graph, source, 0);
    const isMoreToKeep = isRecord(args) && Object.keys(args).some((key) => isPassedOn(key) && key !== "_parent_run_id");
    if (isMoreToKeep) this.tellForeign("args", args, source, 0);
  }

  private tellRecord(record: RunLogRecord): void {
    const { nodeId, nodeType } = record;
    const execution = this.executions.ofRecord(record);
    if (nodeId === undefined || nodeType === undefined) {
      this.tellForeign(record.type, record.value, this.sourceOf(record), this.steps.get(nodeId ?? "") ?? 0);
    } else if (nodeType === "node.tokens" || nodeType === "node.activity") this.tellWork(record, nodeType);
    else if (nodeType === "state.write") {
      const values = this.context.valuesOf(record);
      this.emitNode(
        { type: "writeState", ...this.placeOf(record, execution), field: fieldOf(record), ...values },
        record,
      );
    } else if (execution) this.tellNode(record, nodeType, execution);
  }

  private tellNode(record: RunLogRecord, type: RunLogRecord["nodeType"], execution: Execution): void {
    if (this.ended.has(execution)) return;
    const place = this.placeOf(record, execution);
    if (type === "node.ready") this.emitNode({ type: "readyNode", ...place }, record);
    else if (type === "node.started") this.emitNode({ type: "startNode", ...place }, record);
    else {
      this.ended.add(execution);
      if (type === "node.finished") this.tellFinish(record, place, execution);
      else if (type === "node.failed") this.tellFailure(record, place);
      else this.tellSkip(record, place);
    }
  }

  private tellSkip(record: RunLogRecord, place: NodePlace): void {
    this.skipped.push(place.node);
    const reason = textOf(record.value.reason) ?? "no reason is given";
    this.emitNode({ type: "skipNode", ...place, reason }, record);
  }

  private tellFinish(record: RunLogRecord, place: NodePlace, { isCached }: Execution): void {
    const metrics = metricsOf(record);
    this.emitNode({ type: "finishNode", ...place, ...(isCached && { isCached }), ...metrics }, record);
    if (metrics.usage && !isCached) this.builder.spending = spendGeneration(this.builder.spending, metrics);
  }

  private tellFailure(record: RunLogRecord, place: NodePlace): void {
    const { class: errorClass, reason } = failureOfNode(textOf(record.value.error) ?? "no reason is given");
    this.emitNode({ type: "failNode", ...place, reason, class: errorClass }, record);
    this.addFailure(place, reason, errorClass);
  }

  private addFailure(place: NodePlace, reason: string, errorClass: ErrorClass): void {
    this.failures.push({ ...place, step: this.stepOf(place.node), reason, class: errorClass });
  }

  /** What a call used is told where the node ends; where that does not tell it, here. */
  private tellWork(record: RunLogRecord, type: "node.tokens" | "node.activity"): void {
    const source = this.sourceOf(record);
    const step = this.stepOf(record.nodeId);
    this.tellForeign(type, record.value, source, step);
    const usage = type === "node.tokens" && this.executions.isUntold(record) ? tokensOf(record) : undefined;
    if (!usage) return;
    this.builder.step = step;
    this.builder.finishGeneration({ usage, finishReason: "other", toolCalls: [] }, source);
  }

  /**
   * Executions without an end, of a run that has one: siblings of a node that ended the run are never told of again, and a
   * damaged log has lost some. A run that says success says it of all that began.
   */
  private closeOpen({ record: by, status }: End): void {
    const own = this.executions.ofRecord(by);
    const lost: string[] = [];
    for (const execution of this.executions.all) {
      if (execution.end || execution === own || this.ended.has(execution)) continue;
      this.ended.add(execution);
      const place = this.placeOf(undefined, execution);
      if (!execution.isStarted) {
        this.emitNode({ type: "skipNode", ...place, reason: "never started", isInferred: true }, by);
      } else if (status === "success") {
        this.emitNode({ type: "finishNode", ...place }, by);
        lost.push(place.node);
      } else {
        this.emitNode({ type: "failNode", ...place, reason: didNotFinish, class: "interrupted" }, by);
        this.addFailure(place, didNotFinish, "interrupted");
      }
    }
    if (lost.length === 0) return;
    const reason = `The run says success, and nothing tells how ${listNames(lost)} ended.`;
    this.problems.push({ file: this.log.file, line: by.line, reason });
  }

  private tellEnd(end: End): void {
    const { experience } = this.context;
    const { record, status } = end;
    this.closeOpen(end);
    for (const { id, phase, isForEach } of experience?.graph?.nodes ?? []) {
      if (this.steps.has(id)) continue;
      const reason = isForEach ? "no items, or never reached" : "never reached";
      const place = { node: id, ...(phase !== undefined && { phase }) };
      this.emitNode({ type: "skipNode", ...place, reason, isInferred: true }, record);
    }
    const own = this.failures.filter((failure) => failure.class !== "interrupted");
    const failures = own.length > 0 ? own : this.failures;
    if (status === "success" && own[0]) {
      const reason = `The run says success, though ${own[0].node} failed.`;
      this.problems.push({ file: this.log.file, line: record.line, reason });
    }
    const source = this.sourceOf(record);
    const totals = this.builder.totals(source);
    const last = status === "partial" ? this.log.records.findLast(({ kind }) => kind === "node") : undefined;
    const stop = last?.nodeType === "node.activity" ? stopOf(last.value.activity) : undefined;
    if (stop) {
      this.builder.emit({ type: "stopRun", ...stop, ...totals }, source, this.stepOf(last?.nodeId));
      return;
    }
    const { payload, step } = endOf(status, failures, this.skipped, experience);
    this.builder.emit({ ...payload, ...totals }, source, step ?? this.builder.step);
  }

  /** Nothing happens after the end. */
  private sourceOf({ at, isUntimed }: RunLogRecord): Source {
    return { timestamp: Math.min(at, this.end?.record.at ?? at), isUntimed };
  }

  private emitNode(payload: EventPayload & NodePlace, record: RunLogRecord): void {
    this.builder.step = this.stepOf(payload.node);
    this.builder.emit(payload, this.sourceOf(record));
  }

  private tellForeign(name: string, data: unknown, source: Source, step: number): void {
    this.builder.emit({ type: "foreignEvent", source: sourceName, name, data }, source, step);
  }

  private placeOf(record: RunLogRecord | undefined, execution: Execution | undefined): NodePlace {
    const node = execution?.node ?? record?.nodeId ?? "";
    const phase = textOf(record?.value.phase) ?? this.phases.get(node);
    const isRepeated = this.executions.ofNode(node).length > 1;
    return {
      node,
      ...(execution && isRepeated && { iteration: execution.number }),
      ...(phase !== undefined && { phase }),
    };
  }

  private stepOf(node = ""): number {
    const step = this.steps.get(node) ?? this.steps.size + 1;
    this.steps.set(node, step);
    return step;
  }
}

interface NodePlace {
  node: string;
  iteration?: number;
  phase?: string;
}

function fieldOf({ value }: RunLogRecord): string {
  return textOf(value.field) ?? "";
}

/** Of a run of ours, which has no other arguments, its words. */
function queryOf(args: unknown): string {
  const keys = isRecord(args) ? Object.keys(args) : undefined;
  if (args === undefined || keys?.length === 0) return "";
  const query = isRecord(args) && keys?.length === 1 ? textOf(args.query) : undefined;
  return query === undefined || isRecord(parseJson(query)) ? JSON.stringify(args) : query;
}

/** What the run that called the experience hands on beside the arguments. */
function isPassedOn(key: string): boolean {
  return key.startsWith("_parent_");
}

/**
 * The last word of the log. A node whose policy is `fail_run` ends the run by failing: the scheduler throws, and nothing is
 * written any more.
 */
function findEnd(records: readonly RunLogRecord[], experience: Experience | undefined): End | undefined {
  const finish = records.findLast(({ kind }) => kind === "runFinished");
  const status = finish?.value.status;
  if (finish && isRunStatus(status)) return { record: finish, status };
  const last = records.findLast(({ kind }) => kind === "node");
  if (last?.nodeType !== "node.failed") return undefined;
  const node = experience?.graph?.nodes.find(({ id }) => id === last.nodeId);
  return node?.onError === "fail_run" ? { record: last, status: "failed" } : undefined;
}
