/**
 * What the runs of an experience wrote into its state: the log names fields only, the values are in `state.sqlite`. A copy is
 * read, since even reading would write beside the file.
 */
import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { codeOf, messageOf } from "../../base/errors";
import { parseSafeJson } from "../safeJson";
import type { SourceFiles } from "../sourceFiles";
import { type RunLogRecord, textOf } from "./runLogRecord";
import { type HistoryRow, readHistory } from "./stateDatabase";

/** What a write changed; nothing where it is not known. */
export type WriteValues = (write: RunLogRecord) => { value?: unknown; previous?: unknown };

const largestDatabase = 64 * 1024 * 1024;

/** @param runs the records of each run whose writes are asked for */
export async function readStateHistory(
  folder: string,
  runs: readonly { runId: string; records: readonly RunLogRecord[] }[],
  source: SourceFiles,
): Promise<WriteValues> {
  const writes = runs.map(({ runId, records }) => ({
    runId,
    records: records.filter(({ nodeType }) => nodeType === "state.write"),
  }));
  const wanted = writes.filter(({ records }) => records.length > 0);
  if (wanted.length === 0) return () => ({});
  const rows = await readDatabase(
    folder,
    wanted.map(({ runId }) => runId),
    source,
  );
  const values = new Map<RunLogRecord, HistoryRow>();
  for (const { runId, records } of wanted) {
    match(
      records,
      rows.filter(({ run }) => run === runId),
      values,
    );
  }
  return (write) => {
    const row = values.get(write);
    return { ...valueIn("value", row?.after), ...valueIn("previous", row?.before) };
  };
}

/** In order where both tell of as many writes; else those of the same time. */
function match(
  writes: readonly RunLogRecord[],
  rows: readonly HistoryRow[],
  values: Map<RunLogRecord, HistoryRow>,
): void {
  const keyOf = (node: unknown, field: unknown) => JSON.stringify([node, field]);
  const rowsOf = Map.groupBy(rows, ({ node, field }) => keyOf(node, field));
  for (const [key, records] of Map.groupBy(writes, ({ value }) => keyOf(value.node_id, value.field))) {
    const found = rowsOf.get(key) ?? [];
    const isWhole = found.length === records.length;
    const byTime = Map.groupBy(found, ({ ts }) => ts);
    for (const [place, record] of records.entries()) {
      const row = isWhole ? found[place] : byTime.get(textOf(record.value.ts) ?? "")?.shift();
      if (row) values.set(record, row);
    }
  }
}

function valueIn(key: "value" | "previous", text: string | null | undefined): { value?: unknown; previous?: unknown } {
  if (typeof text !== "string") return {};
  try {
    return { [key]: parseSafeJson(text) };
  } catch {
    // Not what OpenExpertise writes: it is shown as it stands.
    return { [key]: text };
  }
}

async function readDatabase(folder: string, runs: readonly string[], source: SourceFiles): Promise<HistoryRow[]> {
  const file = join(folder, ".openexpertise", "state.sqlite");
  const log = `${file}-wal`;
  const [database, writeAhead] = [await source.look(file), await source.look(log)];
  if (!database) return [];
  const tell = (reason: string) =>
    source.problems.push({ file, reason: `The values of the state are unknown: ${reason}` });
  if (database.size + (writeAhead?.size ?? 0) > largestDatabase) {
    tell(`too large to be read (the limit is ${largestDatabase} bytes).`);
    return [];
  }
  let copies: string | undefined;
  try {
    copies = await mkdtemp(join(tmpdir(), "runtrail-state-"));
    const copy = join(copies, "state.sqlite");
    await copyFile(file, copy);
    if (writeAhead) await copyFile(log, `${copy}-wal`).catch(passOverMissing);
    source.check();
    const answer = await readHistory(copy, runs);
    if ("reason" in answer) tell(answer.reason);
    return "rows" in answer ? answer.rows : [];
  } catch (error) {
    source.check();
    tell(messageOf(error));
    return [];
  } finally {
    if (copies !== undefined) await rm(copies, { recursive: true, force: true }).catch(() => undefined);
  }
}

/** The system takes the write-ahead log away when nobody has the database open any more. */
function passOverMissing(error: unknown): void {
  if (codeOf(error) !== "ENOENT") throw error;
}
