/** All runs of a job as runs of ours: each event goes to the run it is of, the end of a delegate to its coordinator as well. */
import type { Message } from "../../model/message";
import { totalUsageOf } from "../../model/spending";
import type { Source } from "../foreignRunBuilder";
import type { ForeignRun, FormatProblem } from "../format";
import { endLeftBehind } from "./leftBehind";
import { type LinkedRun, linkRuns, type Segment } from "./linkRuns";
import { openRun, type RunPlace } from "./openRun";
import type { PerstackRecord } from "./perstackRecord";
import { RunBuilder } from "./runBuilder";
import { type Outlook, translateEvent } from "./translateEvent";
import { isRuntimeEvent } from "./translateRuntimeEvent";

export interface JobSource extends RunPlace {
  /** In order. */
  records: readonly PerstackRecord[];
  problems: readonly FormatProblem[];
  dirOf(runId: string): string;
}

export function translateJob(job: JobSource): { runs: ForeignRun[]; problems: FormatProblem[] } {
  const records = withoutCopies(job.records);
  const { runs, segmentOf } = linkRuns(records);
  const works = new Map(runs.map((run) => [run, createWork(run, job)]));
  const outlooks = new Map<Segment, Outlook>();
  for (const record of records) {
    const segment = segmentOf.get(record);
    const work = segment && works.get(segment.run);
    if (!work) continue;
    const { builder } = work;
    const { event } = record;
    const wasOpen = builder.ending === undefined;
    const outlook = outlooks.get(segment) ?? outlookOf(segment);
    if (!outlooks.has(segment)) {
      const base = openRun(builder, segment, event, job);
      if (base.length > 0) work.base = base;
    }
    outlooks.set(segment, outlook);
    if (event.stepNumber !== undefined) builder.step = event.stepNumber;
    translateEvent(builder, event, outlook);
    if (wasOpen && builder.ending) tellCoordinator(segment.run, works);
  }
  // The last first: a delegate comes after the one who called it.
  for (const run of runs.toReversed()) endWithDelegates(run, works);
  return sortProblems(
    runs.flatMap((run) => works.get(run) ?? []),
    job,
  );
}

interface Work {
  run: LinkedRun;
  builder: RunBuilder;
  base?: Message[];
}

type Works = ReadonlyMap<LinkedRun, Work>;

function createWork(run: LinkedRun, { jobId }: JobSource): Work {
  const [first] = run.segments;
  const told = first?.records.find(({ event }) => event.expertKey !== undefined)?.event.expertKey;
  const expertKey = first?.start?.initialCheckpoint.expert.key ?? told ?? first?.setup?.expertName ?? "";
  return { run, builder: new RunBuilder({ jobId, runId: run.id, expertKey }) };
}

function outlookOf({ records, run }: Segment): Outlook {
  const events = records.map(({ event }) => event);
  const pending = events.flatMap((event) => {
    if (event.type === "callInteractiveTool") return [event.toolCall];
    const isStop = event.type === "stopRunByInteractiveTool" || event.type === "stopRunByDelegate";
    return isStop ? (event.checkpoint?.pendingToolCalls ?? []) : [];
  });
  const answered = events.flatMap((event) =>
    event.type === "resolveToolResults" ? event.toolResults.map(({ id }) => id) : [],
  );
  const delegated = events.flatMap((event) =>
    event.type === "stopRunByDelegate" ? (event.checkpoint?.delegateTo ?? []) : [],
  );
  const end = events.findLastIndex(({ type }) => endsSegment.test(type));
  return {
    asked: new Set(pending.map(({ id }) => id)),
    answered: new Set(answered),
    delegates: new Map(delegated.map(({ toolCallId, expert }) => [toolCallId, expert.key])),
    late: events.slice(end + 1).filter(isRuntimeEvent),
    programs: new Set(events.flatMap((event) => (event.type === "skillStarting" ? [event.skillName] : []))),
    delegateRunId: (toolCallId) => run.delegates.get(toolCallId)?.id,
  };
}

const endsSegment = /^(?:stopRunBy|completeRun$|finishRun$|errorRun$)/u;

function coordinatorOf(run: LinkedRun, works: Works): Work | undefined {
  const { parent } = run;
  if (!parent) return undefined;
  return [...works.values()].find((each) => each.run.delegates.get(parent.toolCallId) === run);
}

/** A delegate that stopped may yet go on; one that is done has an answer. */
function tellCoordinator(run: LinkedRun, works: Works): void {
  const child = works.get(run)?.builder;
  const toolCallId = run.parent?.toolCallId;
  if (!child?.ending || toolCallId === undefined) return;
  if (child.ending.type === "finishRun") finishDelegation(coordinatorOf(run, works), toolCallId, child);
}

function finishDelegation(coordinator: Work | undefined, toolCallId: string, child: RunBuilder): void {
  const { ending, step, spending } = child;
  const at = afterEndOf(child, "delegation");
  const outcome = {
    status: ending?.type ?? ("open" as const),
    ...(ending?.type === "finishRun" && { text: ending.text }),
    ...(ending?.type === "errorRun" && { error: ending.error }),
  };
  const totalUsage = ending?.totalUsage ?? totalUsageOf(spending);
  coordinator?.builder.finishDelegation(toolCallId, outcome, { lastStep: step, totalUsage }, at);
}

/** A delegate that fails, or runs out of steps, ends Perstack's whole job: nobody comes back to its coordinator. */
function endWithDelegates(run: LinkedRun, works: Works): void {
  const work = works.get(run);
  if (!work || work.builder.ending) return;
  const open = [...work.builder.delegations].flatMap(([toolCallId, { isDone }]) => {
    const child = isDone ? undefined : works.get(run.delegates.get(toolCallId) ?? run)?.builder;
    return child && child !== work.builder ? [{ toolCallId, child }] : [];
  });
  const ends = open.map(({ child }) => ({ child, end: endLeftBehind(child.identity.expertKey, child.ending) }));
  const { child: failed, end } = ends.find((each) => each.end) ?? {};
  if (!failed || !end || work.builder.generation) return;
  for (const { toolCallId, child } of open) finishDelegation(work, toolCallId, child);
  const at = afterEndOf(failed, "coordinator");
  const totals = work.builder.totals(at, work.builder.checkpointIds.at(-1));
  work.builder.emit({ ...end, ...totals }, at);
}

/** What follows from the end of a delegate has an id that follows from its. */
function afterEndOf({ events }: RunBuilder, what: string): Source {
  const last = events.at(-1);
  return { id: last && `${last.id}-${what}`, timestamp: last?.timestamp ?? 0 };
}

/** The same event may be told twice, as by a log that was put together from parts. */
function withoutCopies(records: readonly PerstackRecord[]): PerstackRecord[] {
  const seen = new Set<string>();
  return records.filter(({ event: { id, type, timestamp } }) => {
    if (id === undefined) return true;
    const key = `${id} ${type} ${timestamp}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

/** A problem is its run's where the run's own folder has it. */
function sortProblems(
  works: readonly Work[],
  { jobId, problems, dirOf }: JobSource,
): { runs: ForeignRun[]; problems: FormatProblem[] } {
  const rest = new Set(problems);
  const runs = works.map(({ run, builder, base }): ForeignRun => {
    const sourceRunIds = [...new Set(run.segments.map(({ runId }) => runId))];
    const own = [...rest].filter(({ file }) => sourceRunIds.some((id) => isBelow(file, dirOf(id))));
    for (const problem of own) rest.delete(problem);
    const { events, checkpointIds } = builder;
    return {
      dir: dirOf(run.id),
      ...{ jobId, runId: run.id, events, sourceRunIds, checkpointIds, problems: own },
      ...(base && { base }),
    };
  });
  return { runs, problems: [...rest] };
}

function isBelow(file: string, dir: string): boolean {
  return file.length > dir.length + 1 && file.startsWith(dir) && /[\\/]/u.test(file.charAt(dir.length));
}
