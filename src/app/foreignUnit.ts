/** What is read of another system in one piece: the rows of its runs, and which of them someone is at work on. */
import type { ForeignRun, FormatProblem } from "../formats/format";
import { runOf } from "../model/run";
import type { RunSummary } from "./runIndex";
import { summarizeRun } from "./summarizeRun";

/** As long as a generation of Perstack may take: a run that says nothing for longer has nobody who goes on with it. */
const quietMs = 5 * 60_000;
/** A file that was made so short a time ago may not have been written to its end. */
export const settleMs = 2_000;

const mostProblems = 200;

export interface UnitPorts {
  show(summary: RunSummary): void;
  forget(dir: string): void;
  now(): number;
}

/** How a file or folder stood when it was looked at. */
export interface PartStamp {
  /** Unix ms. */
  modifiedAt: number;
  /** Bytes; 0 of a folder. */
  size: number;
}

export interface UnitRow {
  summary: RunSummary;
  /** No end is recorded. */
  isOpen: boolean;
  /** Whether the part is a part of it. */
  owns(part: string): boolean;
}

/** @param more what the summary says beyond the run. None where there is no event. */
export function rowsOf(
  { dir, events }: ForeignRun,
  more: Pick<RunSummary, "source" | "sourceLabel" | "root" | "groups">,
  owns: (part: string) => boolean,
): UnitRow[] {
  const run = runOf(events);
  if (!run) return [];
  const summary = { ...summarizeRun(run, { dir, isHere: false }), ...more };
  return [{ summary, isOpen: run.status === "running", owns }];
}

/** As many as a tree has room for; the last one says how many more there are. */
export function fewProblems(problems: readonly FormatProblem[]): readonly FormatProblem[] {
  const next = problems[mostProblems - 1];
  if (!next || problems.length <= mostProblems) return problems;
  const more = problems.length - mostProblems + 1;
  const reason = `And ${more} more problems: “runtrail log <path> --summary” lists all.`;
  return [...problems.slice(0, mostProblems - 1), { ...next, reason }];
}

export class ForeignUnit {
  private parts: ReadonlyMap<string, PartStamp> = new Map();
  /** When each part was last seen to change; none at the first look. */
  private readonly changes = new Map<string, number>();
  private rows: readonly UnitRow[] = [];
  private isSettled = false;

  constructor(private readonly ports: UnitPorts) {}

  /** Changes whenever what it is made of does. */
  get stamp(): string {
    return stampOf(this.parts);
  }

  get dirs(): string[] {
    return this.rows.map(({ summary }) => summary.dir);
  }

  /** Whether it is likely to change: a run has no end yet, or a file may not have been written to its end. */
  get isMoving(): boolean {
    return !this.isSettled || this.rows.some(({ isOpen }) => isOpen);
  }

  /** Whether someone is at work on it, or may not have written a file to its end. */
  get isBusy(): boolean {
    return !this.isSettled || this.rows.some((row) => this.isAtWork(row));
  }

  /** Whether it was read as it stands; then only whether someone is at work on it may be another. */
  isRead(parts: ReadonlyMap<string, PartStamp>): boolean {
    return this.isSettled && stampOf(parts) === this.stamp;
  }

  /** @param isNews what was there at the first look says nothing of whether someone is at work on it. */
  take(parts: ReadonlyMap<string, PartStamp>, rows: readonly UnitRow[], isNews: boolean): void {
    for (const [part, stamp] of parts) {
      if (isNews && textOf(this.parts.get(part)) !== textOf(stamp)) this.changes.set(part, this.ports.now());
    }
    this.forgetAllBut(new Set(rows.map(({ summary }) => summary.dir)));
    this.parts = parts;
    this.rows = rows;
    this.isSettled = [...parts.values()].every(({ modifiedAt }) => this.ports.now() - modifiedAt > settleMs);
    this.show(true);
  }

  /** Shows the runs that someone began or ceased to work on; `isNew`: all of them. */
  show(isNew = false): void {
    for (const row of this.rows) {
      const status = this.isAtWork(row) ? "running" : "unknown";
      if (!isNew && (!row.isOpen || row.summary.status === status)) continue;
      if (row.isOpen) row.summary = { ...row.summary, status };
      this.ports.show(row.summary);
    }
  }

  drop(): void {
    this.forgetAllBut(new Set());
    this.rows = [];
  }

  private forgetAllBut(kept: ReadonlySet<string>): void {
    for (const dir of this.dirs) if (!kept.has(dir)) this.ports.forget(dir);
  }

  private isAtWork({ isOpen, owns, summary }: UnitRow): boolean {
    const { runId } = summary;
    if (!isOpen) return false;
    const due = this.ports.now() - quietMs;
    if ([...this.changes].some(([part, at]) => at > due && owns(part))) return true;
    const delegates = this.rows.filter((row) => row.summary.parentRunId === runId && row.summary.runId !== runId);
    return delegates.some((row) => this.isAtWork(row));
  }
}

function stampOf(parts: ReadonlyMap<string, PartStamp>): string {
  return [...parts].map(([part, stamp]) => `${part}:${textOf(stamp)}`).join();
}

function textOf(stamp: PartStamp | undefined): string {
  return stamp ? `${stamp.modifiedAt}/${stamp.size}` : "";
}
