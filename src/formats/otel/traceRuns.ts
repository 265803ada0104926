/** Which spans are of which run: an agent's are those below it, down to the next agent; what is below none is one more. */
import type { Span } from "./otlpSpan";
import { ownName } from "./ownSpan";
import { isGenAi, roleOf } from "./spanFacts";

export interface SpanRun {
  jobId: string;
  runId: string;
  /** By their beginning; the spans of the run as a whole are among them. */
  spans: Span[];
  /** Of the run as a whole, by their beginning; none where it was not written yet. */
  roots: Span[];
  /** Whether spans say that there is one of the run as a whole, which is not there. */
  isRootMissing: boolean;
  /** The run that it is called by, and the tool call. */
  parent?: { run: SpanRun; call?: Span };
}

/** The spans of a file; those of a trace without any of an agent or a model are no run. */
export function findRuns(spans: readonly Span[]): SpanRun[] {
  const traces = new Map<string, Map<string, Span>>();
  for (const span of spans) {
    const trace = traces.get(span.traceId) ?? new Map<string, Span>();
    traces.set(span.traceId, trace);
    const known = trace.get(span.spanId);
    // What is delivered again counts once, with its end.
    if (!known || (known.endedAt === undefined && span.endedAt !== undefined)) trace.set(span.spanId, span);
  }
  const runs = [...traces].flatMap(([traceId, trace]) => runsOfTrace(traceId, trace));
  const known = new Set<string>();
  for (const run of runs) {
    // The ids of spans are unique within their trace.
    if (known.has(run.runId)) run.runId = `${run.jobId}-${run.runId}`;
    known.add(run.runId);
  }
  return runs;
}

const rest = "";

function runsOfTrace(traceId: string, trace: ReadonlyMap<string, Span>): SpanRun[] {
  const all = [...trace.values()].sort(byStart);
  if (!all.some(isGenAi)) return [];
  const keyOf = createKeys(trace);
  const runs = new Map<string, SpanRun>();
  const strangers: Span[] = [];
  const runFor = (key: string) => {
    const known = runs.get(key);
    if (known) return known;
    const run: SpanRun = { jobId: traceId, runId: key, spans: [], roots: [], isRootMissing: true };
    runs.set(key, run);
    return run;
  };
  const ofRest = all.filter((span) => keyOf(span) === rest);
  const isRestRun = ofRest.some(isGenAi);
  for (const span of all) {
    const key = keyOf(span);
    if (key === rest && !isRestRun) {
      strangers.push(span);
      continue;
    }
    const run = runFor(key);
    run.spans.push(span);
    if (key !== rest && roleOf(span) === "agent") {
      run.roots.push(span);
      run.isRootMissing = false;
    }
    const jobId = ownName(span, "job");
    if (jobId !== undefined) run.jobId = jobId;
  }
  const restRun = runs.get(rest);
  if (restRun) nameRest(restRun, traceId, trace);
  for (const run of runs.values()) {
    const parent = run === restRun ? undefined : parentOf(run, trace, (span) => runs.get(keyOf(span)), restRun);
    if (parent) run.parent = parent;
  }
  const found = [...runs.values()];
  if (strangers.length > 0) found[0]?.spans.push(...strangers);
  for (const run of found) run.spans.sort(byStart);
  return found;
}

function byStart(a: Span, b: Span): number {
  return (a.startedAt ?? a.endedAt ?? 0) - (b.startedAt ?? b.endedAt ?? 0);
}

/** What the run of a span is known by: the name that it gives, or the nearest agent at or above it. */
function createKeys(trace: ReadonlyMap<string, Span>): (span: Span) => string {
  const keys = new Map<Span, string>();
  return (span) => {
    const path: Span[] = [];
    const seen = new Set<Span>();
    let key: string | undefined;
    for (let at: Span | undefined = span; at && key === undefined; ) {
      key = keys.get(at) ?? ownName(at, "run") ?? (roleOf(at) === "agent" ? at.spanId : undefined);
      path.push(at);
      seen.add(at);
      const above: Span | undefined = trace.get(at.parentId ?? "");
      // Parents may stand in a circle.
      at = above && !seen.has(above) ? above : undefined;
    }
    for (const each of path) keys.set(each, key ?? rest);
    return key ?? rest;
  };
}

/** It is known by the span above all of it, whether that is there or still to come. */
function nameRest(run: SpanRun, traceId: string, trace: ReadonlyMap<string, Span>): void {
  const isInside = new Set(run.spans);
  const tops = run.spans.filter(({ parentId = "" }) => {
    const above = trace.get(parentId);
    return !above || !isInside.has(above);
  });
  const missing = new Set(tops.flatMap(({ parentId }) => (parentId === undefined ? [] : [parentId])));
  const [top] = tops;
  const [above] = missing;
  const isWhole = tops.length === 1 && top !== undefined && missing.size === 0;
  if (isWhole) run.roots.push(top);
  run.isRootMissing = missing.size > 0;
  run.runId = (isWhole ? top.spanId : missing.size === 1 && above) || traceId;
}

function parentOf(
  run: SpanRun,
  trace: ReadonlyMap<string, Span>,
  runOf: (span: Span) => SpanRun | undefined,
  restRun: SpanRun | undefined,
): SpanRun["parent"] {
  const [root] = run.roots;
  if (root?.parentId === undefined) return undefined;
  const seen = new Set<Span>();
  let call: Span | undefined;
  for (let at = trace.get(root.parentId); at && !seen.has(at); at = trace.get(at.parentId ?? "")) {
    seen.add(at);
    const owner = runOf(at);
    if (roleOf(at) === "tool" && owner !== run) call ??= at;
    if (owner && owner !== run) return { run: owner, ...(call && { call }) };
  }
  const isBelowRest = restRun !== undefined && !trace.has(root.parentId) && restRun.runId === root.parentId;
  return isBelowRest ? { run: restRun } : undefined;
}
