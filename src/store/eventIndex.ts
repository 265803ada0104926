/** Where each event of a log stands, and what of it can be told without parsing its line: the contract of the index. */
import type { EventType } from "../model/events";
import type { JournalProblem } from "./readJournal";

/** Columns over the events of one log, by their position: 0, 1, 2 … in the order of its lines. */
export interface EventIndex {
  /** Whole lines that are events. */
  readonly count: number;
  /** How much of the log is covered: behind its last whole line. */
  readonly bytes: number;
  /** Different steps, the one before the first not counted. */
  readonly steps: number;
  /** Positions of the events that `failureOf` may make a failure of, first to last. */
  readonly failures: readonly number[];
  /** Lines that are no events, and a torn last one; at most 1000. */
  readonly problems: readonly JournalProblem[];
  /** Of the line in the file, in bytes. */
  offsetOf(at: number): number;
  /** Without its LF. */
  lengthOf(at: number): number;
  typeOf(at: number): EventType;
  seqOf(at: number): number;
  stepOf(at: number): number;
  /** Unix ms. */
  timestampOf(at: number): number;
  isFailure(at: number): boolean;
  /** Position of the event with this `seq`; `undefined` where there is none. */
  find(seq: number): number | undefined;
  /** Positions of the first and behind the last event of the step. */
  rangeOf(step: number): { from: number; to: number } | undefined;
}
