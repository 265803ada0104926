/** What is done with logs away from the editor's thread: one function for each task, over plain data alone. */

import { OpenLogs } from "./openLogs";
import { createJobReader, type JobReader } from "./readJobs";
import { createPartReader, type PartReader } from "./readPart";
import { createRowReader, type RowReader } from "./readRows";
import { createSummaryReader, type SummaryReader } from "./readSummary";
import { createLogSearcher, type LogSearcher, type OpenForeign } from "./searchLogs";

export interface TaskContext<Part = never> {
  readonly signal: AbortSignal;
  /** Whether files may be left beside a log, such as its index: not in a workspace that is not trusted. */
  readonly mayWrite: boolean;
  /** Sends a piece of the result ahead of its end. */
  emit(part: Part): void;
}

/** Arguments, result and parts go from thread to thread: data that `structuredClone` takes. */
export type LogTask<Args, Result, Part = never> = (args: Args, context: TaskContext<Part>) => Promise<Result>;

export interface LogTasks extends JobReader, LogSearcher, PartReader, RowReader, SummaryReader {}

/** What few logs need and takes long to load: a thread that is to start fast loads it when it is needed. */
export interface LogTaskParts {
  /** Whether somebody is at work on the run. */
  isAlive(dir: string): Promise<boolean>;
  /** Where runs of other systems come from. */
  openForeign: OpenForeign;
}

/** The tasks share what they keep open between two calls. */
export function createLogTasks({ isAlive, openForeign }: LogTaskParts): LogTasks {
  const logs = new OpenLogs();
  return {
    ...createJobReader(logs, isAlive),
    ...createLogSearcher(openForeign),
    ...createPartReader(logs),
    ...createRowReader(logs),
    ...createSummaryReader(logs),
  };
}
