/** Values of an experience's state: out of `state.sqlite`, for the writes of each run, without a trace and without harm. */
import { copyFile, readFile, truncate, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openexpertise } from "../../src/formats/openexpertise/openexpertise";
import { isPageTree } from "../../src/formats/openexpertise/pageTree";
import type { EventOf } from "../../src/model/events";
import { treeState } from "../support/treeState";
import { eventsIn } from "./foreignRunLaws";
import { ExperienceLog, makeExperience } from "./openexpertiseLog";

// Vite does not know it as one of Node's own modules.
const { DatabaseSync } = createRequire(import.meta.url)("node:sqlite") as typeof import("node:sqlite");
type Database = InstanceType<typeof DatabaseSync>;

const table =
  "CREATE TABLE state_history (id INTEGER PRIMARY KEY AUTOINCREMENT, field TEXT NOT NULL, value_old TEXT, " +
  "value_new TEXT NOT NULL, node_id TEXT NOT NULL, run_id TEXT NOT NULL, ts TEXT NOT NULL)";

type Row = [field: string, before: unknown, after: unknown, node: string, run: string, at: number];

function openState(folder: string, schema = table): Database {
  const database = new DatabaseSync(join(folder, ".openexpertise", "state.sqlite"));
  database.exec("PRAGMA journal_mode = WAL");
  database.exec(schema);
  return database;
}

function put(database: Database, rows: readonly Row[]): void {
  const insert = database.prepare(
    "INSERT INTO state_history (field, value_old, value_new, node_id, run_id, ts) VALUES (?, ?, ?, ?, ?, ?)",
  );
  for (const [field, before, after, node, run, at] of rows) {
    const ts = new Date(Date.parse("2026-11-22T08:00:00.000Z") + at).toISOString();
    insert.run(field, before === undefined ? null : JSON.stringify(before), JSON.stringify(after), node, run, ts);
  }
}

const log = () => new ExperienceLog().start().begin("a", 1).write("a", 2, "seen").write("a", 3, "seen").finish("a", 4);

async function writesOf(folder: string): Promise<{ writes: EventOf<"writeState">[]; reasons: string[] }> {
  const { runs, problems } = await openexpertise.read(folder);
  return { writes: runs.flatMap((run) => eventsIn(run, "writeState")), reasons: problems.map(({ reason }) => reason) };
}

const valuesOf = (writes: readonly EventOf<"writeState">[]) => writes.map(({ value, previous }) => [previous, value]);

describe("the values that a run wrote", () => {
  it("are those of its own rows, in order, with what was there before", async () => {
    const other = new ExperienceLog("r-2").start({}, 10).begin("a", 11).write("a", 12, "seen").finish("a", 13);
    const folder = await makeExperience([log(), other]);
    const database = openState(folder);
    put(database, [
      ["seen", undefined, [1], "a", "r-1", 2],
      ["seen", [1], [1, { x: null }], "a", "r-1", 3],
      ["seen", [1, { x: null }], [1, { x: null }, 3], "a", "r-2", 12],
    ]);
    database.close();
    const { writes, reasons } = await writesOf(folder);
    expect(reasons).toEqual([]);
    expect(valuesOf(writes)).toEqual([
      [undefined, [1]],
      [[1], [1, { x: null }]],
      [
        [1, { x: null }],
        [1, { x: null }, 3],
      ],
    ]);
    const alone = await openexpertise.read(join(folder, ".openexpertise", "runs", "r-2.jsonl"));
    expect(alone.runs.flatMap((run) => valuesOf(eventsIn(run, "writeState")))).toEqual([
      [
        [1, { x: null }],
        [1, { x: null }, 3],
      ],
    ]);
  });

  it("are found by their time where the log has lost some", async () => {
    const folder = await makeExperience([log()]);
    const database = openState(folder);
    put(database, [
      ["seen", undefined, 1, "a", "r-1", 1],
      ["seen", 1, 2, "a", "r-1", 2],
      ["seen", 2, 4, "a", "r-1", 9],
    ]);
    database.close();
    expect(valuesOf((await writesOf(folder)).writes)).toEqual([
      [1, 2],
      [undefined, undefined],
    ]);
  });

  it("are seen while the system still has the database open, and nothing is written beside it", async () => {
    const folder = await makeExperience([log()]);
    const database = openState(folder);
    put(database, [
      ["seen", undefined, "x", "a", "r-1", 2],
      ["seen", "x", "y", "a", "r-1", 3],
    ]);
    const before = await treeState(folder);
    expect(valuesOf((await writesOf(folder)).writes)).toEqual([
      [undefined, "x"],
      ["x", "y"],
    ]);
    expect(await treeState(folder)).toBe(before);
    database.close();
  });

  it("are unknown where there is no database, or no history in it", async () => {
    const folder = await makeExperience([log()]);
    expect(await writesOf(folder)).toMatchObject({ reasons: [], writes: [{ field: "seen" }, { field: "seen" }] });
    openState(folder, "CREATE TABLE other (x)").close();
    const { writes, reasons } = await writesOf(folder);
    expect([valuesOf(writes), reasons]).toEqual([
      [
        [undefined, undefined],
        [undefined, undefined],
      ],
      [],
    ]);
  });

  it("of a run that has ended do not change with what other runs write", async () => {
    const folder = await makeExperience([
      log().end(5, "success"),
      new ExperienceLog("open").start().write("a", 1, "f"),
    ]);
    openState(folder).close();
    const lookedAt = async (name: string) => {
      const { files } = await openexpertise.read(join(folder, ".openexpertise", "runs", name));
      return files.some((file) => file.endsWith("state.sqlite"));
    };
    expect([await lookedAt("r-1.jsonl"), await lookedAt("open.jsonl")]).toEqual([false, true]);
  });
});

describe("a database that is not what it should be", () => {
  const endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)";
  it.each([
    [
      "a view without an end",
      `CREATE VIEW state_history AS ${endless} SELECT i AS id, i AS field, i AS value_old, i AS value_new, i AS node_id, i AS run_id, i AS ts FROM n`,
    ],
    ["a table that counts by itself", table.replace("ts TEXT", "more TEXT AS (hex(zeroblob(1000))), ts TEXT")],
    ["a table with checks", table.replace("ts TEXT NOT NULL", "ts TEXT CHECK (length(ts) > 0)")],
  ])("is refused: %s", async (_, schema) => {
    const folder = await makeExperience([log()]);
    openState(folder, schema).close();
    const { writes, reasons } = await writesOf(folder);
    expect(writes.length).toBe(2);
    expect(reasons).toEqual([
      "The values of the state are unknown: state_history is not the table that OpenExpertise makes.",
    ]);
  });

  it("gives nothing where its columns are others, or hold what is no text", async () => {
    const folder = await makeExperience([log()]);
    const database = openState(
      folder,
      "CREATE TABLE state_history (id, field, value_old, value_new, node_id, run_id, ts)",
    );
    database.exec(
      "INSERT INTO state_history VALUES (1, 'seen', x'00', 7, 'a', 'r-1', 3), (2, 'seen', 'no json', '{', 'a', 'r-1', 4)",
    );
    database.close();
    expect(valuesOf((await writesOf(folder)).writes)).toEqual([
      [undefined, undefined],
      ["no json", "{"],
    ]);
    const other = await makeExperience([log()]);
    openState(other, "CREATE TABLE state_history (x)").close();
    expect((await writesOf(other)).reasons).toEqual([expect.stringMatching(/cannot be read \(no such column/u)]);
  });

  it("costs nothing but its values where it is cut, turned to noise, or of another kind", async () => {
    const folder = await makeExperience([log()]);
    const database = openState(folder);
    put(
      database,
      Array.from({ length: 300 }, (_, at): Row => ["seen", at, at + 1, "a", "r-1", at]),
    );
    database.close();
    const file = join(folder, ".openexpertise", "state.sqlite");
    const whole = join(folder, "whole");
    await copyFile(file, whole);
    const { size } = await readFile(whole).then((bytes) => ({ size: bytes.length }));
    for (const cut of [0, 17, 100, 4096, 5000, Math.floor(size / 2), size - 1]) {
      await copyFile(whole, file);
      await truncate(file, cut);
      expect((await writesOf(folder)).writes.length, `cut at ${cut}`).toBe(2);
    }
    for (let seed = 1; seed <= 8; seed += 1) {
      const bytes = await readFile(whole);
      for (let place = seed * 7; place < bytes.length; place += 97 * seed) bytes[place] = (place * seed) % 256;
      await writeFile(file, bytes);
      expect((await writesOf(folder)).writes.length, `noise ${seed}`).toBe(2);
    }
    await writeFile(file, "this is a text");
    expect((await writesOf(folder)).reasons).toEqual([expect.stringMatching(/not a database/u)]);
  });

  it("whose pages are linked many times is given up", async () => {
    const folder = await makeExperience([log()]);
    await writeFile(join(folder, ".openexpertise", "state.sqlite"), manyLinks());
    const { writes, reasons } = await writesOf(folder);
    expect([writes.length, reasons.length]).toEqual([2, 1]);
  });
});

it("is read in a thread where it is large: what is there is the same", async () => {
  const folder = await makeExperience([log()]);
  const database = openState(folder);
  put(database, [
    ["seen", undefined, "x".repeat(600_000), "a", "r-1", 2],
    ["seen", "x", "y", "a", "r-1", 3],
  ]);
  database.close();
  const { writes, reasons } = await writesOf(folder);
  expect([valuesOf(writes), reasons]).toEqual([
    [
      [undefined, "x".repeat(600_000)],
      ["x", "y"],
    ],
    [],
  ]);
});

it("is a tree of pages as SQLite makes it, and none where a page hangs at several places", async () => {
  const folder = await makeExperience([log()]);
  const database = openState(folder);
  put(
    database,
    Array.from({ length: 2000 }, (_, at): Row => ["seen", at, "x".repeat(50), "a", "r-1", at]),
  );
  database.close();
  const file = await readFile(join(folder, ".openexpertise", "state.sqlite"));
  expect(file.length).toBeGreaterThan(100_000);
  expect(isPageTree(file)).toBe(true);
  expect(isPageTree(manyLinks())).toBe(false);
  expect(isPageTree(file.subarray(0, file.length - 1))).toBe(false);
});

/** Page 1 leads to page 2 many times, that to page 3, and so on: a walk along each link would take for ever. */
function manyLinks(): Buffer {
  const [size, pages] = [512, 18];
  const file = Buffer.alloc(size * pages);
  file.write("SQLite format 3\0", 0);
  file.writeUInt16BE(size, 16);
  file.set([1, 1, 0, 64, 32, 32], 18);
  file.writeUInt32BE(1, 24);
  file.writeUInt32BE(pages, 28);
  file.writeUInt32BE(1, 40);
  file.writeUInt32BE(4, 44);
  file.writeUInt32BE(1, 56);
  file.writeUInt32BE(1, 92);
  for (let page = 1; page <= pages; page += 1) {
    const start = (page - 1) * size;
    const header = start + (page === 1 ? 100 : 0);
    if (page === pages) {
      file.set([0x0d, 0, 0, 0, 0, 0x02, 0, 0], header);
      break;
    }
    const cells = 20;
    file.set([0x05, 0, 0, 0, cells], header);
    file.writeUInt16BE(size - cells * 5, header + 5);
    file.writeUInt32BE(page + 1, header + 8);
    for (let cell = 0; cell < cells; cell += 1) {
      const offset = size - (cell + 1) * 5;
      file.writeUInt16BE(offset, header + 12 + cell * 2);
      file.writeUInt32BE(page + 1, start + offset);
      file[start + offset + 4] = cells - cell;
    }
  }
  return file;
}
