/** Where each event of a log stands, and what of it can be told without parsing its line; kept up with the log as it grows. */
import type { FileHandle } from "node:fs/promises";
import type { EventType } from "../model/events";
import { EventColumns } from "./eventColumns";
import { indexLog } from "./indexLog";
import { agreesInPlaces, loadSidecar, mayBeKept, snapshotSidecar } from "./indexSidecar";
import { holds, isSealed, type LogProof, type LogState, proveLog, stateOfLog } from "./logProof";
import { explainOpen, type JournalProblem } from "./readJournal";
import { openToRead } from "./readLines";

/**
 * Columns over the events of one log, by their position: 0, 1, 2 … in the order of its lines. What is known by a position
 * never changes; there may come more of them.
 *
 * A line is an event by its head (see `EventScanner` for what that promises). Whether all of it is sound, only who parses
 * it can tell; see `IndexedEvents`.
 */
export interface EventIndex {
  /** Whole lines that are events. */
  readonly count: number;
  /** How much of the log is covered: behind its last whole line. */
  readonly bytes: number;
  /** Different steps, the one before the first not counted. */
  readonly steps: number;
  /** Positions of the events that `failureOf` makes a failure of, first to last. */
  readonly failures: readonly number[];
  /** Lines that are no events, at most 1000, and a torn last one. */
  readonly problems: readonly JournalProblem[];
  /** Of the line in the file, in bytes; behind a mark that the file begins with. */
  offsetOf(at: number): number;
  /** Without its LF, and a CR before it. */
  lengthOf(at: number): number;
  typeOf(at: number): EventType;
  seqOf(at: number): number;
  stepOf(at: number): number;
  /** Unix ms. */
  timestampOf(at: number): number;
  isFailure(at: number): boolean;
  /** Position of the (first) event with this `seq`; `undefined` where there is none. */
  find(seq: number): number | undefined;
  /** Positions of the first and behind the last event of the step. */
  rangeOf(step: number): { from: number; to: number } | undefined;
}

/** "replaced": it is another log now, `index` another object, and no position of before holds. */
export type IndexChange = "same" | "grown" | "replaced";

export interface IndexedLog {
  readonly file: string;
  /** Nothing is in it before the first `refresh`. It grows during one; then another object may take its place. */
  readonly index: EventIndex;
  /**
   * Looks what came to the log, and reads that. Several at once are done one after the other. Never throws for the log
   * (a missing one has no events, and a problem); rejects with the signal's reason.
   */
  refresh(signal?: AbortSignal): Promise<IndexChange>;
  /** Reads the whole log anew: for whoever found that it does not agree with the index. */
  rebuild(signal?: AbortSignal): Promise<void>;
  /** What is to be kept of the index is on disk then. */
  close(): Promise<void>;
}

export interface IndexOptions {
  /** Whether the index may be kept beside a large log, and one that is there be believed. */
  mayKeep: boolean;
  newId(): string;
  /** From this size on, in bytes. */
  keepFrom?: number;
}

/** Reads nothing yet. */
export function openEventIndex(file: string, options: IndexOptions): IndexedLog {
  return new OpenIndex(file, options);
}

const usualKeepFrom = 4 * 1024 * 1024;
/** What is kept beside the log is written again when the log has grown by so much. */
const growthToKeep = 1.25;
/** A log that is replaced while it is read is read again, but not for ever. */
const mostAttempts = 3;

class OpenIndex implements IndexedLog {
  private columns: EventColumns;
  /** Of the log that the columns are about; `undefined` where they are about none. */
  private proof: LogProof | undefined;
  private mayLoad: boolean;
  /** Bytes that are covered by what was kept beside the log. */
  private keptBytes = 0;
  private going: Promise<unknown> = Promise.resolve();
  private saving: Promise<void> = Promise.resolve();

  constructor(
    readonly file: string,
    private readonly options: IndexOptions,
  ) {
    this.columns = new EventColumns(file);
    this.mayLoad = options.mayKeep;
  }

  get index(): EventIndex {
    return this.columns;
  }

  refresh(signal?: AbortSignal): Promise<IndexChange> {
    return this.afterOthers(() => this.catchUp(signal));
  }

  rebuild(signal?: AbortSignal): Promise<void> {
    return this.afterOthers(async () => {
      this.forget();
      await this.catchUp(signal);
    });
  }

  async close(): Promise<void> {
    await this.going;
    this.keep(1);
    await this.saving;
  }

  private async afterOthers<Result>(action: () => Promise<Result>): Promise<Result> {
    const result = this.going.then(action);
    this.going = result.catch(() => undefined);
    return await result;
  }

  private async catchUp(signal: AbortSignal | undefined): Promise<IndexChange> {
    signal?.throwIfAborted();
    const { columns: before, proof } = this;
    const bytes = proof?.bytes ?? 0;
    let handle: FileHandle | undefined;
    try {
      handle = await openToRead(this.file);
      await this.readNew(handle, signal);
      this.keep(growthToKeep);
    } catch (error) {
      if (signal?.aborted) throw error;
      this.forget();
      this.columns.addProblem(explainOpen(error));
    } finally {
      await handle?.close();
    }
    if (this.columns !== before && before.count > 0) return "replaced";
    return this.columns.bytes > bytes ? "grown" : "same";
  }

  private async readNew(handle: FileHandle, signal: AbortSignal | undefined): Promise<void> {
    for (let attempt = 1; attempt <= mostAttempts; attempt += 1) {
      const state = await stateOfLog(handle);
      if (!this.proof || !(await holds(this.proof, handle, state))) this.forget();
      if (this.mayLoad) await this.load(handle, state);
      if (this.proof?.size === state.size) return;
      const before = this.proof ?? (await proveLog(handle, state, Math.min(state.size, firstBytes)));
      await this.extend(handle, state, signal);
      // It may have been cut off and written anew meanwhile: then this is no log, but the pieces of two.
      const isIntact = (await stateOfLog(handle)).size >= state.size && (await isSealed(before, handle));
      if (isIntact) return;
      this.forget();
    }
    throw new Error("The log was replaced again and again while it was read.");
  }

  private async extend(handle: FileHandle, state: LogState, signal: AbortSignal | undefined): Promise<void> {
    try {
      await indexLog(this.columns, handle, state.size, signal);
      this.proof = await proveLog(handle, state, this.columns.bytes);
    } catch (error) {
      // Another time it goes on from here.
      const { bytes } = this.columns;
      this.proof = await proveLog(handle, { ...state, size: bytes }, bytes).catch(() => undefined);
      throw error;
    }
  }

  private async load(handle: FileHandle, state: LogState): Promise<void> {
    this.mayLoad = false;
    const { keepFrom = usualKeepFrom } = this.options;
    const kept = state.size < keepFrom ? undefined : await loadSidecar(this.file);
    if (!kept || !(await holds(kept.proof, handle, state))) return;
    if (!(await agreesInPlaces(kept.columns, handle).catch(() => false))) return;
    this.columns = kept.columns;
    this.proof = kept.proof;
    this.keptBytes = kept.proof.bytes;
  }

  /** In the background. That it cannot be written is no loss: it is made again. */
  private keep(growth: number): void {
    const { columns, proof, keptBytes } = this;
    const { mayKeep, keepFrom = usualKeepFrom, newId } = this.options;
    if (!mayKeep || !proof || proof.bytes < keepFrom || !mayBeKept(columns)) return;
    if (proof.bytes === keptBytes || proof.bytes < keptBytes * growth) return;
    this.keptBytes = proof.bytes;
    const write = snapshotSidecar(columns, proof);
    this.saving = this.saving.then(() => write(this.file, newId())).catch(() => undefined);
  }

  private forget(): void {
    this.columns = new EventColumns(this.file);
    this.proof = undefined;
    this.keptBytes = 0;
  }
}

/** Enough to tell two logs from each other: an event's id is in it. */
const firstBytes = 4096;
