/** The Runs view: reads a run when it is unfolded, and refreshes the rows that changed, never the whole tree for one. */
import * as vscode from "vscode";
import type { App } from "../../app/app";
import type { LoadedRun, RunProblem, RunSummary, WantedPart } from "../../app/runIndex";
import { DisposableStore } from "../../base/disposable";
import { messageOf } from "../../base/errors";
import { raceAbort } from "../../base/raceAbort";
import type { Approvals } from "../approvals";
import type { RunChange, RunFacts } from "../runFacts";
import { ListWindows } from "./listWindow";
import type { Row } from "./row";
import { rowOfNode } from "./rowOfNode";
import { type ChildContext, groupNodes, itemNodes, jobNodes, keyOf, listOf, runNodes, topNodes } from "./runChildren";
import { RunDrop } from "./runDrop";
import { type RunForest, rootOfTop, type Top } from "./runForest";
import { type ItemNode, type MoreNode, type RunNode, RunNodes } from "./runNodes";
import { runTooltip } from "./runRows";
import { totalsOf } from "./runTotals";
import { delegatesByCall, jobKeyOf, parentNodeOf, parentNodeOfRun, parentRunOf } from "./runTree";
import { ShownForest } from "./shownForest";
import { type ShownRun, ShownRuns } from "./shownRuns";
import { tooltipOf, treeItemOf } from "./treeItem";

/** Durations of what runs are shown by the second. */
const tick = 1000;
const revealTime = 3000;

/** What the user opened. */
export interface OpenedPlaces {
  has(path: string): boolean;
  readonly onDidChange: vscode.Event<void>;
}

export class RunsView implements vscode.TreeDataProvider<RunNode>, vscode.Disposable {
  private readonly nodes = new RunNodes();
  private readonly windows = new ListWindows();
  private readonly own = new DisposableStore();
  private readonly changed = this.own.add(new vscode.EventEmitter<RunNode | undefined>());
  readonly onDidChangeTreeData = this.changed.event;
  readonly view: vscode.TreeView<RunNode>;
  private readonly shown: ShownForest;
  private readonly runs = this.own.add(new ShownRuns((dir, wanted) => this.read(dir, wanted)));
  /** By the call that they do; until something changes. */
  private delegates = new WeakMap<ShownRun, Map<unknown, RunSummary[]>>();
  /** Of the rows at the top, as they were told last. */
  private order = "";
  /** Something changed while nobody could see it. */
  private isStale = false;
  private ticking: NodeJS.Timeout | undefined;

  constructor(
    private readonly app: App,
    private readonly facts: RunFacts,
    private readonly approvals: Approvals,
    private readonly opened: OpenedPlaces,
  ) {
    this.shown = new ShownForest(app.runs);
    this.view = this.own.add(
      vscode.window.createTreeView("runtrail.runs", {
        treeDataProvider: this,
        showCollapseAll: true,
        dragAndDropController: new RunDrop(),
      }),
    );
    this.own.add(opened.onDidChange(() => this.changed.fire(undefined)));
    this.own.add(facts.onDidChange((change) => this.follow(change)));
    this.own.add(approvals.onDidChange(() => this.showWaiting()));
    this.own.add(this.view.onDidChangeVisibility(({ visible }) => visible && this.showMissed()));
  }

  async getChildren(node?: RunNode): Promise<RunNode[]> {
    const children = await this.childrenOf(node);
    this.nodes.list(node, children);
    return children;
  }

  async getTreeItem(node: RunNode): Promise<vscode.TreeItem> {
    const row = await this.rowOf(node);
    const item = treeItemOf(node.id, row ?? goneRow);
    if (node.kind === "more") {
      item.command = { command: "runtrail.showMore", title: "Show More", arguments: [node] };
    } else if (!isParent(node)) {
      item.command = { command: "runtrail.openDetails", title: "Open Details", arguments: [node] };
    }
    return item;
  }

  resolveTreeItem(item: vscode.TreeItem, node: RunNode): vscode.TreeItem {
    const run = node.kind === "run" ? this.app.runs.get(node.dir) : undefined;
    const summary = node.kind === "job" ? this.shown.forest.jobs.get(node.jobDir)?.runs[0] : run;
    if (summary) item.tooltip = tooltipOf(runTooltip(summary, totalsOf(summary, this.runsOf(summary))));
    if (node.kind === "document") item.tooltip = node.file;
    if (node.kind === "source") item.tooltip = node.path;
    return item;
  }

  async getParent(node: RunNode): Promise<RunNode | undefined> {
    switch (node.kind) {
      case "job":
      case "source":
        return undefined;
      case "group": {
        const parent = this.shown.forest.groups.get(node.key)?.parent;
        return parent && this.nodes.group(parent.key);
      }
      case "sourceProblem":
        return this.nodes.source(node.path);
      case "document":
        return node.owner;
      case "more":
        return node.parent;
      case "run": {
        const run = this.app.runs.get(node.dir);
        if (!run) return this.nodes.job(this.shown.jobOf(node.dir) ?? "");
        const parent = parentRunOf(run, this.runsOf(run));
        const caller = parent && (await this.runs.get(parent.dir));
        return parentNodeOfRun(run, parent && { dir: parent.dir, caller }, this.nodes);
      }
      default:
        return parentNodeOf(node, this.nodes);
    }
  }

  /** The root that a row was looked for in, where it is no job of the workspace. */
  rootOf(node: RunNode): string | undefined {
    const top = topAt(node, this.shown.forest);
    return top && rootOfTop(top);
  }

  /** What the row of a problem is about. */
  async problemOf(dir: string, index: number): Promise<RunProblem | undefined> {
    return (await this.runs.get(dir))?.loaded.problems[index];
  }

  /** Shows the run, or the place in it, selected; leaves the focus where it is unless asked. */
  async reveal(dir: string, place: { step?: number; seq?: number } = {}, focus = false): Promise<void> {
    if (!this.app.runs.get(dir)) return;
    const { step, seq } = place;
    const moved = step !== undefined && (await this.runs.include(dir, { step, seq }));
    const shown = step === undefined ? undefined : await this.runs.get(dir);
    const at = shown && step !== undefined ? (shown.step(step) ?? shown.loaded.run.steps.at(-1)) : undefined;
    const item = at && seq !== undefined ? shown?.item(at.step, seq) : undefined;
    const node =
      at === undefined
        ? this.nodes.run(dir)
        : item === undefined
          ? this.nodes.step(dir, at.step)
          : this.nodes.item(dir, at.step, item.seq);
    await this.bring(node, moved ? this.nodes.run(dir) : undefined);
    await this.show(node, { focus, expand: true });
  }

  /** What the row at the end of a list was chosen for. The first of what is new is selected, where one reads on. */
  async showMore(node: MoreNode): Promise<void> {
    const { parent, to } = node;
    const dir = parent !== undefined && "dir" in parent ? parent.dir : undefined;
    const shown = dir === undefined ? undefined : await this.runs.get(dir);
    const before = await this.childrenOf(parent);
    const list = listOf(parent, node, this.context, shown);
    const piece = this.windows.pieceOf(list);
    const isAtEdge = to === "before" ? piece.start === 0 : piece.end === list.length;
    // Of a long run there is nothing more in hand than what is shown.
    const isInPart = shown?.loaded.part !== undefined && (list.id === `run:${dir}` || isAtEdge);
    if (isInPart && dir !== undefined) {
      if (to === "newest") this.runs.reset(dir);
      else await this.runs.grow(dir, to);
    } else if (to === "newest") this.windows.reset(node.list);
    else this.windows.grow(list, to);
    const now = await this.childrenOf(parent);
    this.changed.fire(isInPart && dir !== undefined ? this.nodes.run(dir) : parent);
    const known = new Set(before);
    const isNew = (each: RunNode) => !known.has(each) && each.kind !== "more";
    const isAtEnd = to === "before" || (to === "newest" && node.newest === "last");
    const next = isAtEnd ? now.findLast(isNew) : now.find(isNew);
    if (next) await this.show(next, { focus: true });
  }

  dispose(): void {
    clearInterval(this.ticking);
    this.own.dispose();
  }

  private get context(): ChildContext {
    const { forest } = this.shown;
    const delegatesOf = (dir: string, shown: ShownRun | undefined) => this.delegatesAt(dir, shown, undefined);
    return { forest, nodes: this.nodes, windows: this.windows, delegatesOf };
  }

  private async childrenOf(node: RunNode | undefined): Promise<RunNode[]> {
    switch (node?.kind) {
      case undefined:
        return topNodes(this.context);
      case "job":
        return jobNodes(node, this.context);
      case "group":
        return groupNodes(node, this.context);
      case "source":
        return (this.shown.forest.sources.get(node.path)?.problems ?? []).map((_, index) =>
          this.nodes.sourceProblem(node.path, index),
        );
      case "run": {
        // Of a run that waits for its first turn there is nothing yet.
        const summary = this.app.runs.get(node.dir);
        if (summary?.isQueued && summary.steps === 0) return [];
        return runNodes(node, await this.runs.get(node.dir), this.context);
      }
      case "step": {
        const shown = await this.runs.get(node.dir);
        return shown ? itemNodes(node, shown, this.context) : [];
      }
      case "item": {
        const shown = await this.runs.get(node.dir);
        return this.delegatesAt(node.dir, shown, node).map(({ dir }) => this.nodes.run(dir));
      }
      default:
        return [];
    }
  }

  /** Makes sure that the node is among the rows of each list above it. */
  private async bring(node: RunNode, changed: RunNode | undefined): Promise<void> {
    const path: RunNode[] = [node];
    for (let up = await this.getParent(node); up; up = await this.getParent(up)) path.unshift(up);
    let first = changed ? path.indexOf(changed) + 1 : path.length;
    for (const [index, child] of path.entries()) {
      const parent = path[index - 1];
      const shown = parent !== undefined && "dir" in parent ? await this.runs.get(parent.dir) : undefined;
      const list = listOf(parent, child, this.context, shown);
      if (this.windows.include(list, keyOf(child))) first = Math.min(first, index);
    }
    if (this.isReordered() || this.isStale) this.fireAll();
    else if (first < path.length) this.changed.fire(path[first - 1]);
  }

  /** A reveal that a refresh overtakes may never be answered (seen in 1.104): it is asked for again, then let go. */
  private async show(node: RunNode, options: { focus: boolean; expand?: boolean }): Promise<void> {
    for (let attempt = 1; attempt <= 2; attempt += 1) {
      const revealed = Promise.resolve(this.view.reveal(node, { select: true, ...options }));
      try {
        return await raceAbort(revealed, AbortSignal.timeout(revealTime));
      } catch {
        // The second time, too, the rest goes on without the row.
      }
    }
  }

  private async rowOf(node: RunNode): Promise<Row | undefined> {
    return await rowOfNode(node, {
      forest: this.shown.forest,
      moment: { now: Date.now(), waiting: this.approvals.waitingRuns() },
      summaryOf: (dir) => this.app.runs.get(dir),
      load: (dir) => this.runs.get(dir),
      hasDelegate: (call, shown) => this.delegatesAt(call.dir, shown, call).length > 0,
      isOpened: (root) => root !== undefined && this.opened.has(root),
    });
  }

  /** The runs that the call delegates to; without a call, those whose call is not known. */
  private delegatesAt(dir: string, shown: ShownRun | undefined, call: ItemNode | undefined): readonly RunSummary[] {
    let known = shown && this.delegates.get(shown);
    if (!known) {
      const run = this.app.runs.get(dir);
      const job = run && this.shown.forest.jobs.get(jobKeyOf(run));
      known = job && run ? delegatesByCall(job, run, shown) : new Map<unknown, RunSummary[]>();
      if (shown) this.delegates.set(shown, known);
    }
    return known.get(call?.seq) ?? [];
  }

  private runsOf(run: RunSummary): readonly RunSummary[] {
    return this.shown.forest.jobs.get(jobKeyOf(run))?.runs ?? [];
  }

  /** A run whose files vanish while it is shown has no children; the index says so soon. */
  private async read(dir: string, wanted: WantedPart): Promise<LoadedRun | undefined> {
    try {
      const loaded = await this.app.runs.load(dir, wanted);
      // Only the index knows that nobody is at work on it.
      const isLeft = this.app.runs.get(dir)?.status === "unknown";
      return isLeft ? { ...loaded, run: { ...loaded.run, status: "unknown" } } : loaded;
    } catch (error) {
      this.view.message = `A run could not be read: ${messageOf(error)}`;
      return undefined;
    }
  }

  private follow({ dirs, isMoved }: RunChange): void {
    this.runs.forget(dirs);
    this.delegates = new WeakMap();
    const jobs = this.shown.follow(dirs, isMoved);
    this.showBadge();
    this.keepTicking();
    if (!this.view.visible) this.isStale = true;
    else if (isMoved && this.isReordered()) this.fireAll();
    else for (const jobDir of jobs) this.fireJob(jobDir);
  }

  private showMissed(): void {
    if (this.isStale) this.fireAll();
  }

  private fireAll(): void {
    this.isStale = false;
    this.isReordered();
    this.changed.fire(undefined);
  }

  /** Whether there are other rows at the top than before, or in another order; then it is told. */
  private isReordered(): boolean {
    const before = this.order;
    const { groups, sources } = this.shown.forest;
    const tops = topNodes(this.context).map((node) => (node.kind === "more" ? [node.id, node.left] : node.id));
    const shown = [...groups.values()].map(({ key, group }) => [key, group.state, group.documents.length]);
    const problems = [...sources.values()].map((source) => [source.path, source.problems.length]);
    this.order = JSON.stringify([tops, shown, problems]);
    return this.order !== before;
  }

  private fireJob(jobDir: string): void {
    const { forest } = this.shown;
    if (forest.groups.has(jobDir)) this.changed.fire(this.nodes.group(jobDir));
    else if (forest.jobs.has(jobDir)) this.changed.fire(this.nodes.job(jobDir));
  }

  private showWaiting(): void {
    this.showBadge();
    this.fireRunning();
  }

  private showBadge(): void {
    const count = this.approvals.waitingRuns().size + this.facts.questions().length;
    if (count === (this.view.badge?.value ?? 0)) return;
    this.view.badge =
      count === 0
        ? undefined
        : { value: count, tooltip: count === 1 ? "1 run waits for you" : `${count} runs wait for you` };
  }

  private fireRunning(): void {
    if (!this.view.visible) {
      this.isStale = true;
      return;
    }
    const jobs = this.app.active.map(({ dir }) => this.shown.jobOf(dir));
    for (const jobDir of new Set(jobs)) if (jobDir !== undefined) this.fireJob(jobDir);
  }

  private keepTicking(): void {
    const going = this.app.active.length > 0;
    if (!going) {
      clearInterval(this.ticking);
      this.ticking = undefined;
    } else this.ticking ??= setInterval(() => this.fireRunning(), tick);
  }
}

/** What of the forest the node is, where it is at the top. */
function topAt(node: RunNode, { jobs, groups, sources }: RunForest): Top | undefined {
  if (node.kind === "job") {
    const job = jobs.get(node.jobDir);
    return job && { kind: "job", job };
  }
  if (node.kind === "group") {
    const group = groups.get(node.key);
    return group?.parent === undefined ? group && { kind: "group", group } : undefined;
  }
  const source = node.kind === "source" ? sources.get(node.path) : undefined;
  return source && { kind: "source", source };
}

/** Whether a click unfolds it; a click on anything else opens what it is about. */
function isParent({ kind }: RunNode): boolean {
  return kind === "job" || kind === "group" || kind === "source" || kind === "run";
}

const goneRow: Row = {
  label: "No longer there",
  icon: { id: "circle-slash" },
  context: ["gone"],
  children: "none",
  spoken: "No longer there",
};
