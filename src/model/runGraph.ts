/** A run as a graph: the nodes of its workflow, or its steps in their order with the delegates that they called. */
import type { RunEvent } from "./events";
import { oneLine } from "./plainText";
import type { RowStatus } from "./rowStatus";
import type { PageRow } from "./runPageRows";
import { isRecord } from "./toolText";

export interface GraphNode {
  /** "n0", "n1", …: names from a file may be anything. */
  id: string;
  label: string;
  about: string;
  status: RowStatus;
  durationMs?: number;
  /** Whether it is another run, called from here. */
  isRun?: boolean;
  /** The row or section that tells more. */
  target?: string;
}

export interface GraphEdge {
  from: string;
  to: string;
  label?: string;
}

export interface RunGraph {
  nodes: GraphNode[];
  edges: GraphEdge[];
  /** Whether the files say what follows what; else it is the order in time. */
  isRecorded: boolean;
  /** Nodes that are left out, as there are too many. */
  omitted: number;
}

/** A run that was called, as its caller's graph shows it. */
export interface CalledRun {
  runId: string;
  label: string;
  status: RowStatus;
  durationMs?: number;
  startedAt: number;
  target: string;
}

const maxNodes = 300;
const maxEdges = 800;

/** @param steps rows of steps alone */
export function graphOf(
  events: readonly RunEvent[],
  steps: readonly PageRow[],
  rows: readonly PageRow[],
  called: readonly CalledRun[],
): RunGraph {
  const recorded = recordedGraph(events);
  const names = new Set(steps.map(({ node }) => node));
  const unreached = (recorded?.nodes ?? []).filter(({ id }) => !names.has(id));
  const all = [...steps.map((row) => nodeOfRow(row, recorded)), ...unreached.map(nodeOfName)];
  const nodes: GraphNode[] = all.slice(0, maxNodes).map((node, index) => ({ ...node, id: `n${index}` }));
  const shown = steps.slice(0, maxNodes);
  const idOfStep = new Map(shown.map((row, index) => [row, `n${index}`]));
  const edges = recorded
    ? edgesByName(recorded, shown, unreached, nodes)
    : edgesInTime(shown, orderOf(events), (row) => idOfStep.get(row) ?? "");
  const room = maxNodes - nodes.length;
  const branches = called.slice(0, Math.max(0, room));
  for (const run of branches) addBranch(run, { nodes, edges, shown, rows, idOfStep });
  const omitted = all.length - Math.min(all.length, maxNodes) + called.length - branches.length;
  return { nodes, edges: edges.slice(0, maxEdges), isRecorded: recorded !== undefined, omitted };
}

interface Recorded {
  nodes: { id: string; kind: string; phase: string }[];
  edges: { from: string; to: string; when: string }[];
}

/** What the files say of the workflow; anything may stand there. */
function recordedGraph(events: readonly RunEvent[]): Recorded | undefined {
  const event = events.find((each) => each.type === "foreignEvent" && each.name === "graph");
  if (event?.type !== "foreignEvent" || !isRecord(event.data)) return undefined;
  const { nodes, edges } = event.data;
  if (!Array.isArray(nodes)) return undefined;
  const known = new Map<string, Recorded["nodes"][number]>();
  for (const node of nodes.filter(isRecord)) {
    const { id, kind, phase } = node;
    if (typeof id === "string" && !known.has(id)) known.set(id, { id, kind: textOf(kind), phase: textOf(phase) });
  }
  const ties = (Array.isArray(edges) ? edges : []).filter(isRecord).flatMap(({ from, to, when }) => {
    return typeof from === "string" && typeof to === "string" && from !== to ? [{ from, to, when: textOf(when) }] : [];
  });
  return { nodes: [...known.values()], edges: ties };
}

function nodeOfRow(row: PageRow, recorded: Recorded | undefined): Omit<GraphNode, "id"> {
  const kind = recorded?.nodes.find(({ id }) => id === row.node)?.kind ?? "";
  return {
    label: row.label,
    about: [kind, row.about].filter(Boolean).join(" · "),
    status: row.status,
    ...(row.durationMs !== undefined && { durationMs: row.durationMs }),
    target: row.id,
  };
}

function nodeOfName({ id, kind, phase }: Recorded["nodes"][number]): Omit<GraphNode, "id"> {
  const about = [kind, phase && `phase ${phase}`].filter(Boolean).join(" · ");
  return { label: oneLine(id, 100), about, status: "never" };
}

function edgesByName(
  recorded: Recorded,
  steps: readonly PageRow[],
  unreached: readonly { id: string }[],
  nodes: readonly GraphNode[],
): GraphEdge[] {
  const ids = new Map<string, string>();
  const names = [...steps.map(({ node }) => node), ...unreached.map(({ id }) => id)];
  for (const [index, { id }] of nodes.entries()) ids.set(names[index] ?? "", id);
  return recorded.edges.flatMap(({ from, to, when }) => {
    const [a, b] = [ids.get(from), ids.get(to)];
    return a === undefined || b === undefined ? [] : [{ from: a, to: b, ...(when !== "" && { label: when }) }];
  });
}

/** What shows a step at work: not that it may begin, nor that the run ended there. */
const works: ReadonlySet<RunEvent["type"]> = new Set([
  ...(["startNode", "finishNode", "failNode", "skipNode", "startGeneration", "finishGeneration"] as const),
  ...(["startToolCall", "finishToolCall", "startDelegation"] as const),
]);

interface Extent {
  first: number;
  last: number;
}

/** Of each step, where its first start and its last event stand among all events: times may be equal or missing. */
function orderOf(events: readonly RunEvent[]): Map<number, Extent> {
  const order = new Map<number, Extent>();
  events.forEach(({ step, type }, index) => {
    if (!works.has(type)) return;
    const known = order.get(step);
    order.set(step, { first: known?.first ?? index, last: index });
  });
  return order;
}

/** Each node follows those that had ended when it began, of which nothing lies between; steps are one after the other. */
function edgesInTime(
  steps: readonly PageRow[],
  order: ReadonlyMap<number, Extent>,
  idOf: (row: PageRow) => string,
): GraphEdge[] {
  if (steps.every(({ node }) => node === undefined)) {
    return steps.slice(1).flatMap((row, index) => {
      const before = steps[index];
      return before ? [{ from: idOf(before), to: idOf(row) }] : [];
    });
  }
  const placed = steps.flatMap((row) => {
    const extent = order.get(row.step);
    return extent ? [{ row, ...extent }] : [];
  });
  const edges = placed.flatMap((each) => {
    const before = placed.filter(({ last }) => last < each.first);
    const latestStart = before.reduce((latest, { first }) => Math.max(latest, first), -1);
    return before.filter(({ last }) => last >= latestStart).map(({ row }) => ({ from: idOf(row), to: idOf(each.row) }));
  });
  if (edges.length <= maxEdges) return edges;
  // Wide waves one after the other: the last of each stands for all.
  const nearest = new Map<string, GraphEdge>();
  for (const edge of edges) nearest.set(edge.to, edge);
  return [...nearest.values()];
}

/** From the step that called it back to the one after that; of a run that does not say where, the step at its start. */
function addBranch(
  run: CalledRun,
  graph: {
    nodes: GraphNode[];
    edges: GraphEdge[];
    shown: readonly PageRow[];
    rows: readonly PageRow[];
    idOfStep: ReadonlyMap<PageRow, string>;
  },
): void {
  const { nodes, edges, shown, rows, idOfStep } = graph;
  const step = rows.find(({ childRunId }) => childRunId === run.runId)?.step;
  const caller =
    step === undefined
      ? shown.findLast(({ startedAt }) => startedAt !== undefined && startedAt <= run.startedAt)
      : shown.find((row) => row.step === step);
  const id = `n${nodes.length}`;
  const { label, status, durationMs, target } = run;
  const took = durationMs === undefined ? {} : { durationMs };
  nodes.push({ id, label, about: "delegate", status, ...took, isRun: true, target });
  const from = caller && idOfStep.get(caller);
  if (from === undefined) return;
  edges.push({ from, to: id });
  const next = caller && shown[shown.indexOf(caller) + 1];
  const back = next && idOfStep.get(next);
  if (back === undefined) return;
  edges.push({ from: id, to: back });
  // The way leads through the delegate.
  const direct = edges.findIndex((edge) => edge.from === from && edge.to === back);
  if (direct !== -1) edges.splice(direct, 1);
}

function textOf(value: unknown): string {
  return typeof value === "string" ? oneLine(value, 60) : "";
}
