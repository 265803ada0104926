/** `runtrail log <path>`: runs of ours and of Perstack, wherever they lie, with the same words. */
import { cp, mkdir, mkdtemp, readFile, realpath, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { newId } from "../../src/app/newId";
import { runCli } from "../../src/cli/runCli";
import { createRunFolder } from "../../src/store/runFolder";
import { runLoop } from "../support/loopHarness";
import { PerstackJob, type PerstackRun } from "../support/perstackJob";
import { scriptedModel } from "../support/scriptedModel";
import { createTestIo } from "./testIo";

let root = "";
let elsewhere = "";
let jobDir = "";
let boss: PerstackRun;
let worker: PerstackRun;
let back: PerstackRun;
let stream = "";

beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), "runtrail-log-path-")));
  elsewhere = await realpath(await mkdtemp(join(tmpdir(), "runtrail-log-elsewhere-")));
  const job = new PerstackJob("theirs");
  boss = job.run("boss", { query: "Do it" });
  const [call] = boss.calls("Over to you.", { tool: "worker", skill: "worker", args: { query: "Work" } });
  if (!call) throw new Error("no call");
  boss.stop("Delegate", [call]);
  worker = boss.delegate(call);
  worker.results(worker.calls("", { tool: "exec", args: { command: "ls" } }), '{"error":"exit 1"}');
  worker.complete("7");
  const result = [{ type: "textPart", id: "t", text: "7" }];
  back = boss.return([{ id: call.id, skillName: "delegate/worker", toolName: "worker", result }], worker);
  back.complete("It is 7.");
  jobDir = await job.write(root);
  stream = join(elsewhere, "stdout.jsonl");
  await writeFile(stream, `${job.lines()}{"torn`);
});

async function log(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const io = createTestIo({ cwd: elsewhere });
  const code = await runCli(["log", ...args], io);
  return { code, out: io.out(), err: io.err() };
}

async function recordOurs(): Promise<string> {
  const folder = await createRunFolder(root, { jobId: "ours", runId: "mine" }, newId);
  await runLoop(scriptedModel([{ text: "Fine." }]), { folder, setup: { runId: "mine" } });
  await folder.close();
  return folder.dir;
}

describe("runtrail log with a path", () => {
  it("reads the runs of a job of Perstack, oldest first", async () => {
    const { code, out, err } = await log(jobDir);
    expect([code, err]).toEqual([0, ""]);
    expect(out.indexOf("Do it")).toBeLessThan(out.indexOf("Work"));
    for (const words of ["Over to you.", "exec", "exit 1", "It is 7."]) expect(out).toContain(words);
  });

  it("lists those of a workspace, as without a path", async () => {
    await recordOurs();
    const { out } = await log(root);
    expect(out.trimEnd().split("\n")).toHaveLength(4);
    const io = createTestIo({ cwd: root });
    await runCli(["log"], io);
    expect(io.out()).toBe(out);
    expect((await log(join(root, "perstack", "jobs"))).out).toBe(out);
  });

  it("reads one run alone: of Perstack, by any of the folders it is spread over, and of ours", async () => {
    const ours = await recordOurs();
    for (const { runId } of [boss, back]) {
      const { out } = await log(join(jobDir, "runs", runId));
      expect(out).toContain("It is 7.");
      expect(out).not.toContain("exit 1");
    }
    const { out } = await log(ours);
    expect(out).toContain("Fine.");
    expect((await log(join(ours, "events.jsonl"))).out).toBe(out);
    const copy = join(elsewhere, "copy");
    await cp(ours, copy, { recursive: true });
    expect((await log(copy)).out).toBe(out);
  });

  it("reads a log of Perstack, and says what is torn", async () => {
    const { code, out, err } = await log("stdout.jsonl");
    expect(code).toBe(0);
    expect(out).toContain("It is 7.");
    expect(err).toMatch(/stdout\.jsonl:\d+: The last record is torn/u);
    expect((await log("stdout.jsonl", "--errors")).out).toContain("exit 1");
  });

  it("reads a log of ours under any name", async () => {
    const ours = await recordOurs();
    await cp(join(ours, "events.jsonl"), join(elsewhere, "saved.jsonl"));
    expect((await log("saved.jsonl")).out).toContain("Fine.");
  });

  it("sums up for programs, the same from the files as from the log", async () => {
    const { out } = await log(jobDir, "--summary", "--json");
    const summary = JSON.parse(out);
    expect(summary).toMatchObject({
      source: "perstack",
      problems: [],
      runs: [
        {
          ...{ id: worker.runId, parentRunId: boss.runId, title: "worker: Work", status: "finished", steps: 2 },
          ...{ toolCalls: 2, failures: [{ step: 2, grade: "recovered", class: "tool_error" }] },
        },
        { id: boss.runId, title: "boss: Do it", status: "finished", toolCalls: 2 },
      ],
    });
    const ofLog = JSON.parse((await log(stream, "--summary", "--json")).out);
    expect(ofLog.runs).toEqual(summary.runs);
    expect(ofLog.problems).toMatchObject([{ file: stream }]);
    expect((await log(jobDir, "--summary")).out).toContain("~ recovered at step 2");
  });

  it("reads a workspace with runs of several systems, and names them all", async () => {
    await recordOurs();
    const { source, runs } = JSON.parse((await log(root, "--summary", "--json")).out);
    expect(source).toBe("runtrail+perstack");
    expect(runs).toHaveLength(3);
    expect(JSON.parse((await log(root, "--summary", "--json", "--run", "mine")).out).source).toBe("runtrail");
  });

  it("finds copies of our runs below any folder, but nothing that only has the name of a journal", async () => {
    const ours = await recordOurs();
    await cp(ours, join(elsewhere, "saved", "monday", "first"), { recursive: true });
    await cp(ours, join(elsewhere, "saved", "second"), { recursive: true });
    await mkdir(join(elsewhere, "saved", "third"));
    await writeFile(join(elsewhere, "saved", "third", "events.jsonl"), '{"type":"thing"}\n');
    const { runs } = JSON.parse((await log("saved", "--summary", "--json")).out);
    expect(runs.map(({ id }: { id: string }) => id)).toEqual(["mine", "mine"]);
  });

  it("holds to the contract for scripts: nothing else is in it, whoever wrote the run", async () => {
    await recordOurs();
    const known = {
      runs: ["id", "parentRunId", "title", "status", "stopReason", "steps", "toolCalls", "failures", "usage"],
      usage: ["inputTokens", "outputTokens", "totalTokens"],
      problems: ["file", "line", "reason"],
    };
    const allowed = [...known.runs, "startedAt", "finishedAt", "origin", "waitsFor"];
    for (const place of [root, jobDir, stream]) {
      const summary = JSON.parse((await log(place, "--summary", "--json")).out);
      expect(Object.keys(summary)).toEqual(["source", "runs", "problems"]);
      for (const run of summary.runs) {
        expect(allowed).toEqual(expect.arrayContaining(Object.keys(run)));
        if (run.usage) expect(Object.keys(run.usage)).toEqual(known.usage);
      }
      for (const problem of summary.problems)
        expect(known.problems).toEqual(expect.arrayContaining(Object.keys(problem)));
    }
  });

  it("gives programs all runs, and a person the newest fifty", async () => {
    const events = await readFile(join(await recordOurs(), "events.jsonl"), "utf8");
    for (let number = 0; number < 60; number += 1) {
      const dir = join(elsewhere, "many", `run-${number}`);
      await mkdir(dir, { recursive: true });
      await writeFile(
        join(dir, "events.jsonl"),
        events.replaceAll('"mine"', `"run-${number}"`).replaceAll('"job"', `"job-${number}"`),
      );
    }
    expect(JSON.parse((await log("many", "--summary", "--json")).out).runs).toHaveLength(60);
    const { out, err } = await log("many", "--summary");
    expect(out.trimEnd().split("\n")).toHaveLength(50);
    expect(err).toBe("10 older runs are left out; --take 0 shows all.\n");
  });

  it("gives events of ours for programs", async () => {
    const { out } = await log(jobDir, "--run", worker.runId, "--json");
    const events = out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(events[0]).toMatchObject({ type: "startRun", seq: 1, runId: worker.runId, query: "Work" });
    expect(events.at(-1)).toMatchObject({ type: "finishRun", text: "7" });
  });

  it("says what to name where there is nothing to read", async () => {
    await mkdir(join(elsewhere, "empty"));
    await writeFile(join(elsewhere, "text.txt"), "hello\n");
    for (const path of ["empty", "text.txt"]) {
      const { code, err } = await log(path);
      expect(code).toBe(2);
      expect(err).toContain("can be read as runs. Name a workspace, a folder of a job or a run");
    }
    expect((await log("nowhere")).err).toContain(`There is no file or folder ${join(elsewhere, "nowhere")}.`);
    expect((await log(jobDir, "--workspace", root)).err).toContain("Name either a path or a --workspace.");
  });
});
