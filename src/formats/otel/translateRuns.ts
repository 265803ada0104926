/** The runs of a file as ours, delegates before those that called them: what they used counts for these. */
import { runOf } from "../../model/run";
import { spendDelegate, spendGeneration } from "../../model/spending";
import { ForeignRunBuilder } from "../foreignRunBuilder";
import type { ForeignRun } from "../format";
import { type Moment, tellMoments } from "./moments";
import type { Span } from "./otlpSpan";
import { ownName } from "./ownSpan";
import { isOwn, readOwnMoments } from "./readOwn";
import { beginningOf, endOf, expertKeyOf, noteOf } from "./runFrame";
import { agentOf } from "./spanFacts";
import { type Delegate, momentsOf } from "./spanMoments";
import type { SpanRun } from "./traceRuns";

type Told = Omit<ForeignRun, "dir">;

/** @param nearest a time to take where a run has none */
export function translateRuns(runs: readonly SpanRun[], nearest: number): Told[] {
  const told = new Map<SpanRun, Told>();
  const delegates = new Map<SpanRun, Delegate[]>();
  for (const run of childrenFirst(runs)) {
    const one = run.spans.some(isOwn) ? ownRun(run, nearest) : otherRun(run, delegates.get(run) ?? [], nearest);
    told.set(run, one);
    if (!run.parent) continue;
    const beside = delegates.get(run.parent.run) ?? [];
    delegates.set(run.parent.run, [...beside, delegateOf(one, run.parent.call)]);
  }
  return runs.flatMap((run) => told.get(run) ?? []);
}

function childrenFirst(runs: readonly SpanRun[]): SpanRun[] {
  const depths = new Map<SpanRun, number>();
  const depthOf = (run: SpanRun) => {
    const path = new Set<SpanRun>();
    let at: SpanRun | undefined = run;
    // Callers may stand in a circle.
    while (at && !depths.has(at) && !path.has(at)) {
      path.add(at);
      at = at.parent?.run;
    }
    let depth = (at && depths.get(at)) ?? 0;
    for (const each of [...path].reverse()) {
      depth += 1;
      depths.set(each, depth);
    }
    return depths.get(run) ?? 0;
  };
  return runs
    .map((run) => ({ run, depth: depthOf(run) }))
    .sort((a, b) => b.depth - a.depth)
    .map(({ run }) => run);
}

function delegateOf({ runId, events }: Told, call: Span | undefined): Delegate {
  const run = runOf(events);
  const [first] = events;
  return {
    ...{ runId, expertKey: run?.expertKey ?? "", query: run?.query ?? "", status: run?.status ?? "unknown" },
    ...{ startedAt: first?.timestamp ?? 0, call },
    ...(run?.finishedAt !== undefined && { finishedAt: run.finishedAt }),
    ...(run?.text !== undefined && { text: run.text }),
    ...(run?.error && { error: run.error }),
    ...(run?.usage && { totalUsage: run.usage }),
    ...(run?.cost !== undefined && { cost: run.cost }),
  };
}

function ownRun(run: SpanRun, nearest: number): Told {
  const moments = readOwnMoments(run.spans);
  const [some] = run.spans;
  const expertKey = (some && (ownName(some, "expert") ?? agentOf(some))) ?? expertKeyOf(run);
  const builder = new ForeignRunBuilder({ jobId: run.jobId, runId: run.runId, expertKey });
  const start = moments.find(({ payload }) => payload.type === "startRun") ?? beginningOf(run, nearest);
  const rest = moments.filter((moment) => moment !== start);
  const notes = run.spans.filter((span) => !isOwn(span)).map((span) => noteOf(span, 0, nearest));
  tellMoments(builder, [start, ...rest, ...notes]);
  return finished(builder);
}

function otherRun(run: SpanRun, delegates: readonly Delegate[], nearest: number): Told {
  const builder = new ForeignRunBuilder({ jobId: run.jobId, runId: run.runId, expertKey: expertKeyOf(run) });
  const start = beginningOf(run, nearest);
  const moments = momentsOf(run, delegates, start.at);
  tellMoments(builder, [start, ...moments]);
  for (const { payload } of moments) spend(builder, payload);
  const end = endOf(run, builder, moments.at(-1)?.at ?? start.at);
  if (end) tellMoments(builder, [end]);
  return finished(builder);
}

function spend(builder: ForeignRunBuilder, payload: Moment["payload"]): void {
  if (payload.type === "finishGeneration") builder.spending = spendGeneration(builder.spending, payload);
  if (payload.type === "finishDelegation")
    builder.spending = spendDelegate(builder.spending, payload.childRunId, payload);
}

function finished({ events, identity: { jobId, runId }, checkpointIds }: ForeignRunBuilder): Told {
  return { jobId, runId, events, sourceRunIds: [runId], checkpointIds, problems: [] };
}
