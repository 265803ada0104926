import { existsSync } from "node:fs";
import { cp, lutimes, mkdir, mkdtemp, readdir, readFile, realpath, rename, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { UserError } from "../../src/base/errors";
import { layout } from "../../src/store/layout";
import { currentOwner, type ProcessOwner } from "../../src/store/processOwner";
import { removeFolder, removeLeftovers } from "../../src/store/removeFolder";
import { type PrunePlan, planPrune, prune, type RetentionRules } from "../../src/store/retention";
import { listRunFolders } from "../../src/store/runFolders";
import { type RunInfo, writeRunInfo } from "../../src/store/runInfo";
import { projectRoot } from "../support/projectPaths";
import { runningInfo } from "../support/runningInfo";

const day = 86_400_000;
const now = Date.UTC(2026, 5, 1);
const rules: RetentionRules = { olderThanMs: 30 * day, keepFailed: true, now };
const dead: ProcessOwner = { pid: 2 ** 22 + 1, host: (await currentOwner()).host, process_started: "never" };
let root = "";
let ids = 0;
const newId = () => `id${ids++}`;

beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), "runtrail-retention-")));
});

/** A run that ended so many days ago. */
async function writeRun(
  jobId: string,
  runId: string,
  daysAgo: number,
  changes: Partial<RunInfo> = {},
): Promise<string> {
  const dir = layout.run(root, jobId, runId);
  await mkdir(dir, { recursive: true });
  const time = new Date(now - daysAgo * day).toISOString();
  const ended: Partial<RunInfo> = { status: "completed", exit_code: 0, start_time: time, end_time: time };
  await writeRunInfo(dir, { ...runningInfo(root, dead), run_id: runId, task_id: jobId, ...ended, ...changes }, newId());
  await writeFile(layout.journal(dir), "x".repeat(1000));
  return dir;
}

const failed: Partial<RunInfo> = { status: "failed", exit_code: 1 };
const waiting: Partial<RunInfo> = { status: "failed", exit_code: 3, stop_reason: "input" };

/** Sets the time of every file and folder back. */
async function age(path: string, daysAgo: number): Promise<void> {
  const time = new Date(now - daysAgo * day);
  const names = await readdir(path, { recursive: true });
  for (const name of ["", ...names]) await lutimes(join(path, name), time, time);
}

function summary({ remove, kept }: PrunePlan): { remove: string[]; kept: Record<string, string> } {
  return {
    remove: remove.map(({ jobId }) => jobId),
    kept: Object.fromEntries(kept.map(({ jobId, because }) => [jobId, because])),
  };
}

async function plan(changes: Partial<RetentionRules> = {}) {
  return summary(await planPrune(root, { ...rules, ...changes }));
}

describe("a plan of what goes", () => {
  it("has jobs of which nothing was heard for long, the oldest first, with their runs, size and query", async () => {
    await writeRun("middle", "r", 40);
    await writeRun("old", "first", 60, { query: "Do it", expert_key: "solo" });
    await writeRun("old", "second", 50, { query: "Go on" });
    await writeRun("new", "r", 29);
    const whole = await planPrune(root, rules);
    expect(summary(whole)).toEqual({ remove: ["old", "middle"], kept: { new: "recent" } });
    expect(whole.remove[0]).toMatchObject({
      dir: layout.job(root, "old"),
      runIds: expect.arrayContaining(["first", "second"]),
      lastActivity: now - 50 * day,
      expertKey: "solo",
      query: "Do it",
    });
    const infos = ["first", "second"].map((id) => readFile(layout.runInfo(layout.run(root, "old", id))));
    const bytes = (await Promise.all(infos)).reduce((sum, { length }) => sum + length, 2000);
    expect(whole.remove[0]?.bytes).toBe(bytes);
  });

  it("keeps a whole job while one of its runs is young", async () => {
    await writeRun("j", "old", 300);
    await writeRun("j", "young", 1);
    expect(await plan()).toEqual({ remove: [], kept: { j: "recent" } });
  });

  it("keeps what runs, however old it is", async () => {
    await writeRun("j", "r", 300, { ...(await currentOwner()), status: "running", exit_code: -1, end_time: undefined });
    await age(layout.job(root, "j"), 300);
    expect(await plan()).toEqual({ remove: [], kept: { j: "running" } });
  });

  it("counts a run whose process died as failed, and one of another machine by its files", async () => {
    await writeRun("dead", "r", 300, { status: "running", exit_code: -1, end_time: undefined });
    await writeRun("away", "r", 300, { ...dead, host: "elsewhere", status: "running", end_time: undefined });
    await age(layout.jobs(root), 300);
    expect(await plan()).toEqual({ remove: [], kept: { dead: "failed", away: "failed" } });
    expect((await plan({ keepFailed: false })).remove.sort()).toEqual(["away", "dead"]);
    await age(layout.job(root, "away"), 0.5);
    expect((await plan({ keepFailed: false, olderThanMs: 60_000 })).kept).toEqual({ away: "running" });
  });

  it("keeps jobs whose newest run failed, unless they may go", async () => {
    await writeRun("ends-badly", "a", 90);
    await writeRun("ends-badly", "b", 80, failed);
    await writeRun("ends-well", "a", 90, failed);
    await writeRun("ends-well", "b", 80);
    await writeRun("delegate-failed", "a", 90);
    await writeRun("delegate-failed", "b", 80, { ...failed, parent_run_id: "a" });
    await writeRun("stopped", "a", 90, { status: "failed", exit_code: 130, stop_reason: "cancelled" });
    const { remove, kept } = await plan();
    expect(kept).toEqual({ "ends-badly": "failed" });
    expect(remove.sort()).toEqual(["delegate-failed", "ends-well", "stopped"]);
    expect((await plan({ keepFailed: false })).kept).toEqual({});
  });

  it("keeps jobs that wait for an answer, unless they may go", async () => {
    await writeRun("j", "r", 90, waiting);
    expect(await plan({ keepFailed: false })).toEqual({ remove: [], kept: { j: "waiting" } });
    expect((await plan({ includeWaiting: true })).remove).toEqual(["j"]);
  });

  it("tells a run without a record by its journal", async () => {
    const envelope = { id: "e", jobId: "j", runId: "r", expertKey: "solo", step: 0 };
    const start = { type: "startRun", query: "Do it", limits: { maxSteps: 1, maxRetries: 1, timeoutMs: 1 } };
    const events = (end: object) => [
      { ...envelope, ...start, seq: 1, timestamp: now - 90 * day, requestId: "q", runtimeVersion: "0", tools: [] },
      { ...envelope, ...end, seq: 2, timestamp: now - 90 * day, durationMs: 1, totalUsage: runUsage },
    ];
    const runUsage = { inputTokens: 0, outputTokens: 0, totalTokens: 0 };
    const ends = {
      finished: { type: "finishRun", text: "Done" },
      input: { type: "stopRun", reason: "input" },
      open: { type: "startGeneration", attempt: 1, messageCount: 1 },
    };
    for (const [name, end] of Object.entries(ends)) {
      const dir = layout.run(root, name, "r");
      await mkdir(dir, { recursive: true });
      await writeFile(
        layout.journal(dir),
        events(end)
          .map((event) => `${JSON.stringify(event)}\n`)
          .join(""),
      );
    }
    await age(layout.jobs(root), 90);
    expect(await plan()).toEqual({ remove: ["finished"], kept: { input: "waiting", open: "failed" } });
  });

  it("tells the age of a damaged or strange folder by its newest file", async () => {
    const folder = layout.job(root, "strange");
    await mkdir(join(folder, "runs", "r"), { recursive: true });
    await writeFile(join(folder, "runs", "r", "run-info.yaml"), ": no yaml [");
    await writeFile(join(folder, "notes.txt"), "hello");
    await age(folder, 90);
    expect((await plan()).remove).toEqual(["strange"]);
    await age(join(folder, "runs"), 3);
    expect((await plan()).kept).toEqual({ strange: "recent" });
  });

  it("never takes a link for a job, nor follows one", async () => {
    const outside = await mkdtemp(join(tmpdir(), "runtrail-outside-"));
    await writeFile(join(outside, "precious"), "1234567");
    await writeRun("j", "r", 90);
    const before = (await planPrune(root, rules)).remove[0]?.bytes ?? 0;
    await symlink(outside, layout.job(root, "linked"));
    await symlink(outside, join(layout.job(root, "j"), "linked"));
    const after = await planPrune(root, rules);
    expect(summary(after).remove).toEqual(["j"]);
    expect((after.remove[0]?.bytes ?? 0) - before).toBe(outside.length);
    await prune(after, (dir) => removeFolder(dir, newId));
    expect(await readFile(join(outside, "precious"), "utf8")).toBe("1234567");
    expect(await readdir(layout.jobs(root))).toEqual(["linked"]);
  });

  it("refuses jobs that lie out of the workspace, and finds none where there are none", async () => {
    expect(await plan()).toEqual({ remove: [], kept: {} });
    const outside = await mkdtemp(join(tmpdir(), "runtrail-outside-"));
    await writeRun("j", "r", 90);
    await rename(join(root, "perstack"), join(outside, "perstack"));
    await symlink(join(outside, "perstack"), join(root, "perstack"));
    await expect(planPrune(root, rules)).rejects.toThrow(UserError);
    await expect(prune({ root, rules, remove: [], kept: [] }, async () => {})).rejects.toThrow("leads out");
  });
});

describe("pruning", () => {
  it("removes what the plan says and nothing else", async () => {
    await writeRun("old", "r", 90);
    await writeRun("new", "r", 1);
    const { removed, kept, failed } = await prune(await planPrune(root, rules), (dir) => removeFolder(dir, newId));
    expect(removed.map(({ jobId }) => jobId)).toEqual(["old"]);
    expect([kept, failed]).toEqual([[], []]);
    expect(await readdir(layout.jobs(root))).toEqual(["new"]);
  });

  it("leaves a job alone that went on since the plan was made", async () => {
    await writeRun("j", "r", 90);
    const made = await planPrune(root, rules);
    await writeRun("j", "again", 0);
    const { removed, kept } = await prune(made, (dir) => removeFolder(dir, newId));
    expect(removed).toEqual([]);
    expect(kept).toMatchObject([{ jobId: "j", because: "recent" }]);
  });

  it("goes on behind a job that cannot be removed and says why", async () => {
    await writeRun("first", "r", 95);
    await writeRun("second", "r", 90);
    const { removed, failed } = await prune(await planPrune(root, rules), async (dir) => {
      if (dir.endsWith("first")) throw new Error("It is held open.");
      await removeFolder(dir, newId);
    });
    expect(removed.map(({ jobId }) => jobId)).toEqual(["second"]);
    expect(failed).toMatchObject([{ job: { jobId: "first" }, reason: "It is held open." }]);
  });

  it("finishes what a crash left behind, which no listing shows", async () => {
    const run = await writeRun("j", "r", 1);
    await writeRun("k", "r", 1);
    const leftovers = [join(layout.jobs(root), ".k.x.pruned"), join(layout.job(root, "j"), "runs", ".gone.y.pruned")];
    await rename(layout.job(root, "k"), leftovers[0] ?? "");
    await cp(run, leftovers[1] ?? "", { recursive: true });
    expect((await listRunFolders(root)).map(({ dir }) => dir)).toEqual([run]);
    expect(await plan()).toEqual({ remove: [], kept: { j: "recent" } });
    await removeLeftovers(root);
    expect(leftovers.map((path) => existsSync(path))).toEqual([false, false]);
    expect(await readdir(run)).toContain("events.jsonl");
  });
});

describe("a folder that is removed", () => {
  it("is gone with all that is in it, and need not be there", async () => {
    const dir = await writeRun("j", "r", 1);
    await removeFolder(dir, newId);
    expect(await readdir(join(layout.job(root, "j"), "runs"))).toEqual([]);
    await removeFolder(dir, newId);
  });

  it("takes only the link where it is one", async () => {
    const target = await writeRun("j", "r", 1);
    const link = layout.job(root, "linked");
    await symlink(layout.job(root, "j"), link);
    await removeFolder(link, newId);
    expect(existsSync(link)).toBe(false);
    expect(await readdir(target)).toContain("events.jsonl");
  });
});

describe("a job that Perstack wrote", () => {
  it.each<[string[], string | undefined]>([
    [["100-1-startRun", "200-1-stopRunByInteractiveTool"], "waiting"],
    [["100-1-startRun", "200-1-stopRunByInteractiveTool", "300-2-completeRun"], undefined],
    [["100-1-startRun", "99-1-completeRun", "200-1-stopRunByError"], "failed"],
    [["100-1-startRun", "200-2-stopRunByExceededMaxSteps"], undefined],
    [["100-1-startRun", "200-1-callTools"], "failed"],
  ])("is told by its last event, %j", async (events, because) => {
    const dir = layout.run(root, "j", "r");
    await mkdir(dir, { recursive: true });
    for (const event of events) await writeFile(join(dir, `event-${event}.json`), "{}");
    await age(root, 90);
    expect(await plan()).toEqual(because ? { remove: [], kept: { j: because } } : { remove: ["j"], kept: {} });
  });

  it("is told by its own record where it has one", async () => {
    await mkdir(layout.run(root, "j", "r"), { recursive: true });
    const usage = { inputTokens: 0, outputTokens: 0, totalTokens: 0 };
    const job = { id: "j", status: "stoppedByError", coordinatorExpertKey: "solo", totalSteps: 1, usage, startedAt: 0 };
    await writeFile(layout.jobRecord(layout.job(root, "j")), JSON.stringify(job));
    await age(root, 90);
    expect((await plan()).kept).toEqual({ j: "failed" });
  });

  const samples = join(projectRoot, "..", "shared", "fixtures", "perstack");
  it.runIf(existsSync(samples)).each([
    ["complete", undefined],
    ["library-complete", undefined],
    ["http-401", "failed"],
    ["tool-error", undefined],
  ])("(%s) goes or stays as ours would", async (name, because) => {
    await cp(join(samples, name, "workspace", "perstack"), join(root, "perstack"), { recursive: true });
    const [jobId = ""] = await readdir(layout.jobs(root));
    await age(root, 10);
    expect((await plan()).kept).toEqual({ [jobId]: "recent" });
    await age(root, 90);
    expect(await plan()).toEqual(because ? { remove: [], kept: { [jobId]: because } } : { remove: [jobId], kept: {} });
  });
});
