/** Reads a run log of OpenExpertise: the records of each run in it by time, and what stands behind a record that was cut. */
import type { FormatProblem } from "../format";
import { readJsonRecords } from "../jsonRecords";
import type { SourceFiles } from "../sourceFiles";
import { parseRunLogRecord, type RunLogRecord, textOf } from "./runLogRecord";

export interface RunLog {
  file: string;
  runId: string;
  /** In the order in which they happened. */
  records: RunLogRecord[];
  /** Whether the file holds other runs as well. */
  isOneOfSeveral: boolean;
  problems: FormatProblem[];
}

/** A log with more is read up to here: one is kept in memory whole, since only its end tells what its beginning means. */
const mostRecords = 500_000;

/** The emitter adds to a log that a crash cut in the middle of a line. */
const begins = /\{"type":"(?:run|node|state)\./gu;

/** None where there is no record of a run; then the problems are left to the source. */
export async function readRunLog(source: SourceFiles, file: string): Promise<RunLog[]> {
  const before = source.problems.length;
  const records: RunLogRecord[] = [];
  for await (const { value, line } of readJsonRecords(source, file, undefined, begins)) {
    if (records.length >= mostRecords) {
      source.problems.push({ file, line, reason: `Only the first ${mostRecords} records are read.` });
      break;
    }
    const { record, fault } = parseRunLogRecord(value, line);
    if (fault !== undefined) source.problems.push({ file, line, reason: fault });
    records.push(record);
  }
  if (records.length === 0 && source.problems.length === before) {
    source.problems.push({ file, reason: "No record is in it." });
  }
  await giveTimes(source, file, records);
  const all = Map.groupBy(records, ({ value }) => textOf(value.run_id));
  // A record that names a run and is none of this system makes no run.
  const runs = [...all].filter(([, ofRun]) => ofRun.some(({ kind }) => kind !== "other"));
  const isOne = runs.length === 1;
  const problems = isOne ? source.problems.splice(before) : [];
  return runs.flatMap(([runId, ofRun]) => {
    if (runId === undefined) return [];
    // What names no run can only be of the one there is.
    const strays = isOne ? (all.get(undefined) ?? []) : [];
    return [{ file, runId, records: inOrder([...ofRun, ...strays]), isOneOfSeveral: !isOne, problems }];
  });
}

/** What has no time happened with what stands before it in the file; at the beginning, with what comes next. */
async function giveTimes(source: SourceFiles, file: string, records: readonly RunLogRecord[]): Promise<void> {
  const first = records.find(({ isUntimed }) => !isUntimed)?.at ?? (await source.look(file))?.modifiedAt ?? 0;
  let last = first;
  for (const record of records) {
    if (record.isUntimed) record.at = last;
    else last = record.at;
  }
}

/** By time, and as they stand in the file where it is the same. */
function inOrder(records: readonly RunLogRecord[]): RunLogRecord[] {
  return [...records].sort((a, b) => a.at - b.at || a.line - b.line);
}
