/** The event stream that `perstack run` prints: it may hold several jobs, and events of ours as well. */
import { parseEvent, type RunEvent } from "../../model/events";
import type { ForeignRun } from "../format";
import type { SourceFiles } from "../sourceFiles";
import { type PerstackRecord, readEventStream } from "./perstackRecord";
import { translateJob } from "./translateJob";

export async function readStream(source: SourceFiles, file: string): Promise<ForeignRun[]> {
  const own = new Map<string, RunEvent[]>();
  const records = await readEventStream(source, file, (value) => {
    const parsed = parseOwn(value);
    if (!("event" in parsed)) return false;
    addTo(own, `${parsed.event.jobId} ${parsed.event.runId}`, parsed.event);
    return true;
  });
  const runs = [...own.values()].map((events) => runOfOurs(file, events));
  const jobs = new Map<string, PerstackRecord[]>();
  for (const record of records) addTo(jobs, record.event.jobId, record);
  for (const [jobId, ofJob] of jobs) {
    const job = { jobId, records: ofJob, problems: [], settings: new Map(), dirOf: () => file };
    runs.push(...translateJob(job).runs);
  }
  return runs.length === 1 ? runs : runs.map((run) => ({ ...run, dir: `${file}#${run.runId}` }));
}

/** They have the names of Perstack's documentation, and a place in their run, which Perstack's have not. */
function parseOwn(value: unknown): ReturnType<typeof parseEvent> {
  const isOurs = typeof value === "object" && value !== null && "seq" in value;
  return isOurs ? parseEvent(value) : { problem: "not ours" };
}

function addTo<T>(lists: Map<string, T[]>, key: string, value: T): void {
  const list = lists.get(key);
  if (list) list.push(value);
  else lists.set(key, [value]);
}

function runOfOurs(file: string, events: RunEvent[]): ForeignRun {
  const { jobId = "", runId = "" } = events[0] ?? {};
  const checkpointIds = events.flatMap((event) =>
    "checkpointId" in event && event.checkpointId !== undefined ? [event.checkpointId] : [],
  );
  return { dir: file, jobId, runId, events, sourceRunIds: [runId], checkpointIds, problems: [] };
}
