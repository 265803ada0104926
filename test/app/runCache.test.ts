import { createHash } from "node:crypto";
import { appendFile, mkdir, mkdtemp, readdir, readFile, realpath, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { LiveRunIndex } from "../../src/app/createRunIndex";
import { createLogReader, type LogReader } from "../../src/app/logReader";
import { newId } from "../../src/app/newId";
import { RunCache } from "../../src/app/runCache";
import { layout } from "../../src/store/layout";
import { currentOwner } from "../../src/store/processOwner";
import { createRunFolder } from "../../src/store/runFolder";
import { type MadeRun, writeManyRuns } from "../support/manyRuns";
import { openRunIndex } from "../support/openRunIndex";
import { runningInfo } from "../support/runningInfo";
import { waitUntil } from "../support/waitUntil";

let root: string;
let cacheFolder: string;
let made: MadeRun[];
const opened: LiveRunIndex[] = [];

beforeEach(async () => {
  const dir = await realpath(await mkdtemp(join(tmpdir(), "runtrail-cache-")));
  [root, cacheFolder] = [join(dir, "workspace"), join(dir, "kept", "here")];
  made = writeManyRuns(root, { runs: 12, runsPerJob: 2 });
});
afterEach(() => {
  for (const index of opened.splice(0)) index.dispose();
});

/** Reads nothing of a run that it could know; what it did read is counted. */
function openIndex(folder: string | undefined = cacheFolder) {
  const reader = createLogReader({ mayWrite: () => false });
  let isHeld = true;
  const waiting: (() => void)[] = [];
  let read = 0;
  const logs: LogReader = {
    async do(task, args, options) {
      if (isHeld) await new Promise<void>((resolve) => waiting.push(resolve));
      const onPart: typeof options = {
        ...options,
        onPart(part) {
          if (task === "readJobs") read += (part as unknown[]).length;
          options?.onPart?.(part);
        },
      };
      return await reader.do(task, args, onPart);
    },
    dispose: () => reader.dispose(),
  };
  const index = openRunIndex({ logs, cacheFolder: folder });
  index.setFolders([root]);
  opened.push(index);
  return {
    index,
    /** From here on the disk is looked at. */
    letRead() {
      isHeld = false;
      for (const go of waiting.splice(0)) go();
    },
    rowsRead: () => read,
  };
}

/** Opens the workspace, reads it, and has it kept. */
async function keep(): Promise<string> {
  const { index, letRead } = openIndex();
  letRead();
  await index.refresh();
  const file = await waitUntil("the cache", async () => {
    const [name] = (await readdir(cacheFolder).catch(() => [])).filter((each) => each.endsWith(".jsonl"));
    return name && join(cacheFolder, name);
  });
  index.dispose();
  return file;
}

async function listCold(): Promise<unknown> {
  const index = openRunIndex();
  opened.push(index);
  index.setFolders([root]);
  await index.refresh();
  return index.list();
}

describe("the first look at a workspace", () => {
  it("reads each run once, also where others look meanwhile", async () => {
    const { index, letRead, rowsRead } = openIndex();
    const looks = [index.refresh(), index.refresh()];
    await index.check();
    letRead();
    await Promise.all([...looks, index.check()]);
    expect(rowsRead()).toBe(made.length);
    expect(index.list()).toHaveLength(made.length);
  });

  it("shows those first that changed last", async () => {
    const [old] = made;
    if (!old) throw new Error("There is no run.");
    const soon = Date.now() / 1_000 + 60;
    await utimes(layout.job(root, old.jobId), soon, soon);
    const { index, letRead, rowsRead } = openIndex();
    letRead();
    const looked = index.refresh();
    const first = await new Promise<ReadonlySet<string>>((resolve) => index.onDidChange(resolve));
    expect(first.has(old.dir)).toBe(true);
    await looked;
    expect(rowsRead()).toBe(made.length);
  });
});

describe("what is kept of a workspace's runs", () => {
  it("is shown at once at the next start, and is the same as what is read", async () => {
    await keep();
    const { index, letRead, rowsRead } = openIndex();
    const looked = index.refresh();
    await waitUntil("the rows", () => index.list().length === made.length);
    const shown = index.list();
    letRead();
    await looked;
    expect(rowsRead()).toBe(0);
    expect(index.list()).toEqual(shown);
    expect(index.list()).toEqual(await listCold());
  });

  it("is corrected by what became of the runs meanwhile: changed, removed and added ones, whole jobs too", async () => {
    await keep();
    const [first, second, third, fourth] = made;
    if (!first || !second || !third || !fourth) throw new Error("There are no runs.");
    const lines = (await readFile(layout.journal(first.dir), "utf8")).trimEnd().split("\n");
    const last = JSON.parse(lines.at(-1) ?? "") as { seq: number };
    await appendFile(
      layout.journal(first.dir),
      `${JSON.stringify({ ...last, id: "again", type: "resumeRun", by: "user", seq: last.seq + 1 })}\n${JSON.stringify({ ...last, id: "end", type: "stopRun", reason: "cancelled", seq: last.seq + 2 })}\n`,
    );
    await rm(second.dir, { recursive: true });
    await rm(layout.job(root, third.jobId), { recursive: true });
    const added = await createRunFolder(root, { jobId: "added", runId: "added" }, newId);
    await writeFile(layout.journal(added.dir), `${lines.join("\n").replaceAll(first.runId, "added")}\n`);
    await added.close();
    const { index, letRead, rowsRead } = openIndex();
    letRead();
    await index.refresh();
    expect(rowsRead()).toBe(2);
    expect(index.get(first.dir)).toMatchObject({ status: "stopped", stopReason: "cancelled" });
    expect([second, third, fourth].map(({ dir }) => index.get(dir))).toEqual([undefined, undefined, undefined]);
    expect(index.get(added.dir)).toMatchObject({ runId: "added" });
    expect(index.list()).toEqual(await listCold());
  });

  it("does not show a run as going on before it has been looked at", async () => {
    const [first] = made;
    if (!first) throw new Error("There is no run.");
    const lines = (await readFile(layout.journal(first.dir), "utf8")).trimEnd().split("\n");
    await writeFile(layout.journal(first.dir), `${lines.slice(0, -1).join("\n")}\n`);
    const folder = await createRunFolder(root, { jobId: first.jobId, runId: "again" }, newId);
    await folder.writeInfo(runningInfo(root, await currentOwner()));
    await writeFile(layout.runInfo(first.dir), await readFile(layout.runInfo(folder.dir)));
    await folder.close();
    await keep();
    await writeFile(layout.journal(first.dir), `${lines.join("\n")}\n`);
    const { index, letRead } = openIndex();
    const looked = index.refresh();
    await waitUntil("the rows", () => index.list().length === made.length - 1);
    expect(index.get(first.dir)).toBeUndefined();
    letRead();
    await looked;
    expect(index.get(first.dir)).toMatchObject({ status: "finished" });
  });

  it("is nothing where any byte of it is another, or it was cut", async () => {
    const file = await keep();
    const whole = await readFile(file);
    const cold = await listCold();
    const places = Array.from({ length: 40 }, (_, at) => Math.floor((at * (whole.length - 1)) / 39));
    for (const place of places) {
      const damaged = Buffer.from(whole);
      damaged[place] = (damaged[place] ?? 0) ^ 1;
      await writeFile(file, damaged);
      const rows = await rowsOf(new RunCache(cacheFolder, [root], versionOf(whole)));
      expect(rows).toEqual([]);
      await writeFile(file, whole.subarray(0, place));
      expect(await rowsOf(new RunCache(cacheFolder, [root], versionOf(whole)))).toEqual([]);
    }
    const { index, letRead } = openIndex();
    letRead();
    await index.refresh();
    expect(index.list()).toEqual(cold);
  });

  it("is not read by another version of the program, nor for other folders", async () => {
    const file = await keep();
    const version = versionOf(await readFile(file));
    expect(await rowsOf(new RunCache(cacheFolder, [root], version))).toHaveLength(made.length);
    expect(await rowsOf(new RunCache(cacheFolder, [root], `${version}-next`))).toEqual([]);
    expect(await rowsOf(new RunCache(cacheFolder, [root, cacheFolder], version))).toEqual([]);
  });

  it("tells of no run outside of its folders, whoever wrote it", async () => {
    const file = await keep();
    const text = (await readFile(file, "utf8")).replaceAll(root, `${root}-elsewhere`);
    const [head = "", ...rows] = text.split("\n");
    const body = rows.join("\n");
    const hash = createHash("sha256").update(body).digest("hex");
    await writeFile(file, `${JSON.stringify({ ...(JSON.parse(head) as object), hash })}\n${body}`);
    expect(await rowsOf(new RunCache(cacheFolder, [root], versionOf(Buffer.from(text))))).toEqual([]);
  });

  it("lies outside of the workspace, in which nothing is written", async () => {
    const before = await filesBelow(root);
    await keep();
    expect(await filesBelow(root)).toEqual(before);
  });

  it("is one file, whole at any time, however many windows keep theirs at once", async () => {
    const version = versionOf(await readFile(await keep()));
    const runs = await rowsOf(new RunCache(cacheFolder, [root], version));
    const halves = [runs, runs.slice(0, 6)];
    const windows = Array.from({ length: 8 }, (_, at) =>
      new RunCache(cacheFolder, [root], version).write(halves[at % 2] ?? []),
    );
    const seen: number[] = [];
    const reads = Array.from({ length: 20 }, async () => {
      seen.push((await rowsOf(new RunCache(cacheFolder, [root], version))).length);
    });
    await Promise.all([...windows, ...reads]);
    expect(new Set([...seen, 6, 12])).toEqual(new Set([6, 12]));
    expect(await readdir(cacheFolder)).toHaveLength(1);
  });

  it("of folders that have not been open for long goes, what a crash left half written too", async () => {
    await mkdir(cacheFolder, { recursive: true });
    const old = Array.from({ length: 12 }, (_, at) => join(cacheFolder, `runs-${String(at).padStart(16, "0")}.jsonl`));
    old.push(`${join(cacheFolder, `runs-${"a".repeat(16)}.jsonl`)}.x.tmp`);
    for (const [at, file] of old.entries()) {
      await writeFile(file, "");
      await utimes(file, 1_000 + at, 1_000 + at);
    }
    await writeFile(join(cacheFolder, "another.txt"), "not ours");
    await new RunCache(cacheFolder, [root], "1").write([]);
    const left = await readdir(cacheFolder);
    expect(left).toHaveLength(9);
    expect(left).toContain("another.txt");
  });
});

async function rowsOf(cache: RunCache) {
  const rows = [];
  for await (const some of cache.read()) rows.push(...some);
  return rows;
}

function versionOf(content: Buffer): string {
  const head = JSON.parse(content.subarray(0, content.indexOf(10)).toString()) as { program: string };
  return head.program;
}

async function filesBelow(folder: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true });
  return await Promise.all(
    names.sort().map(async (name) => {
      const stats = await stat(join(folder, name));
      return `${name} ${stats.size} ${stats.mtimeMs}`;
    }),
  );
}
