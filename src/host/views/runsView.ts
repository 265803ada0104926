/** The Runs view: reads a run when it is unfolded, and refreshes the rows that changed, never the whole tree for one. */
import * as vscode from "vscode";
import type { App } from "../../app/app";
import type { LoadedRun, RunSummary } from "../../app/runIndex";
import { DisposableStore } from "../../base/disposable";
import { messageOf } from "../../base/errors";
import { raceAbort } from "../../base/raceAbort";
import type { Run } from "../../model/run";
import { stepAt } from "../../model/stepAt";
import type { Approvals } from "../approvals";
import { openQuestions } from "../openQuestions";
import type { Row } from "./row";
import { rowOfNode } from "./rowOfNode";
import { RunDrop } from "./runDrop";
import { forestOf, type Group, type RunForest, rootOfTop, type Top } from "./runForest";
import { type ItemNode, type RunNode, RunNodes } from "./runNodes";
import { runTooltip } from "./runRows";
import { totalsOf } from "./runTotals";
import { delegatesAt, type Job, jobKeyOf, parentNodeOf, parentNodeOfRun, parentRunOf, topRuns } from "./runTree";
import { tooltipOf, treeItemOf } from "./treeItem";

/** Durations of what runs are shown by the second. */
const tick = 1000;
const keptRuns = 8;
const revealTime = 3000;

/** What the user opened. */
export interface OpenedPlaces {
  has(path: string): boolean;
  readonly onDidChange: vscode.Event<void>;
}

export class RunsView implements vscode.TreeDataProvider<RunNode>, vscode.Disposable {
  private readonly nodes = new RunNodes();
  private readonly own = new DisposableStore();
  private readonly changed = this.own.add(new vscode.EventEmitter<RunNode | undefined>());
  readonly onDidChangeTreeData = this.changed.event;
  readonly view: vscode.TreeView<RunNode>;
  private forest: RunForest = forestOf([], []);
  /** Under which key of a job each run was shown: one that is gone does not say it any more. */
  private jobOf = new Map<string, string>();
  private order = "";
  /** What the rows on screen show, until the index says that it changed. */
  private readonly loaded = new Map<string, Promise<LoadedRun | undefined>>();
  private ticking: NodeJS.Timeout | undefined;

  constructor(
    private readonly app: App,
    private readonly approvals: Approvals,
    private readonly opened: OpenedPlaces,
  ) {
    this.readForest();
    this.view = this.own.add(
      vscode.window.createTreeView("runtrail.runs", {
        treeDataProvider: this,
        showCollapseAll: true,
        dragAndDropController: new RunDrop(),
      }),
    );
    this.own.add(opened.onDidChange(() => this.changed.fire(undefined)));
    this.own.add(app.runs.onDidChange((dirs) => this.refresh(dirs)));
    this.own.add(approvals.onDidChange(() => this.showWaiting()));
  }

  getChildren(node?: RunNode): RunNode[] | Promise<RunNode[]> {
    if (!node) return this.forest.tops.map((top) => this.nodeOfTop(top));
    switch (node.kind) {
      case "job":
        return this.runsOfJob(this.forest.jobs.get(node.jobDir));
      case "group": {
        const group = this.forest.groups.get(node.key);
        return group ? this.groupChildren(group) : [];
      }
      case "source":
        return (this.forest.sources.get(node.path)?.problems ?? []).map((_, index) =>
          this.nodes.sourceProblem(node.path, index),
        );
      case "run":
        return this.runChildren(node.dir);
      case "step":
        return this.load(node.dir).then((loaded) => (loaded ? this.nodes.itemsOf(node.dir, node.step, loaded) : []));
      case "item":
        return this.load(node.dir).then((loaded) => this.delegatesOf(node.dir, loaded?.run, node));
      default:
        return [];
    }
  }

  async getTreeItem(node: RunNode): Promise<vscode.TreeItem> {
    const row = await this.rowOf(node);
    const item = treeItemOf(node.id, row ?? goneRow);
    if (!isParent(node)) {
      item.command = { command: "runtrail.openDetails", title: "Open Details", arguments: [node] };
    }
    return item;
  }

  resolveTreeItem(item: vscode.TreeItem, node: RunNode): vscode.TreeItem {
    const run = node.kind === "run" ? this.app.runs.get(node.dir) : undefined;
    const summary = node.kind === "job" ? this.forest.jobs.get(node.jobDir)?.runs[0] : run;
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
        const parent = this.forest.groups.get(node.key)?.parent;
        return parent && this.nodes.group(parent.key);
      }
      case "sourceProblem":
        return this.nodes.source(node.path);
      case "document":
        return node.owner;
      case "run": {
        const run = this.app.runs.get(node.dir);
        if (!run) return this.nodes.job(this.jobOf.get(node.dir) ?? "");
        const parent = parentRunOf(run, this.runsOf(run));
        const loaded = parent && (await this.load(parent.dir));
        return parentNodeOfRun(run, parent && { dir: parent.dir, loaded: loaded?.run }, this.nodes);
      }
      default:
        return parentNodeOf(node, this.nodes);
    }
  }

  /** The root that a row was looked for in, where it is no job of the workspace. */
  rootOf(node: RunNode): string | undefined {
    const top = this.forest.tops.find((each) => this.nodeOfTop(each).id === node.id);
    return top && rootOfTop(top);
  }

  /** Shows the run, or the place in it, selected; leaves the focus where it is unless asked. */
  async reveal(dir: string, place: { step?: number; seq?: number } = {}, focus = false): Promise<void> {
    if (this.readForest()) this.changed.fire(undefined);
    if (!this.app.runs.get(dir)) return;
    const { step, seq } = place;
    const loaded = step === undefined ? undefined : await this.load(dir);
    const at = loaded && step !== undefined ? (stepAt(loaded.run, step) ?? loaded.run.steps.at(-1)) : undefined;
    const item = at?.items.find((each) => each.seq === seq);
    const node =
      at === undefined
        ? this.nodes.run(dir)
        : item === undefined
          ? this.nodes.step(dir, at.step)
          : this.nodes.item(dir, at.step, item.seq);
    await this.show(node, focus);
  }

  /** A reveal that a refresh overtakes may never be answered (seen in 1.104): it is asked for again, then let go. */
  private async show(node: RunNode, focus: boolean): Promise<void> {
    for (let attempt = 1; attempt <= 2; attempt += 1) {
      const revealed = Promise.resolve(this.view.reveal(node, { select: true, focus, expand: true }));
      try {
        return await raceAbort(revealed, AbortSignal.timeout(revealTime));
      } catch {
        // The second time, too, the rest goes on without the row.
      }
    }
  }

  dispose(): void {
    clearInterval(this.ticking);
    this.own.dispose();
  }

  private async rowOf(node: RunNode): Promise<Row | undefined> {
    return await rowOfNode(node, {
      forest: this.forest,
      moment: { now: Date.now(), waiting: this.approvals.waitingRuns() },
      summaryOf: (dir) => this.app.runs.get(dir),
      load: (dir) => this.load(dir),
      hasDelegate: (call, { run }) => this.delegatesOf(call.dir, run, call).length > 0,
      isOpened: (root) => root !== undefined && this.opened.has(root),
    });
  }

  private nodeOfTop(top: Top): RunNode {
    if (top.kind === "job") return this.nodes.job(top.job.jobDir);
    return top.kind === "group" ? this.nodes.group(top.group.key) : this.nodes.source(top.source.path);
  }

  private runsOfJob(job: Job | undefined): RunNode[] {
    return job ? topRuns(job).map(({ dir }) => this.nodes.run(dir)) : [];
  }

  private groupChildren({ key, group, groups, job }: Group): RunNode[] {
    return [
      ...groups.map((each) => this.nodes.group(each.key)),
      ...this.runsOfJob(job),
      ...this.nodes.documentsOf(this.nodes.group(key), group.documents),
    ];
  }

  private async runChildren(dir: string): Promise<RunNode[]> {
    // Of a run that waits for its first turn there is nothing yet.
    const summary = this.app.runs.get(dir);
    if (summary?.isQueued && summary.steps === 0) return [];
    const loaded = await this.load(dir);
    return [...(loaded ? this.nodes.stepsOf(dir, loaded) : []), ...this.delegatesOf(dir, loaded?.run)];
  }

  /** The runs that the call delegates to; without a call, those whose call is not known. */
  private delegatesOf(dir: string, loaded: Run | undefined, call?: ItemNode): RunNode[] {
    const run = this.app.runs.get(dir);
    const job = run && this.forest.jobs.get(jobKeyOf(run));
    return job && run ? delegatesAt(job, run, loaded, call).map((each) => this.nodes.run(each.dir)) : [];
  }

  private runsOf(run: RunSummary): readonly RunSummary[] {
    return this.forest.jobs.get(jobKeyOf(run))?.runs ?? [];
  }

  private load(dir: string): Promise<LoadedRun | undefined> {
    const known = this.loaded.get(dir);
    if (known) return known;
    const loading = this.read(dir);
    this.loaded.set(dir, loading);
    for (const oldest of this.loaded.keys()) if (this.loaded.size > keptRuns) this.loaded.delete(oldest);
    return loading;
  }

  /** A run whose files vanish while it is shown has no children; the index says so soon. */
  private async read(dir: string): Promise<LoadedRun | undefined> {
    try {
      const loaded = await this.app.runs.load(dir);
      // Only the index knows that nobody is at work on it.
      const isLeft = this.app.runs.get(dir)?.status === "unknown";
      return isLeft ? { ...loaded, run: { ...loaded.run, status: "unknown" } } : loaded;
    } catch (error) {
      this.view.message = `A run could not be read: ${messageOf(error)}`;
      return undefined;
    }
  }

  private refresh(dirs: ReadonlySet<string>): void {
    for (const dir of dirs) this.loaded.delete(dir);
    const before = this.jobOf;
    if (this.readForest()) this.changed.fire(undefined);
    else {
      const jobs = [...dirs].map((dir) => this.jobOf.get(dir) ?? before.get(dir));
      for (const jobDir of new Set(jobs)) if (jobDir !== undefined) this.fireJob(jobDir);
    }
    this.showBadge();
    this.keepTicking();
  }

  private fireJob(jobDir: string): void {
    if (this.forest.groups.has(jobDir)) this.changed.fire(this.nodes.group(jobDir));
    else if (this.forest.jobs.has(jobDir)) this.changed.fire(this.nodes.job(jobDir));
  }

  /** Whether there are other jobs, groups or places than before, or in another order. */
  private readForest(): boolean {
    const before = this.order;
    const runs = this.app.runs.list();
    this.forest = forestOf(runs, this.app.runs.sources());
    const { tops, jobs, groups, sources } = this.forest;
    this.jobOf = new Map(runs.map((run) => [run.dir, jobKeyOf(run)]));
    this.nodes.retain({
      dirs: new Set(runs.map(({ dir }) => dir)),
      jobDirs: new Set(jobs.keys()),
      groups: new Set(groups.keys()),
      sources: new Set(sources.keys()),
    });
    const shown = [...groups.values()].map(({ key, group }) => [key, group.state, group.documents.length]);
    const problems = [...sources.values()].map((source) => [source.path, source.problems.length]);
    this.order = JSON.stringify([tops.map((top) => this.nodeOfTop(top).id), shown, problems]);
    return this.order !== before;
  }

  private showWaiting(): void {
    this.showBadge();
    this.fireRunning();
  }

  private showBadge(): void {
    const count = this.approvals.waitingRuns().size + openQuestions(this.app.runs.list()).length;
    if (count === (this.view.badge?.value ?? 0)) return;
    this.view.badge =
      count === 0
        ? undefined
        : { value: count, tooltip: count === 1 ? "1 run waits for you" : `${count} runs wait for you` };
  }

  private fireRunning(): void {
    for (const { jobDir, runs } of this.forest.jobs.values()) {
      if (runs.some(({ status, isHere }) => status === "running" && isHere)) this.fireJob(jobDir);
    }
  }

  private keepTicking(): void {
    const going = this.app.active.length > 0;
    if (!going) {
      clearInterval(this.ticking);
      this.ticking = undefined;
    } else this.ticking ??= setInterval(() => this.view.visible && this.fireRunning(), tick);
  }
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
