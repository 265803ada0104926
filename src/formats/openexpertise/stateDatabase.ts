/**
 * Reads the history in a copy of an experience's `state.sqlite`, by Node's own SQLite: at once where it is small and its
 * pages hang together like a tree, since that cannot take long; else in a thread, which is given up after a while.
 */
import { readFile, stat } from "node:fs/promises";
import { Worker } from "node:worker_threads";
import { messageOf } from "../../base/errors";
import { isRecord } from "../../model/toolText";
import { isPageTree } from "./pageTree";

export interface HistoryRow {
  field: string;
  node: string;
  run: string;
  ts: string;
  before: string | null;
  after: string | null;
}

export type HistoryAnswer = { rows: HistoryRow[] } | { reason: string };

/** What is read at once holds up everything else for a few milliseconds. */
const smallBytes = 512 * 1024;
/** Far longer than it takes, even where the machine is busy: nobody waits for a thread but the reading itself. */
const patienceMs = 5_000;

export async function readHistory(file: string, runs: readonly string[]): Promise<HistoryAnswer> {
  const isAlone = (await stat(`${file}-wal`).catch(() => undefined)) === undefined;
  const isSmall = isAlone && (await stat(file)).size <= smallBytes;
  if (!isSmall || !isPageTree(await readFile(file))) return await readInThread(file, runs);
  const sqlite = loadSqlite();
  if (!sqlite) return { reason: missing };
  try {
    const database = new sqlite.DatabaseSync(file, { readOnly: true });
    try {
      return answerOf(query((sql, ...values) => database.prepare(sql).all(...values), runs));
    } finally {
      database.close();
    }
  } catch (error) {
    return { reason: unreadable(error) };
  }
}

const missing = `this version of Node (${process.version}) has no SQLite.`;

function unreadable(error: unknown): string {
  return `the database cannot be read (${messageOf(error)}).`;
}

/** It warns once that it is an experiment: nothing that a user could do anything about. */
function loadSqlite(): typeof import("node:sqlite") | undefined {
  const { emitWarning } = process;
  process.emitWarning = () => undefined;
  try {
    return process.getBuiltinModule("node:sqlite");
  } finally {
    process.emitWarning = emitWarning;
  }
}

type Ask = (sql: string, ...values: string[]) => readonly unknown[];

/** In the thread it runs as the text that it is: it uses nothing from outside but its arguments. */
function query(ask: Ask, runs: readonly string[]): unknown {
  ask("PRAGMA trusted_schema = OFF");
  const [table] = ask("SELECT type, sql FROM sqlite_master WHERE name = 'state_history'") as {
    type?: unknown;
    sql?: unknown;
  }[];
  if (!table) return { rows: [] };
  // A view or a virtual table of that name could do anything, and so can what is computed.
  const isPlain = table.type === "table" && /^CREATE TABLE (?!.*\b(?:CHECK|AS)\b)/isu.test(String(table.sql));
  if (!isPlain) return { reason: "state_history is not the table that OpenExpertise makes." };
  // It looks at each page once, where a walk may go round in circles.
  const [check] = ask("PRAGMA quick_check('state_history')") as { quick_check?: unknown }[];
  if (check?.quick_check !== "ok") return { reason: "the database is damaged." };
  const short = (column: string) =>
    `CASE WHEN typeof(${column}) = 'text' AND length(${column}) <= 1000000 THEN ${column} END`;
  const columns = `field, node_id AS node, run_id AS run, ts, ${short("value_old")} AS before, ${short("value_new")} AS after`;
  const wanted = "run_id IN (SELECT value FROM json_each(?))";
  return {
    rows: ask(`SELECT ${columns} FROM state_history WHERE ${wanted} ORDER BY id LIMIT 20000`, JSON.stringify(runs)),
  };
}

const script = `
const { parentPort, workerData } = require("node:worker_threads");
const query = ${query.toString()};
try {
  const sqlite = process.getBuiltinModule("node:sqlite");
  const database = sqlite && new sqlite.DatabaseSync(workerData.file, { readOnly: true });
  const ask = (sql, ...values) => database.prepare(sql).all(...values);
  parentPort.postMessage(sqlite ? query(ask, workerData.runs) : {});
} catch (error) {
  parentPort.postMessage({ error: String(error && error.message) });
}
`;

async function readInThread(file: string, runs: readonly string[]): Promise<HistoryAnswer> {
  const execArgv = ["--disable-warning=ExperimentalWarning"];
  const thread = new Worker(script, { eval: true, workerData: { file, runs }, execArgv });
  thread.unref();
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<HistoryAnswer>((resolve) => {
      timer = setTimeout(() => resolve({ reason: "reading them takes too long." }), patienceMs);
      thread.once("message", (answer: unknown) => resolve(answerOf(answer)));
      thread.once("error", (error) => resolve({ reason: unreadable(error) }));
      thread.once("exit", () => resolve({ reason: "the reader ended early." }));
    });
  } finally {
    clearTimeout(timer);
    void thread.terminate();
  }
}

function answerOf(answer: unknown): HistoryAnswer {
  if (!isRecord(answer)) return { reason: missing };
  if (typeof answer.reason === "string") return { reason: answer.reason };
  if (typeof answer.error === "string") return { reason: unreadable(new Error(answer.error)) };
  if (!Array.isArray(answer.rows)) return { reason: missing };
  const rows = answer.rows as readonly unknown[];
  return { rows: rows.flatMap((row) => (isRecord(row) ? [rowOf(row)] : [])) };
}

function rowOf({ field, node, run, ts, before, after }: Record<string, unknown>): HistoryRow {
  const nullable = (value: unknown) => (typeof value === "string" ? value : null);
  const text = (value: unknown) => nullable(value) ?? "";
  const place = { field: text(field), node: text(node), run: text(run), ts: text(ts) };
  return { ...place, before: nullable(before), after: nullable(after) };
}
