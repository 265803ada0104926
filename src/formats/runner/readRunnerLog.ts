/** The records of one log of Runner: cut and glued lines, records that stand twice, and times that go back. */
import { readJsonRecords } from "../jsonRecords";
import type { SourceFiles } from "../sourceFiles";
import { parseRunnerRecord, type RunnerRecord } from "./runnerRecord";

/** Runner appends without looking: its next record stands right behind one that was cut. */
const begins = /\{\s*"event_id"\s*:/gu;

/**
 * By run, in the order in which they happened: a log may be of several runs, though Runner gives each its own.
 * @param fallbackRunId of records without one: Runner calls a run after its folder
 */
export async function readRunnerLog(
  source: SourceFiles,
  file: string,
  fallbackRunId: string,
): Promise<RunnerRecord[][]> {
  const byRun = new Map<string, RunnerRecord[]>();
  let lastRunId = fallbackRunId;
  const places = new Map<string, { line: number; text: string }>();
  for await (const { value, line } of readJsonRecords(source, file, undefined, begins)) {
    const tell = (reason: string) => source.problems.push({ file, line, reason });
    const record = parseRunnerRecord(value, line, lastRunId, tell);
    if (!record) continue;
    const text = JSON.stringify(value);
    const before = record.id === undefined ? undefined : places.get(record.id);
    if (before?.text === text) {
      tell(`The same record stands in line ${before.line}: it is left out here.`);
      continue;
    }
    if (before) tell(`Another record in line ${before.line} has the same event_id.`);
    else if (record.id !== undefined) places.set(record.id, { line, text });
    lastRunId = record.runId;
    const ofRun = byRun.get(record.runId);
    if (ofRun) ofRun.push(record);
    else byRun.set(record.runId, [record]);
  }
  return [...byRun.values()].map((records) => inOrder(source, file, records));
}

function inOrder(source: SourceFiles, file: string, records: RunnerRecord[]): RunnerRecord[] {
  let newest: RunnerRecord["time"];
  let late = 0;
  let firstLate = 0;
  const keyed = records.map((record) => {
    if (record.time && newest && compare(record.time, newest) < 0) {
      late += 1;
      firstLate ||= record.line;
    } else newest = record.time ?? newest;
    return { record, key: record.time ?? newest };
  });
  if (late === 0) return records;
  const which = late === 1 ? "A record is" : `From here on, ${late} records are`;
  source.problems.push({ file, line: firstLate, reason: `${which} older than what stands before: read by its time.` });
  return keyed.sort((a, b) => (a.key && b.key ? compare(a.key, b.key) : 0)).map(({ record }) => record);
}

function compare(a: NonNullable<RunnerRecord["time"]>, b: NonNullable<RunnerRecord["time"]>): number {
  return a.ms - b.ms || a.micro - b.micro;
}
