/** One run of Conductor Loop as ours: its start, what its agent printed and what was posted about it, by time, and its end. */
import { join } from "node:path";
import type { EventPayload, RunEvent } from "../../model/events";
import type { AgentOutcome } from "../agents/agentOutcome";
import { ForeignRunBuilder, type Source } from "../foreignRunBuilder";
import type { ForeignRun, FormatProblem } from "../format";
import type { SourceFiles } from "../sourceFiles";
import {
  causeOf,
  documentsOfRun,
  promptOf,
  readErrorOutput,
  readOutput,
  readPrompt,
  stdoutFile,
  translateOutput,
} from "./agentFiles";
import { type Note, opensRun } from "./assignNotes";
import { writtenBy } from "./messageBus";
import { endingOf, type RunEnding } from "./runEnding";
import type { RunInfo } from "./runInfo";

/** A run, and what its task knows of it. */
export interface RunToTranslate {
  dir: string;
  jobId: string;
  runId: string;
  info: RunInfo | undefined;
  parentRunId?: string | undefined;
  previousRunId?: string | undefined;
  startedAt: number;
  /** Whether that is a time that was recorded. */
  isDated: boolean;
  /** By time. */
  notes: readonly Note[];
  /** What TASK.md says. */
  task?: string | undefined;
  /** What CANCELLED says: its reason, which may be empty. */
  cancelled?: string | undefined;
  isStopRequested?: boolean;
  requestId?: string | undefined;
  group?: string | undefined;
  problems: readonly FormatProblem[];
}

/** The run, and those of its agent's own sub-agents. */
export async function translateRun(source: SourceFiles, run: RunToTranslate): Promise<ForeignRun[]> {
  const before = source.problems.length;
  const { dir, jobId, runId, info = {}, notes } = run;
  const identity = { jobId, runId, expertKey: info.agent ?? "unknown" };
  const start: Source = { timestamp: run.startedAt, ...(!run.isDated && { isUntimed: true }) };
  const openBuilder = () => new ForeignRunBuilder(identity);
  const said = await translateOutput(info.agent, source, dir, openBuilder, { ...start });
  const stop = notes.findLast(({ name }) => name === "RUN_STOP" || name === "RUN_CRASH");
  const errors = await readErrorOutput(source, dir);
  const ending = endingOf(info, {
    cancelled: run.cancelled,
    isStopRequested: run.isStopRequested ?? false,
    postedCode: codeIn(stop),
    meta: metaOf(stop),
    cause: causeOf(said.outcome?.error, errors),
    agentFailure: said.outcome?.failure,
  });
  const isOver = ending.kind !== "open";
  // Ours stands behind the last event, whether or not that had a time.
  const stoppedAt = metaOf(stop)?.[writtenBy] === undefined ? stop?.timestamp : undefined;
  const endedAt = isOver ? (info.endedAt ?? stoppedAt) : undefined;

  const builder = openBuilder();
  builder.emit(startOf(run, said.outcome, (await readPrompt(source, dir)) ?? promptOf(run.task ?? "") ?? ""), start);
  tellAll(builder, said.builder.events, run, endedAt ?? Number.POSITIVE_INFINITY);
  builder.spending = said.builder.spending;
  if (errors !== undefined && (ending.kind === "failed" || ending.kind === "stopped")) {
    const data = { text: errors };
    builder.emit({ type: "foreignEvent", source: "conductor", name: "stderr", data }, last(builder, endedAt));
  }
  if (isOver) {
    const place: Source =
      endedAt === undefined ? { timestamp: builder.lastTimestamp, isUntimed: true } : { timestamp: endedAt };
    const text = (await readOutput(source, dir)) ?? said.outcome?.text ?? said.builder.events.findLast(isSaid)?.text;
    builder.emit({ ...endOf(ending, text ?? ""), ...totalsOf(builder, said.outcome, place) }, place);
  }
  const documents = await documentsOfRun(source, dir);
  const problems = [...run.problems, ...source.problems.splice(before)];
  const place = { jobId, ...(run.group !== undefined && { group: run.group }) };
  const delegates = (said.outcome?.delegates ?? []).map((delegate): ForeignRun => {
    const at = `${join(dir, stdoutFile)}#${delegate.runId}`;
    const ids = { runId: delegate.runId, sourceRunIds: [delegate.runId], checkpointIds: [] };
    return { ...place, ...ids, dir: at, events: delegate.events, problems: [] };
  });
  const own = { runId, sourceRunIds: [info.runId ?? runId], checkpointIds: [] };
  return [
    { ...place, ...own, dir, events: builder.events, problems: withoutRepeats(problems), documents },
    ...delegates,
  ];
}

function startOf(run: RunToTranslate, outcome: AgentOutcome | undefined, query: string): EventPayload {
  const { jobId, parentRunId, previousRunId, info, requestId } = run;
  return {
    type: "startRun",
    query,
    ...(outcome?.model !== undefined && { model: outcome.model }),
    ...(parentRunId !== undefined && { parent: { runId: parentRunId } }),
    ...(previousRunId !== undefined && { origin: { kind: "restart" as const, jobId, runId: previousRunId } }),
    ...(requestId !== undefined && { requestId }),
    ...(info?.agentVersion !== undefined && { runtimeVersion: info.agentVersion }),
  };
}

/** What the agent said has a time only where its stream has one; what was posted stands behind what came before it. */
function tellAll(
  builder: ForeignRunBuilder,
  events: readonly RunEvent[],
  { notes, startedAt }: RunToTranslate,
  end: number,
): void {
  const within = (time: number) => Math.min(Math.max(time, startedAt), Math.max(end, startedAt));
  const tellNote = ({ name, data, timestamp }: Note) =>
    builder.emit({ type: "foreignEvent", source: "conductor", name, data }, { timestamp: within(timestamp) });
  // What we posted ourselves about a start and an end says nothing that those do not say.
  const told = notes.filter((note) => metaOf(note)?.[writtenBy] === undefined);
  const isFirst = (note: Note) => note.timestamp <= startedAt || opensRun(note);
  for (const note of told.filter(isFirst)) tellNote({ ...note, timestamp: startedAt });
  const rest = told.filter((note) => !isFirst(note));
  for (const event of events) {
    while (rest[0] && rest[0].timestamp < event.timestamp) tellNote(rest.shift() ?? rest[0]);
    const { id, timestamp, step, jobId: _, runId: __, seq: ___, expertKey: ____, ...payload } = event;
    builder.step = Math.max(builder.step, step);
    builder.emit(payload, { id, timestamp: within(timestamp) }, step);
  }
  for (const note of rest) tellNote(note);
}

function last(builder: ForeignRunBuilder, endedAt: number | undefined): Source {
  return { timestamp: endedAt ?? builder.lastTimestamp };
}

function endOf(ending: Exclude<RunEnding, { kind: "open" }>, text: string): EventPayload & { type: `${string}Run` } {
  switch (ending.kind) {
    case "finished":
      return { type: "finishRun", text };
    case "stopped": {
      const { reason, message } = ending;
      return { type: "stopRun", reason, ...(message !== undefined && { message }) };
    }
    case "failed":
      return { type: "errorRun", error: ending.error };
  }
}

function totalsOf(builder: ForeignRunBuilder, outcome: AgentOutcome | undefined, place: Source) {
  return {
    ...builder.totals(place),
    ...(outcome?.usage && { totalUsage: outcome.usage }),
    ...(outcome?.cost !== undefined && { cost: outcome.cost }),
  };
}

function isSaid(event: RunEvent): event is RunEvent & { type: "finishGeneration"; text: string } {
  return event.type === "finishGeneration" && event.text !== undefined;
}

function codeIn(stop: Note | undefined): number | undefined {
  const code = /^run stopped with code (?<code>-?\d{1,9})\b/u.exec(stop?.body ?? "")?.groups?.code;
  return code === undefined ? undefined : Number(code);
}

function metaOf(note: Note | undefined): Record<string, string> | undefined {
  const meta: unknown = note?.data.meta;
  if (typeof meta !== "object" || meta === null) return undefined;
  return Object.fromEntries(Object.entries(meta).filter(([, value]) => typeof value === "string"));
}

/** A file that is looked at twice says the same twice. */
function withoutRepeats(problems: readonly FormatProblem[]): FormatProblem[] {
  const known = new Set<string>();
  return problems.filter(({ file, line, reason }) => {
    const key = JSON.stringify([file, line, reason]);
    return !known.has(key) && known.add(key);
  });
}
