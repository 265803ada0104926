/** `runtrail failures`: which run is meant, data alone on stdout, and the same for runs of every system. */
import { cp, mkdir, mkdtemp, readFile, realpath, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { createApp } from "../../src/app/createApp";
import { findSources, readSource } from "../../src/app/readForeign";
import { runCli } from "../../src/cli/runCli";
import { countTokens, digestFailures, digestLines } from "../../src/model/failureDigest";
import { runOf } from "../../src/model/run";
import { RunnerLog } from "../formats/runnerLog";
import { fixturesFolder, hasFixtures } from "../support/projectPaths";
import { createTestIo } from "./testIo";

let root = "";

beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), "runtrail-failures-")));
});

async function failures(...args: string[]) {
  const io = createTestIo({ cwd: root });
  const code = await runCli(["failures", ...args], io);
  return { code, out: io.out(), err: io.err() };
}

async function writeLog(name: string, log: RunnerLog): Promise<string> {
  await mkdir(join(root, name));
  await writeFile(join(root, name, "events.jsonl"), log.text());
  return join(root, name);
}

const failing = (runId: string) => new RunnerLog(runId).begin().start("build").fail("build", "unknown", `No ${runId}`);

async function playDemo(): Promise<string> {
  await cp(resolve(import.meta.dirname, "../../examples/demo"), root, { recursive: true });
  const app = createApp({
    env: {},
    readSecrets: async () => ({}),
    askApproval: async () => ({ granted: false, by: "test", remember: true }),
    reportError: (error) => {
      throw error;
    },
  });
  app.setFolders([root]);
  const definitionPath = join(root, "perstack.toml");
  const expertKey = "fails-on-purpose";
  const query = (await app.suggestQuery(definitionPath, expertKey)) ?? "";
  const run = await app.start({ definitionPath, expertKey, query, approval: "all" });
  await run.done;
  await app.shutdown();
  app.dispose();
  return run.runId;
}

describe("runtrail failures", () => {
  it("prints the failing steps of the newest failed run of the workspace, and what they take beside them", async () => {
    const runId = await playDemo();
    const { code, out, err } = await failures();
    expect(code).toBe(0);
    const told = out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(told.map(({ type, step, grade, class: kind }) => `${type} ${step} ${grade} ${kind}`)).toEqual([
      expect.stringMatching(/^finishToolCall \d recovered tool_error$/u),
      "errorRun 5 fatal replay_diverged",
    ]);
    expect(told[0]).toMatchObject({ tool: expect.any(String), args: expect.any(String) });
    expect(told[1].reason).toMatch(/0\.4.*0\.5/u);
    expect(countTokens(out)).toBeLessThan(500);
    expect(err).toMatch(/about \d+ tokens; the whole log has about [\d.]+k/u);
    expect(err).toContain(runId);
    expect((await failures(runId.slice(0, 8))).out).toBe(out);
    expect((await failures("--run", runId, "--json")).out).toBe(out);
  });

  it("prints Markdown where it is asked to", async () => {
    const path = await writeLog("one", failing("one").end("failed", "Gave up"));
    const { out } = await failures(path, "--markdown");
    expect(out).toBe(
      "**runner: one**: failed (run `one`)\n\n- step 1, fatal: errorRun tool_error (`build`): Gave up: No one\n",
    );
    const both = await failures(path, "--markdown", "--json");
    expect([both.code === 0, both.out]).toEqual([false, ""]);
  });

  it("takes a path with several runs: the newest that ended badly, or the one that is named", async () => {
    await writeLog("one", failing("one").end("succeeded", "All steps succeeded"));
    const got = new RunnerLog("two").begin().start("a").fail("a", "transient_io", "Busy").retry("a", 1).succeed("a", 1);
    await writeLog("two", got.end("succeeded", "All steps succeeded"));
    expect((await failures(root)).out).toContain("No one");
    const named = await failures(root, "--run", "two");
    expect(JSON.parse(named.out)).toMatchObject({ grade: "recovered", class: "transient_io", iteration: 1 });
    expect((await failures(root)).err).toContain("The run says that it succeeded");
  });

  it("says where nothing failed, and where there is nothing", async () => {
    const path = await writeLog("fine", new RunnerLog("fine").begin().end("succeeded", "All steps succeeded"));
    expect(await failures(path)).toEqual({ code: 0, out: "", err: `Nothing failed in ${path}.\n` });
    expect((await failures(path, "--run", "fine")).err).toBe("Nothing failed in runner: fine (run fine).\n");
    const none = await failures(path, "--run", "other");
    expect([none.code === 0, none.out]).toEqual([false, ""]);
    expect(none.err).toContain("other");
  });

  it.skipIf(!hasFixtures)("stays below 500 tokens for every run that others left", async () => {
    let count = 0;
    for (const source of await findSources(fixturesFolder)) {
      const { runs } = await readSource(source);
      for (const { events } of runs) {
        const run = runOf(events);
        if (!run || run.failures.length === 0) continue;
        count += 1;
        const lines = digestLines(digestFailures(run, events)).join("\n");
        expect(countTokens(lines), run.runId).toBeLessThan(500);
        expect(lines.split("\n").length).toBeGreaterThan(0);
      }
    }
    expect(count).toBeGreaterThan(2);
  });

  it("is in the help and the documentation", async () => {
    const io = createTestIo({ cwd: root });
    await runCli(["--help"], io);
    expect(io.out()).toContain("failures");
    expect(await readFile(resolve(import.meta.dirname, "../../docs/cli.md"), "utf8")).toContain(
      "`failures [run or path]`",
    );
  });
});
