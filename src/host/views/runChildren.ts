/** What is below each node of the Runs view: of a long list a piece, with a row at each end that shows more of it. */
import type { RunSummary } from "../../app/runIndex";
import type { Step, StepItem } from "../../model/run";
import type { Direction, List, ListWindows, Piece } from "./listWindow";
import type { RunForest, Top } from "./runForest";
import type { GroupNode, JobNode, MoreNode, MoreOf, RunNode, RunNodes, RunRowNode, StepNode } from "./runNodes";
import { topRuns } from "./runTree";
import { isFirstCut, type ShownRun } from "./shownRuns";

export interface ChildContext {
  forest: RunForest;
  nodes: RunNodes;
  windows: ListWindows;
  /** The runs of delegates that hang right under a run, as their call is not known. */
  delegatesOf(dir: string, shown: ShownRun | undefined): readonly RunSummary[];
}

/** A child that is made when it is shown. */
type Entry = readonly [id: string, make: () => RunNode];

interface Listing {
  list: List;
  children: readonly Entry[];
  of: MoreOf;
  parent?: RunNode;
}

export function topNodes({ forest, nodes, windows }: ChildContext): RunNode[] {
  return nodesIn(topListing(forest, nodes), nodes, windows);
}

export function jobNodes(node: JobNode, { forest, nodes, windows }: ChildContext): RunNode[] {
  return nodesIn(jobListing(node, forest, nodes), nodes, windows);
}

export function groupNodes(node: GroupNode, { forest, nodes, windows }: ChildContext): RunNode[] {
  return nodesIn(groupListing(node, forest, nodes), nodes, windows);
}

/** Its steps, what else there is to read of it, and delegates. */
export function runNodes(node: RunRowNode, shown: ShownRun | undefined, context: ChildContext): RunNode[] {
  const { nodes, windows } = context;
  const preparation = (shown?.loaded.run.preparation.length ?? 0) > 0 ? [nodes.step(node.dir, 0)] : [];
  return [
    ...preparation,
    ...(shown ? stepNodes(node, shown, nodes, windows) : []),
    ...nodesIn(restListing(node, shown, context), nodes, windows),
  ];
}

export function itemNodes(node: StepNode, shown: ShownRun, { nodes, windows }: ChildContext): RunNode[] {
  const step = shown.step(node.step);
  if (!step) return [];
  const items = shownItems(step);
  const piece = windows.pieceOf(itemList(node, items, shown));
  const { part } = shown.loaded;
  const isCut = {
    before: piece.start === 0 && isFirstCut(shown.loaded) && node.step === part?.firstStep,
    after: piece.end === items.length && part?.isLastCut === true && node.step === part.lastStep,
  };
  const more = (to: MoreNode["to"], left?: number) => nodes.more({ ...moreOf(node, to, left), of: "event" });
  const cut = (to: MoreNode["to"]) => nodes.more({ ...moreOf(node, to), isSized: true, of: "event" });
  const isSaved = step.checkpointId !== undefined && piece.end === items.length && !isCut.after;
  return [
    ...(piece.start > 0 ? [more("before", piece.start)] : isCut.before ? [cut("before")] : []),
    ...items.slice(piece.start, piece.end).map(({ seq }) => nodes.item(node.dir, node.step, seq)),
    ...(piece.end < items.length ? [more("after", items.length - piece.end)] : isCut.after ? [cut("after")] : []),
    ...(piece.isAway ? [more("newest")] : []),
    ...(isSaved ? [nodes.checkpoint(node.dir, node.step)] : []),
  ];
}

/** The lists of a node, by which it is known how much of them is shown. */
export function listOf(node: RunNode | undefined, child: RunNode, context: ChildContext, shown?: ShownRun): List {
  const { forest, nodes } = context;
  switch (node?.kind) {
    case undefined:
      return topListing(forest, nodes).list;
    case "job":
      return jobListing(node, forest, nodes).list;
    case "group":
      return groupListing(node, forest, nodes).list;
    case "run":
      return child.kind === "step" || (child.kind === "more" && child.list === node.id)
        ? stepList(node, shown?.loaded.part ? undefined : shown)
        : restListing(node, shown, context).list;
    case "step": {
      const step = shown?.step(node.step);
      return itemList(node, step ? shownItems(step) : [], shown);
    }
    default:
      return { id: "", length: 0, keyAt: () => "", newest: "first" };
  }
}

/** By what a list knows a child. */
export function keyOf(child: RunNode): string | number {
  return child.kind === "step" ? child.step : child.kind === "item" ? child.seq : child.id;
}

/** A part holds the steps that are to be shown of a long run; a run that is there as a whole is shown in pieces. */
function stepNodes(node: RunRowNode, shown: ShownRun, nodes: RunNodes, windows: ListWindows): RunNode[] {
  const { run, part } = shown.loaded;
  const more = (to: MoreNode["to"], left?: number) => nodes.more({ ...moreOf(node, to, left), of: "step" });
  const steps = shown.stepsOfPart;
  if (!part || !steps) {
    const piece = windows.pieceOf(stepList(node, shown));
    return [
      ...(piece.start > 0 ? [more("before", piece.start)] : []),
      ...run.steps.slice(piece.start, piece.end).map(({ step }) => nodes.step(node.dir, step)),
      ...(piece.end < run.steps.length ? [more("after", run.steps.length - piece.end)] : []),
      ...(piece.isAway ? [more("newest")] : []),
    ];
  }
  // Where only events of its first step come before it, that step has a row for them.
  const isCut = steps.length === run.steps.length && isFirstCut(shown.loaded);
  const before = steps.length < run.steps.length ? (steps[0]?.step ?? 1) - 1 : (run.omitted?.upTo ?? 0);
  const sized = (to: MoreNode["to"], left?: number) =>
    nodes.more({ ...moreOf(node, to, left), isSized: true, of: "step" });
  const after = Math.max(0, run.lastStep - part.lastStep);
  return [
    ...(part.hasEarlier && (before > 0 || !isCut) ? [sized("before", before || undefined)] : []),
    ...steps.map(({ step }) => nodes.step(node.dir, step)),
    ...(part.hasLater && (after > 0 || !part.isLastCut) ? [sized("after", after || undefined)] : []),
    ...(part.hasLater ? [more("newest")] : []),
  ];
}

function moreOf(node: RunNode, to: MoreNode["to"], left?: number) {
  return { parent: node, list: node.id, to, newest: "last" as const, ...(left !== undefined && { left }) };
}

function topListing({ tops }: RunForest, nodes: RunNodes): Listing {
  return listingOf({ id: "", of: "row", children: tops.map((top) => topEntry(top, nodes)) });
}

function jobListing(parent: JobNode, { jobs }: RunForest, nodes: RunNodes): Listing {
  const job = jobs.get(parent.jobDir);
  return listingOf({ id: parent.id, parent, of: "run", children: runEntries(job ? topRuns(job) : [], nodes) });
}

function groupListing(parent: GroupNode, { groups }: RunForest, nodes: RunNodes): Listing {
  const found = groups.get(parent.key);
  const children = found
    ? [
        ...found.groups.map(({ key }): Entry => [`group:${key}`, () => nodes.group(key)]),
        ...runEntries(topRuns(found.job), nodes),
        ...nodes.documentsOf(parent, found.group.documents).map((each): Entry => [each.id, () => each]),
      ]
    : [];
  return listingOf({ id: parent.id, parent, of: "row", children });
}

/** What comes below the steps. */
function restListing(parent: RunRowNode, shown: ShownRun | undefined, { nodes, delegatesOf }: ChildContext): Listing {
  const { documents = [], problems = [] } = shown?.loaded ?? {};
  const { dir } = parent;
  const children = [
    ...nodes.documentsOf(parent, documents).map((each): Entry => [each.id, () => each]),
    ...problems.map((_, index): Entry => [`problem:${dir}:${index}`, () => nodes.problem(dir, index)]),
    ...runEntries(delegatesOf(dir, shown), nodes),
  ];
  return listingOf({ id: `${parent.id}#rest`, parent, of: "row", children });
}

function topEntry(top: Top, nodes: RunNodes): Entry {
  switch (top.kind) {
    case "job":
      return [`job:${top.job.jobDir}`, () => nodes.job(top.job.jobDir)];
    case "group":
      return [`group:${top.group.key}`, () => nodes.group(top.group.key)];
    default:
      return [`source:${top.source.path}`, () => nodes.source(top.source.path)];
  }
}

function runEntries(runs: readonly RunSummary[], nodes: RunNodes): Entry[] {
  return runs.map(({ dir }): Entry => [`run:${dir}`, () => nodes.run(dir)]);
}

function listingOf({ id, ...listing }: Omit<Listing, "list"> & { id: string }): Listing {
  const { children } = listing;
  const keyAt = (index: number) => children[index]?.[0] ?? "";
  return { ...listing, list: { id, length: children.length, keyAt, newest: "first" } };
}

function nodesIn({ list, children, of, parent }: Listing, nodes: RunNodes, windows: ListWindows): RunNode[] {
  const piece: Piece = windows.pieceOf(list);
  const more = (to: Direction | "newest", left: number) =>
    nodes.more({ ...(parent && { parent }), list: list.id, to, left, newest: "first", of });
  return [
    ...(piece.isAway ? [more("newest", piece.start)] : []),
    ...(piece.start > 0 ? [more("before", piece.start)] : []),
    ...children.slice(piece.start, piece.end).map(([, make]) => make()),
    ...(piece.end < list.length ? [more("after", list.length - piece.end)] : []),
  ];
}

function stepList({ id }: RunRowNode, shown: ShownRun | undefined): List {
  const steps = shown?.loaded.run.steps ?? [];
  const keyAt = (index: number) => steps[index]?.step ?? -1;
  return { id, length: steps.length, keyAt, newest: "last", ...(shown && { size: shown.size }) };
}

function itemList({ id }: StepNode, items: readonly StepItem[], shown: ShownRun | undefined): List {
  const keyAt = (index: number) => items[index]?.seq ?? -1;
  return { id, length: items.length, keyAt, newest: "last", ...(shown && { size: shown.size }) };
}

/** A delegation's begin and end: the row of its call, with the delegate's run under it, says the same. */
function shownItems({ items }: Step): readonly StepItem[] {
  const called = new Set(items.flatMap((item) => (item.kind === "toolCall" ? [item.childRunId] : [])));
  return items.filter((item) => {
    if (item.kind !== "note") return true;
    const { event } = item;
    if (event.type !== "startDelegation" && event.type !== "finishDelegation") return true;
    return !called.has(event.childRunId);
  });
}
