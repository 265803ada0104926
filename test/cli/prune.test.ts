import { mkdir, mkdtemp, readdir, realpath, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { parseAge } from "../../src/cli/parseAge";
import { runCli } from "../../src/cli/runCli";
import { layout } from "../../src/store/layout";
import { type RunInfo, writeRunInfo } from "../../src/store/runInfo";
import { runningInfo } from "../support/runningInfo";
import { createTestIo } from "./testIo";

const day = 86_400_000;
const now = Date.UTC(2026, 5, 1);
let root = "";

async function writeRun(jobId: string, daysAgo: number, changes: Partial<RunInfo> = {}): Promise<void> {
  const dir = layout.run(root, jobId, "r");
  await mkdir(dir, { recursive: true });
  const time = new Date(now - daysAgo * day).toISOString();
  const ended: Partial<RunInfo> = { status: "completed", exit_code: 0, start_time: time, end_time: time };
  const owner = { pid: 1, host: "nowhere" };
  await writeRunInfo(dir, { ...runningInfo(root, owner), run_id: "r", task_id: jobId, ...ended, ...changes }, "x");
  await writeFile(layout.journal(dir), "x".repeat(10_000));
}

beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), "runtrail-prune-")));
  await writeRun("old", 40, { query: "Sum\nit up", expert_key: "sum" });
  await writeRun("older", 400);
  await writeRun("new", 3);
  await writeRun("bad", 50, { status: "failed", exit_code: 1 });
  await writeRun("asks", 50, { status: "failed", exit_code: 3, stop_reason: "input" });
});

async function run(...args: string[]): Promise<{ code: number; out: string; err: string; jobs: string[] }> {
  const io = createTestIo({ cwd: root });
  const code = await runCli(["prune", ...args], { ...io, clock: { ...io.clock, now: () => now } });
  return { code, out: io.out(), err: io.err(), jobs: (await readdir(layout.jobs(root))).sort() };
}

describe("runtrail prune", () => {
  it("deletes old jobs and lists them, the oldest first, with age, size and query", async () => {
    const { code, out, err, jobs } = await run("--older-than", "30d", "--keep-failed");
    expect({ code, jobs }).toEqual({ code: 0, jobs: ["asks", "bad", "new"] });
    const rows = out
      .trimEnd()
      .split("\n")
      .map((line) => line.split(/ {2,}/u));
    expect(rows).toEqual([
      ["JOB", "LAST HEARD OF", "AGE", "RUNS", "SIZE", "EXPERT", "QUERY"],
      ["older", expect.stringMatching(/^2025-04-2/u), "400 d", "1", expect.stringMatching(/^10\.\d kB$/u), "solo", "q"],
      [
        "old",
        expect.stringMatching(/^2026-04-2/u),
        "40 d",
        "1",
        expect.stringMatching(/^10\.\d kB$/u),
        "sum",
        "Sum it up",
      ],
    ]);
    expect(err).toMatch(
      /^2 jobs \(2 runs, 2\d\.\d kB\) deleted\. Kept: 1 younger, 1 waiting for an answer, 1 failed\.\n$/u,
    );
  });

  it("deletes what failed or waits only where it is told to", async () => {
    expect((await run("--older-than", "30d", "--dry-run")).out).toMatch(/^bad /mu);
    expect((await run("--older-than", "30d", "--dry-run", "--include-waiting")).out).toMatch(/^asks /mu);
  });

  it("changes nothing with --dry-run", async () => {
    const { code, out, err, jobs } = await run("--older-than", "2026-04-30", "--dry-run");
    expect({ code, jobs }).toEqual({ code: 0, jobs: ["asks", "bad", "new", "old", "older"] });
    expect(out).toMatch(/^older .*\n/mu);
    expect(err).toMatch(/^3 jobs .+ would be deleted; nothing was changed\. Kept: /u);
  });

  it("prints one JSON object with --json", async () => {
    const { out, err } = await run("--older-than", "8w", "--json");
    expect(err).toBe("");
    expect(JSON.parse(out)).toEqual({
      workspace: root,
      dryRun: false,
      olderThan: now - 56 * day,
      runs: 1,
      bytes: expect.any(Number),
      removed: [
        {
          ...{ jobId: "older", dir: layout.job(root, "older"), runIds: ["r"], bytes: expect.any(Number) },
          ...{ lastActivity: now - 400 * day, expertKey: "solo", query: "q" },
        },
      ],
      kept: expect.arrayContaining([{ jobId: "new", dir: layout.job(root, "new"), because: "recent" }]),
      failed: [],
    });
  });

  it("says that there was nothing to delete", async () => {
    expect(await run("--older-than", "900d")).toMatchObject({
      code: 0,
      out: "",
      err: expect.stringMatching(/^Nothing was deleted\. Kept: 5 younger\.\n$/u),
    });
    const empty = await mkdtemp(join(tmpdir(), "runtrail-prune-"));
    expect((await run("--older-than", "1d", "--workspace", empty)).err).toBe("Nothing was deleted.\n");
  });

  it.each([
    { args: [], said: "--older-than" },
    { args: ["--older-than", "soon"], said: "It must be an age such as 90m, 12h, 30d" },
    { args: ["--older-than", "0d"], said: "It must be an age" },
    { args: ["--older-than", "2026-06-02"], said: "a date before now" },
    { args: ["--older-than", "1d", "--workspace", "/no/such/folder"], said: "There is no folder /no/such/folder." },
  ])("refuses $args and says what is missing", async ({ args, said }) => {
    const { code, err, jobs } = await run(...args);
    expect(code).toBe(2);
    expect(err).toContain(said);
    expect(jobs).toHaveLength(5);
  });
});

describe("an age", () => {
  it.each([
    ["90m", now - 90 * 60_000],
    ["12h", now - day / 2],
    ["30d", now - 30 * day],
    ["2w", now - 14 * day],
    ["2026-01-31", new Date(2026, 0, 31).getTime()],
    ["2026-01-31T12:00:00Z", Date.UTC(2026, 0, 31, 12)],
    ["", undefined],
    ["30", undefined],
    ["-1d", undefined],
    ["2026-13-01", undefined],
    ["1.5h", undefined],
  ])("%s is %s", (text, moment) => {
    expect(parseAge(text, now)).toBe(moment);
  });
});
