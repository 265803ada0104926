/**
 * What the runs of an experience wrote into its state: the log names fields only, the values are in `state.sqlite`. It is
 * read by Node's own SQLite, of a copy, since even reading would write beside the file; and in a thread of its own, since
 * a hostile database can keep a reader busy for ever.
 */
import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { codeOf, messageOf } from "../../base/errors";
import { isObject } from "../jsonRecords";
import { parseSafeJson } from "../safeJson";
import type { SourceFiles } from "../sourceFiles";
import { type RunLogRecord, textOf } from "./runLogRecord";

/** What a write changed; nothing where it is not known. */
export type WriteValues = (write: RunLogRecord) => { value?: unknown; previous?: unknown };

interface HistoryRow {
  field: string;
  node: string;
  run: string;
  ts: string;
  before: string | null;
  after: string | null;
}

const largestDatabase = 64 * 1024 * 1024;
/** Far longer than it takes, even where the machine is busy: nobody waits for a thread but the reading itself. */
const patienceMs = 5_000;

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
    const answer = await askThread({ file: copy, runs });
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

type Answer = { rows: HistoryRow[] } | { reason: string };

async function askThread(question: { file: string; runs: readonly string[] }): Promise<Answer> {
  // It says with each start that its SQLite is an experiment: nothing that a user could do anything about.
  const thread = new Worker(script, {
    eval: true,
    workerData: question,
    execArgv: ["--disable-warning=ExperimentalWarning"],
  });
  thread.unref();
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<Answer>((resolve) => {
      timer = setTimeout(() => resolve({ reason: "reading them takes too long." }), patienceMs);
      thread.once("message", (answer: unknown) => resolve(answerOf(answer)));
      thread.once("error", (error) => resolve({ reason: `${messageOf(error)}.` }));
      thread.once("exit", () => resolve({ reason: "the reader ended early." }));
    });
  } finally {
    clearTimeout(timer);
    void thread.terminate();
  }
}

function answerOf(answer: unknown): Answer {
  if (!isObject(answer)) return { reason: "no answer." };
  if (typeof answer.reason === "string") return { reason: answer.reason };
  const rows = Array.isArray(answer.rows) ? (answer.rows as readonly unknown[]) : [];
  return { rows: rows.flatMap((row) => (isObject(row) ? [rowOf(row)] : [])) };
}

function rowOf({ field, node, run, ts, before, after }: Record<string, unknown>): HistoryRow {
  const nullable = (value: unknown) => (typeof value === "string" ? value : null);
  const text = (value: unknown) => nullable(value) ?? "";
  return {
    field: text(field),
    node: text(node),
    run: text(run),
    ts: text(ts),
    before: nullable(before),
    after: nullable(after),
  };
}

/**
 * Runs in the thread. A view or a virtual table of that name could do anything; a page that is linked twice can make a walk
 * endless, which the check finds first.
 */
const script = `
const { parentPort, workerData } = require("node:worker_threads");
function read({ file, runs }) {
  let DatabaseSync;
  try {
    ({ DatabaseSync } = require("node:sqlite"));
  } catch {
    return { reason: "this version of Node (" + process.version + ") has no SQLite." };
  }
  let database;
  try {
    database = new DatabaseSync(file, { readOnly: true });
    database.exec("PRAGMA trusted_schema = OFF");
    const table = database.prepare("SELECT type, sql FROM sqlite_master WHERE name = 'state_history'").get();
    if (!table) return { rows: [] };
    const isPlain = table.type === "table" && /^CREATE TABLE /i.test(table.sql) && !/\\bCHECK\\b|\\bAS\\b/i.test(table.sql);
    if (!isPlain) return { reason: "state_history is not the table that OpenExpertise makes." };
    const [{ quick_check: state }] = database.prepare("PRAGMA quick_check(1)").all();
    if (state !== "ok") return { reason: "the database is damaged." };
    const short = (column) => "CASE WHEN typeof(" + column + ") = 'text' AND length(" + column + ") <= 1000000 THEN " + column + " END";
    const rows = database
      .prepare(
        "SELECT field, node_id AS node, run_id AS run, ts, " + short("value_old") + " AS before, " +
        short("value_new") + " AS after FROM state_history WHERE run_id IN (SELECT value FROM json_each(?)) ORDER BY id LIMIT 20000",
      )
      .all(JSON.stringify(runs));
    return { rows: rows.map((row) => ({ ...row })) };
  } catch (error) {
    return { reason: "the database cannot be read (" + (error && error.message) + ")." };
  } finally {
    try {
      database?.close();
    } catch {}
  }
}
parentPort.postMessage(read(workerData));
`;
