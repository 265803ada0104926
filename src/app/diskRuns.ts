/** The runs of ours on disk: which jobs there are, how each journal stood when it was read, and what became of it since. */
import { stat } from "node:fs/promises";
import { sep } from "node:path";
import { assertNever } from "../base/errors";
import { journalStampOf } from "../store/journalStamp";
import { layout } from "../store/layout";
import { jobDirOf } from "../store/runFolders";
import type { LogReader } from "./logReader";
import type { JobPlace, JobToRead, KnownRun, RunReading } from "./readJobs";
import type { RunSummary } from "./runIndex";

export interface DiskRunsPorts {
  readonly logs: LogReader;
  get(dir: string): RunSummary | undefined;
  show(summary: RunSummary): void;
  forget(dir: string): void;
  /** Whether the run is known from its events, whatever the disk says. */
  isHere(dir: string): boolean;
  /** Whether it still goes on here. */
  isLive(dir: string): boolean;
  onError(error: unknown): void;
}

interface Job {
  root: string | undefined;
  /** The folders of its runs of ours. */
  runs: Set<string>;
  /** Whether there is something that another system may know. */
  hasOther: boolean;
}

/** Jobs read with one task. */
const jobsPerTask = 200;
/** Tasks that wait for each other's disk. */
const tasksAtOnce = 2;
const settleMs = 30_000;

export class DiskRuns {
  private folders: readonly string[] = [];
  /** How the paths of their jobs begin. */
  private insides: readonly string[] = [];
  private roots: readonly string[] = [];
  private readonly jobs = new Map<string, Job>();
  /** New jobs are looked at again until then (Unix ms) although nothing tells of a change: their files come one by one. */
  private readonly unsettled = new Map<string, number>();
  private readonly stamps = new Map<string, string>();
  /** When each run was asked for whose answer was taken last: an answer that comes late changes nothing. */
  private readonly takenAt = new Map<string, number>();
  private asked = 0;
  private seenJobs = "";
  private hasLooked = false;

  constructor(private readonly ports: DiskRunsPorts) {}

  /** Whether the run has been read. */
  has(dir: string): boolean {
    return this.stamps.has(dir);
  }

  /** How its journal stood. */
  stampOf(dir: string): string | undefined {
    return this.stamps.get(dir);
  }

  hasJob(jobDir: string): boolean {
    return this.jobs.has(jobDir);
  }

  /** The jobs of the workspace that another system may know. */
  get otherJobs(): string[] {
    return [...this.jobs].flatMap(([jobDir, { hasOther }]) => (hasOther && this.isOfWorkspace(jobDir) ? [jobDir] : []));
  }

  isOfWorkspace(jobDir: string): boolean {
    return this.insides.some((inside) => jobDir.startsWith(inside));
  }

  setPlaces(folders: readonly string[], roots: readonly string[]): void {
    this.folders = folders;
    this.insides = folders.map((folder) => layout.jobs(folder) + sep);
    this.roots = roots;
  }

  /** What was known of the run before this program began; it is looked at with all the others. */
  believe(summary: RunSummary, stamp: string): void {
    const { dir } = summary;
    if (this.stamps.has(dir) || this.ports.isHere(dir)) return;
    this.keep(dir, stamp);
    this.ports.show(summary);
  }

  /** The run goes on here: it need not be read. */
  expect(dir: string): void {
    this.jobOf(jobDirOf(dir)).runs.add(dir);
  }

  /** The run was watched to its end: it need not be read again. */
  async settle(dir: string): Promise<void> {
    this.takenAt.set(dir, this.ask());
    this.expect(dir);
    const stamp = await journalStampOf(dir);
    if (stamp !== undefined && !this.ports.isHere(dir)) this.keep(dir, stamp);
  }

  /** Looks at every job and run, those first that changed last. */
  async lookAtAll(signal: AbortSignal): Promise<void> {
    const listed = await this.list(true, signal);
    await this.read(
      listed.map(({ jobDir }) => jobDir),
      signal,
    );
    this.hasLooked = true;
  }

  /** A look that costs nothing where no job came or went and nobody is at work. Gives back the jobs that others may know. */
  async check(going: Iterable<string>, signal: AbortSignal): Promise<string[]> {
    const due = new Set<string>();
    if ((await this.jobsStamp()) !== this.seenJobs) {
      const known = new Set(this.jobs.keys());
      for (const { jobDir } of await this.list(false, signal)) if (!known.has(jobDir)) due.add(jobDir);
    }
    for (const dir of going) due.add(jobDirOf(dir));
    for (const [jobDir, until] of this.unsettled) {
      if (until < Date.now()) this.unsettled.delete(jobDir);
      else due.add(jobDir);
    }
    await this.read([...due], signal);
    return [...due].filter((jobDir) => this.jobs.get(jobDir)?.hasOther && this.isOfWorkspace(jobDir));
  }

  async lookAtJobs(jobDirs: readonly string[], signal: AbortSignal): Promise<void> {
    await this.read(jobDirs, signal);
  }

  async lookAtRuns(dirs: readonly string[], signal: AbortSignal): Promise<void> {
    if (dirs.length === 0) return;
    const turn = this.ask();
    const runs = dirs.map((dir) => this.known(dir));
    for (const reading of await this.ports.logs.do("readRuns", { runs }, { signal })) this.take(reading, turn);
  }

  private async list(isSorted: boolean, signal: AbortSignal): Promise<JobPlace[]> {
    const { folders, roots } = this;
    const before = [...this.jobs];
    this.seenJobs = await this.jobsStamp();
    const places = new Map<string, JobPlace>();
    const onPart = (part: readonly JobPlace[]) => {
      // A job of the workspace is one, also where it was asked for.
      for (const place of part)
        if (place.root === undefined || !places.has(place.jobDir)) places.set(place.jobDir, place);
    };
    await this.ports.logs.do("listJobs", { folders, roots, isSorted }, { signal, onPart });
    // What came meanwhile may have come too late to be listed.
    for (const [jobDir, job] of before) {
      const place = places.get(jobDir);
      if (!place) this.drop(jobDir);
      else if (place.root !== job.root) this.move(job, place.root);
    }
    return [...places.values()];
  }

  private async read(jobDirs: readonly string[], signal: AbortSignal): Promise<void> {
    const slices: string[][] = [];
    for (let at = 0; at < jobDirs.length; at += jobsPerTask) slices.push(jobDirs.slice(at, at + jobsPerTask));
    const queue = slices.values();
    const worker = async () => {
      for (const slice of queue) await this.readSlice(slice, signal);
    };
    await Promise.all(Array.from({ length: tasksAtOnce }, worker));
  }

  private async readSlice(slice: readonly string[], signal: AbortSignal): Promise<void> {
    const turn = this.ask();
    const jobs = slice.map((jobDir): JobToRead => {
      return { jobDir, known: [...this.jobOf(jobDir).runs].map((dir) => this.known(dir)) };
    });
    const onPart = (rows: readonly RunReading[]) => {
      if (!signal.aborted) for (const row of rows) this.take(row, turn);
    };
    for (const { jobDir, runs, hasOther } of await this.ports.logs.do("readJobs", { jobs }, { signal, onPart })) {
      const job = this.jobOf(jobDir);
      job.hasOther = hasOther;
      if (runs.length > 0 && !hasOther) this.unsettled.delete(jobDir);
      const found = new Set(runs);
      for (const dir of job.runs) if (!found.has(dir)) this.take({ dir, kind: "none" }, turn);
    }
  }

  private take(reading: RunReading, turn: number): void {
    const { dir } = reading;
    const isKnownBetter = reading.kind === "none" ? this.ports.isLive(dir) : this.ports.isHere(dir);
    if (isKnownBetter || (this.takenAt.get(dir) ?? 0) > turn) return;
    this.takenAt.set(dir, turn);
    switch (reading.kind) {
      case "none":
        this.stamps.delete(dir);
        this.jobs.get(jobDirOf(dir))?.runs.delete(dir);
        if (this.ports.get(dir)?.source === undefined) this.ports.forget(dir);
        return;
      case "left": {
        const known = this.ports.get(dir);
        if (known?.status === "running") this.ports.show({ ...known, status: "unknown" });
        return;
      }
      case "read": {
        this.keep(dir, reading.stamp);
        const { root } = this.jobOf(jobDirOf(dir));
        this.ports.show({ ...reading.summary, ...(root !== undefined && { root }) });
        return;
      }
      case "failed":
        this.ports.onError(new Error(`${dir} could not be read: ${reading.reason}`));
        return;
      case "same":
        return;
      default:
        assertNever(reading);
    }
  }

  private keep(dir: string, stamp: string): void {
    this.stamps.set(dir, stamp);
    this.jobOf(jobDirOf(dir)).runs.add(dir);
  }

  private drop(jobDir: string): void {
    const turn = this.ask();
    for (const dir of this.jobs.get(jobDir)?.runs ?? []) this.take({ dir, kind: "none" }, turn);
    this.jobs.delete(jobDir);
    this.unsettled.delete(jobDir);
  }

  private move(job: Job, root: string | undefined): void {
    job.root = root;
    for (const dir of job.runs) {
      const { root: _, ...summary } = this.ports.get(dir) ?? {};
      if ("dir" in summary) this.ports.show({ ...summary, ...(root !== undefined && { root }) } as RunSummary);
    }
  }

  private jobOf(jobDir: string): Job {
    const known = this.jobs.get(jobDir);
    if (known) return known;
    const added: Job = { root: this.rootOf(jobDir), runs: new Set(), hasOther: false };
    this.jobs.set(jobDir, added);
    if (this.hasLooked) this.unsettled.set(jobDir, Date.now() + settleMs);
    return added;
  }

  private rootOf(jobDir: string): string | undefined {
    if (this.isOfWorkspace(jobDir)) return undefined;
    return this.roots.find((root) => jobDir === root || root.startsWith(jobDir + sep) || jobDir.startsWith(root + sep));
  }

  private known(dir: string): KnownRun {
    if (this.ports.isLive(dir)) return { dir, isHere: true };
    const stamp = this.stamps.get(dir);
    const { isHere, status } = this.ports.get(dir) ?? {};
    // What a row tells that was made here is not what the journal said.
    if (stamp === undefined || isHere) return { dir };
    return { dir, stamp, ...(status === "running" && { isRunning: true }) };
  }

  private ask(): number {
    this.asked += 1;
    return this.asked;
  }

  /** Changes whenever a job's folder comes or goes. */
  private async jobsStamp(): Promise<string> {
    const places = [...this.folders, ...this.roots];
    const stats = await Promise.all(places.map((place) => stat(layout.jobs(place)).catch(() => undefined)));
    return stats.map((stats) => `${stats?.ino}:${stats?.mtimeMs}`).join();
  }
}
