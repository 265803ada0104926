/** Runs of other systems wherever they lie: found, followed while a program writes them, shown once, and gone with their files. */
import { spawn } from "node:child_process";
import { appendFile, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { LiveRunIndex } from "../../src/app/createRunIndex";
import { createForeignSources, type ForeignSourceIndex } from "../../src/app/foreignSources";
import { newId } from "../../src/app/newId";
import type { RunSummary } from "../../src/app/runIndex";
import { createRunFolder } from "../../src/store/runFolder";
import { runLoop } from "../support/loopHarness";
import { openRunIndex } from "../support/openRunIndex";
import { PerstackJob } from "../support/perstackJob";
import { scriptedModel } from "../support/scriptedModel";
import { waitUntil } from "../support/waitUntil";

let root: string;
beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), "runtrail-sources-")));
});
afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

/** The stream of a run, line by line. */
function streamOf(jobId: string, query: string): string[] {
  const job = new PerstackJob(jobId);
  const run = job.run("solo", { query });
  run.results(run.calls("", { tool: "listDirectory", args: { path: "." } }), "{}");
  run.answer("Done.");
  return job.lines().trimEnd().split("\n");
}

async function writeStream(file: string, lines: readonly string[]): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, `${lines.join("\n")}\n`);
}

const asked = (path: string) => ({ path, isAsked: true });

describe("the run index", () => {
  let index: LiveRunIndex;
  beforeEach(() => {
    index = openRunIndex();
  });
  afterEach(() => index.dispose());
  const rows = () => index.list().map(({ query, source, status }) => [query, source, status]);

  it("shows what is read in a file that was opened, and where it comes from", async () => {
    const file = join(root, "stream.jsonl");
    await writeStream(file, streamOf("a", "First"));
    await index.setRoots([asked(file)]);
    expect(rows()).toEqual([["First", "perstack", "finished"]]);
    expect(index.list()[0]).toMatchObject({ dir: file, sourceLabel: "Perstack", root: file, steps: 2 });
    const { run, problems } = await index.load(file);
    expect([run.text, problems]).toEqual(["Done.", []]);
    expect(await index.load(file)).toBe(await index.load(file));
    await index.setRoots([]);
    expect(rows()).toEqual([]);
  });

  it("tells the runs of one file apart", async () => {
    const file = join(root, "stream.jsonl");
    const second = streamOf("b", "Second").map((line) => line.replaceAll(/"runId":"(\w+)"/gu, '"runId":"other-$1"'));
    await writeStream(file, [...streamOf("a", "First"), ...second]);
    await index.setRoots([asked(file)]);
    expect(
      rows()
        .map(([query]) => query)
        .sort(),
    ).toEqual(["First", "Second"]);
    for (const { dir, runId, query } of index.list()) {
      expect(dir).toBe(`${file}#${runId}`);
      expect((await index.load(dir)).run.query).toBe(query);
    }
  });

  it("shows once what two roots hold, and keeps it until the last of them goes", async () => {
    const job = new PerstackJob("theirs");
    job.run("solo", { query: "Shared" }).answer("One.");
    const jobDir = await job.write(join(root, "elsewhere"));
    await symlink(join(root, "elsewhere"), join(root, "link"));
    const roots = [join(root, "elsewhere"), jobDir, join(root, "link")].map(asked);
    await index.setRoots(roots);
    expect(rows()).toEqual([["Shared", "perstack", "finished"]]);
    await index.setRoots(roots.slice(1));
    expect(rows()).toEqual([["Shared", "perstack", "finished"]]);
    expect(index.list()[0]?.root).toBe(jobDir);
    expect(index.sources()).toEqual([]);
    await index.setRoots([]);
    expect(rows()).toEqual([]);
  });

  it("reads the jobs of the workspace as such, also where the workspace is looked through", async () => {
    const job = new PerstackJob("theirs");
    job.run("solo", { query: "Mine" }).answer("One.");
    await job.write(root);
    index.setFolders([root]);
    await index.refresh();
    await index.setRoots([{ path: root, isAsked: false }]);
    await index.check();
    expect(rows()).toEqual([["Mine", "perstack", "finished"]]);
    expect(index.list()[0]?.root).toBeUndefined();
  });

  it("shows runs of ours that lie in a root, to be looked at", async () => {
    const folder = await createRunFolder(root, { jobId: "j", runId: "r" }, newId);
    await runLoop(scriptedModel([{ text: "End" }]), { folder, setup: { runId: "r" } });
    await folder.close();
    await index.setRoots([asked(root)]);
    expect(index.list()).toMatchObject([{ dir: folder.dir, status: "finished", root }]);
    expect(index.sources()).toEqual([]);
    expect((await index.load(folder.dir)).run.text).toBe("End");
    await index.setRoots([asked(folder.dir)]);
    expect(index.list()).toMatchObject([{ dir: folder.dir, root: folder.dir }]);
    await index.setRoots([]);
    expect(rows()).toEqual([]);
  });

  it("says so where there is nothing to read in what was asked for", async () => {
    await writeFile(join(root, "notes.txt"), "nothing");
    await index.setRoots([asked(root), asked(join(root, "gone")), { path: tmpdirOf(root), isAsked: false }]);
    expect(index.sources()).toEqual(
      [root, join(root, "gone")].map((path) => ({
        ...{ path, root: path, groups: [] },
        problems: [{ file: path, reason: expect.stringMatching(/No run/u) }],
      })),
    );
    const job = new PerstackJob("theirs");
    job.run("solo", { query: "First" }).answer("One.");
    await job.write(root);
    await index.check();
    expect(rows()).toEqual([["First", "perstack", "finished"]]);
    expect(index.sources().map(({ path }) => path)).toEqual([join(root, "gone")]);
  });

  it("forgets what is deleted", async () => {
    const files = ["a", "b"].map((name) => join(root, "logs", `${name}.jsonl`));
    for (const [at, file] of files.entries()) await writeStream(file, streamOf(String(at), file));
    const [first = "", second = ""] = files;
    await index.setRoots(files.map(asked));
    await rm(first);
    await index.check();
    expect(index.list().map(({ dir }) => dir)).toEqual([second]);
    await expect(index.load(first)).rejects.toThrow();
  });

  it("follows a run that another program writes, to its end", async () => {
    const file = join(root, "live.jsonl");
    const lines = streamOf("a", "Live");
    const source = join(root, "lines.json");
    await writeFile(source, JSON.stringify(lines));
    await writeStream(file, lines.slice(0, 1));
    await index.setRoots([asked(file)]);
    expect(rows()).toEqual([["Live", "perstack", "unknown"]]);
    // It writes a line for each that it is given, as a run does that takes its time.
    const program = `const { appendFileSync, readFileSync } = require("node:fs");
      const lines = JSON.parse(readFileSync(process.argv[2], "utf8")).slice(1);
      process.stdin.on("data", () => { appendFileSync(process.argv[1], lines.shift() + "\\n"); process.stdout.write("."); });`;
    const writer = spawn(process.execPath, ["-e", program, file, source], { stdio: ["pipe", "pipe", "inherit"] });
    const writeLine = async () => {
      const written = new Promise((resolve) => writer.stdout.once("data", resolve));
      writer.stdin.write("go");
      await written;
    };
    const look = async () => {
      await index.check();
      return index.get(file);
    };
    try {
      await writeLine();
      await waitUntil("the run to go on", async () => (await look())?.status === "running");
      const events = (await index.load(file)).events.length;
      await writeLine();
      await waitUntil("the next event", async () => {
        await look();
        return (await index.load(file)).events.length > events;
      });
      for (let left = lines.length - 3; left > 0; left -= 1) await writeLine();
      const summary = await waitUntil("the end", async () => {
        const run = await look();
        return run?.status === "finished" ? run : undefined;
      });
      expect(summary).toMatchObject({ steps: 2, status: "finished" });
    } finally {
      writer.kill();
    }
  });
});

function tmpdirOf(path: string): string {
  return join(path, "empty");
}

describe("the sources", () => {
  let now: number;
  let shown: Map<string, RunSummary>;
  let told: number;
  let sources: ForeignSourceIndex;
  beforeEach(() => {
    // Long after the files were written.
    now = Date.now() + 60_000;
    shown = new Map();
    told = 0;
    sources = createForeignSources({
      isKnown: () => false,
      show(summary) {
        told += 1;
        shown.set(summary.dir, summary);
      },
      forget: (dir) => void shown.delete(dir),
      tellSource: () => undefined,
      onError(error) {
        throw error;
      },
      now: () => now,
    });
  });
  afterEach(() => sources.dispose());
  const statuses = () => [...shown.values()].map(({ status }) => status);

  it("take a run to go on for as long as it is seen to change, and read it only then", async () => {
    const file = join(root, "live.jsonl");
    const lines = streamOf("a", "Live");
    await writeStream(file, lines.slice(0, 2));
    await sources.setRoots([asked(root), asked(file)]);
    await sources.check();
    expect([statuses(), told]).toEqual([["unknown"], 1]);
    await appendFile(file, `${lines[2]}\n`);
    await sources.refreshPaths(new Set([file]));
    expect([statuses(), told]).toEqual([["running"], 2]);
    now += 10 * 60_000;
    await sources.check();
    expect([statuses(), told]).toEqual([["unknown"], 3]);
    await appendFile(file, `${lines.slice(3).join("\n")}\n`);
    await sources.check();
    expect([statuses(), told]).toEqual([["finished"], 4]);
    await sources.check();
    expect(told).toBe(4);
  });

  it("take a run that was seen to begin to go on", async () => {
    await sources.setRoots([asked(root)]);
    const job = new PerstackJob("theirs");
    job.run("solo", { query: "New" }).generate();
    await job.write(root);
    await sources.refreshPaths(new Set([join(root, "perstack")]));
    expect(statuses()).toEqual(["running"]);
  });

  it("stop reading when they are closed", async () => {
    await writeStream(join(root, "a.jsonl"), streamOf("a", "First"));
    const looking = sources.setRoots([asked(join(root, "a.jsonl"))]);
    sources.dispose();
    await looking;
    expect(shown.size).toBe(0);
  });
});
