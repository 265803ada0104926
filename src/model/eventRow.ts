/** An event as a row of a list shows it: small, plain data, whatever the event holds. */

import type { EventType, RunEvent } from "./events";
import { describeHappening, type EventText } from "./eventText";
import type { FailureGrade } from "./failure";
import { failureOf } from "./failures";
import { oneLine } from "./plainText";
import type { Usage } from "./usage";

export interface EventRow {
  /** Position in the log: 0, 1, 2 … */
  at: number;
  seq: number;
  /** Unix ms; 0 where it is not known. */
  time: number;
  type: EventType;
  step: number;
  level: EventText["level"];
  /** One line, without what has a field of its own below. */
  text: string;
  grade?: FailureGrade;
  /** How long what ended here took. */
  durationMs?: number;
  tokens?: number;
  /** USD. */
  cost?: number;
  /** Whose event it is, where rows of several runs stand together. */
  run?: RowRun;
}

export interface RowRun {
  dir: string;
  expertKey: string;
  runId: string;
  /** Unix ms. */
  startedAt: number;
}

const textLimit = 300;

export function eventRowOf(event: RunEvent, at: number): EventRow {
  const { seq, timestamp, type, step } = event;
  const { level, text } = describeHappening(withoutMeasures(event));
  const measures = event as { durationMs?: number; usage?: Usage; totalUsage?: Usage; cost?: number };
  const grade = failureOf(event)?.grade;
  const tokens = (measures.totalUsage ?? measures.usage)?.totalTokens;
  return {
    at,
    seq,
    time: timestamp,
    type,
    step,
    level,
    text: oneLine(text, textLimit),
    ...(grade && { grade }),
    ...(measures.durationMs !== undefined && { durationMs: measures.durationMs }),
    ...(tokens !== undefined && tokens > 0 && { tokens }),
    ...(measures.cost !== undefined && { cost: measures.cost }),
  };
}

/** What has a column of its own is not repeated in the text. */
function withoutMeasures(event: RunEvent): RunEvent {
  const nothing = { durationMs: undefined, usage: undefined, totalUsage: undefined, cost: undefined };
  return { ...event, ...nothing } as unknown as RunEvent;
}
