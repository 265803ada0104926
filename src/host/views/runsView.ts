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
import { type ItemNode, type RunNode, RunNodes } from "./runNodes";
import { jobRow, runRow, runTooltip } from "./runRows";
import { totalsOf } from "./runTotals";
import {
  delegatesAt,
  type Job,
  jobDirOf,
  jobsOf,
  parentNodeOf,
  parentNodeOfRun,
  parentRunOf,
  topRuns,
} from "./runTree";
import { checkpointRow, itemRow, problemRow, stepRow } from "./stepRows";
import { tooltipOf, treeItemOf } from "./treeItem";

/** Durations of what runs are shown by the second. */
const tick = 1000;
const keptRuns = 8;
const revealTime = 3000;

export class RunsView implements vscode.TreeDataProvider<RunNode>, vscode.Disposable {
  private readonly nodes = new RunNodes();
  private readonly own = new DisposableStore();
  private readonly changed = this.own.add(new vscode.EventEmitter<RunNode | undefined>());
  readonly onDidChangeTreeData = this.changed.event;
  readonly view: vscode.TreeView<RunNode>;
  private jobs = new Map<string, Job>();
  private order = "";
  /** What the rows on screen show, until the index says that it changed. */
  private readonly loaded = new Map<string, Promise<LoadedRun | undefined>>();
  private ticking: NodeJS.Timeout | undefined;

  constructor(
    private readonly app: App,
    private readonly approvals: Approvals,
  ) {
    this.readJobs();
    this.view = this.own.add(
      vscode.window.createTreeView("runtrail.runs", { treeDataProvider: this, showCollapseAll: true }),
    );
    this.own.add(app.runs.onDidChange((dirs) => this.refresh(dirs)));
    this.own.add(approvals.onDidChange(() => this.showWaiting()));
  }

  getChildren(node?: RunNode): RunNode[] | Promise<RunNode[]> {
    if (!node) return [...this.jobs.keys()].map((jobDir) => this.nodes.job(jobDir));
    switch (node.kind) {
      case "job": {
        const job = this.jobs.get(node.jobDir);
        return job ? topRuns(job).map(({ dir }) => this.nodes.run(dir)) : [];
      }
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
    if (node.kind !== "job" && node.kind !== "run") {
      item.command = { command: "runtrail.openDetails", title: "Open Details", arguments: [node] };
    }
    return item;
  }

  resolveTreeItem(item: vscode.TreeItem, node: RunNode): vscode.TreeItem {
    const run = node.kind === "run" ? this.app.runs.get(node.dir) : undefined;
    const summary = node.kind === "job" ? this.jobs.get(node.jobDir)?.runs[0] : run;
    if (summary) item.tooltip = tooltipOf(runTooltip(summary, this.totalsOf(summary)));
    return item;
  }

  async getParent(node: RunNode): Promise<RunNode | undefined> {
    if (node.kind === "job") return undefined;
    if (node.kind !== "run") return parentNodeOf(node, this.nodes);
    const run = this.app.runs.get(node.dir);
    if (!run) return this.nodes.job(jobDirOf(node.dir));
    const parent = parentRunOf(run, this.runsOf(run));
    const loaded = parent && (await this.load(parent.dir));
    return parentNodeOfRun(run, parent && { dir: parent.dir, loaded: loaded?.run }, this.nodes);
  }

  /** Shows the run, or the place in it, selected; leaves the focus where it is unless asked. */
  async reveal(dir: string, place: { step?: number; seq?: number } = {}, focus = false): Promise<void> {
    if (this.readJobs()) this.changed.fire(undefined);
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
    const moment = { now: Date.now(), waiting: this.approvals.waitingRuns() };
    if (node.kind === "job") {
      const job = this.jobs.get(node.jobDir);
      return job && jobRow(job, moment);
    }
    if (node.kind === "run") {
      const run = this.app.runs.get(node.dir);
      return run && runRow(run, moment, this.totalsOf(run));
    }
    const loaded = await this.load(node.dir);
    if (!loaded) return undefined;
    if (node.kind === "problem") {
      const problem = loaded.problems[node.index];
      return problem && problemRow(problem);
    }
    const step = stepAt(loaded.run, node.step);
    if (!step) return undefined;
    if (node.kind === "step") return stepRow(loaded.run, step, moment);
    if (node.kind === "checkpoint") return checkpointRow(loaded.run, step);
    const item = step.items.find((each) => each.seq === node.seq);
    return item && itemRow(loaded.run, step, item, this.delegatesOf(node.dir, loaded.run, node).length > 0);
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
    const job = this.jobs.get(jobDirOf(dir));
    const run = this.app.runs.get(dir);
    return job && run ? delegatesAt(job, run, loaded, call).map((each) => this.nodes.run(each.dir)) : [];
  }

  private runsOf({ dir }: RunSummary): readonly RunSummary[] {
    return this.jobs.get(jobDirOf(dir))?.runs ?? [];
  }

  private totalsOf(run: RunSummary) {
    return totalsOf(run, this.runsOf(run));
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
      return await this.app.runs.load(dir);
    } catch (error) {
      this.view.message = `A run could not be read: ${messageOf(error)}`;
      return undefined;
    }
  }

  private refresh(dirs: ReadonlySet<string>): void {
    for (const dir of dirs) this.loaded.delete(dir);
    if (this.readJobs()) this.changed.fire(undefined);
    else for (const jobDir of new Set([...dirs].map(jobDirOf))) this.fireJob(jobDir);
    this.showBadge();
    this.keepTicking();
  }

  private fireJob(jobDir: string): void {
    if (this.jobs.has(jobDir)) this.changed.fire(this.nodes.job(jobDir));
  }

  /** Whether there are other jobs than before, or in another order. */
  private readJobs(): boolean {
    const before = this.order;
    const runs = this.app.runs.list();
    this.jobs = new Map(jobsOf(runs).map((job) => [job.jobDir, job]));
    this.order = [...this.jobs.keys()].join("\n");
    this.nodes.retain(new Set(runs.map(({ dir }) => dir)), new Set(this.jobs.keys()));
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
    for (const { jobDir, runs } of this.jobs.values()) {
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

const goneRow: Row = {
  label: "No longer there",
  icon: { id: "circle-slash" },
  context: ["gone"],
  children: "none",
  spoken: "No longer there",
};
