import { cp, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import type { StartFrom } from "../../src/app/app";
import { readRecordedRun } from "../../src/app/goOnWith";
import { brokenLaws, type ExpertScript, type JobBench, openJobBench } from "../support/jobs";
import { fixturesFolder, hasFixtures } from "../support/projectPaths";

let bench: JobBench | undefined;
afterEach(async () => {
  await bench?.close();
});

/** The instructions of the samples are left out, so they do not say which expert is asked. */
const recorded = "nobody";
const usage = { inputTokens: 100, outputTokens: 10 };

/** The folder that Perstack left, in a workspace of its own, and the only job in it. */
async function openSample(name: string, script: Record<string, ExpertScript>) {
  const sample = join(fixturesFolder, "perstack", name);
  bench = await openJobBench(await readFile(join(sample, "perstack.toml"), "utf8"), script);
  await cp(join(sample, "workspace", "perstack"), join(bench.root, "perstack"), { recursive: true });
  bench.app.setFolders([bench.root]);
  await bench.app.runs.refresh();
  const [jobId = ""] = await readdir(join(bench.root, "perstack", "jobs"));
  const runs = bench.app.runs.list().filter(({ parentRunId }) => parentRunId === undefined);
  return { bench, jobId, runs, newest: runs[0] };
}

const told = () => JSON.stringify(bench?.server.requests.at(-1)?.body);

describe.runIf(hasFixtures)("a job that Perstack began", () => {
  it("is continued with a new query: what was said before is known, and steps go on counting", async () => {
    const { bench, jobId, newest } = await openSample("complete", { [recorded]: [{ text: "More of it", usage }] });
    expect(newest).toMatchObject({ jobId, status: "finished" });
    const from: StartFrom = { kind: "continue", dir: newest?.dir ?? "" };
    const played = await bench.start({ expertKey: newest?.expertKey ?? "", query: "And more?", from });
    expect(played).toMatchObject({ jobId, outcome: { status: "finished", text: "More of it" } });
    expect(played.outcome.lastStep).toBeGreaterThan(1);
    expect(told()).toContain(newest?.query);
    expect(told()).toContain("And more?");
    const { run } = await readRecordedRun(played.dir);
    expect(run.origin).toMatchObject({ kind: "continue", jobId, runId: newest?.runId });
    // Both are in the tree: the run Perstack wrote and ours.
    await bench.app.runs.refresh();
    expect(bench.app.runs.list().map(({ runId }) => runId)).toEqual(
      expect.arrayContaining([newest?.runId, played.runId]),
    );
    const ours = (await bench.readJob(jobId)).find((each) => each.run.runId === played.runId);
    expect(ours && brokenLaws(ours)).toEqual([]);
  });

  it("goes on after the step limit, in a run of ours, with a higher one", async () => {
    const { bench, newest } = await openSample("max-steps", { [recorded]: [{ text: "Got there", usage }] });
    expect(newest).toMatchObject({ status: "stopped", stopReason: "maxSteps" });
    const definitionPath = join(bench.root, "perstack.toml");
    const { outcome } = await bench.resume({ dir: newest?.dir ?? "", definitionPath, maxSteps: 50 });
    expect(outcome).toMatchObject({ status: "finished", text: "Got there" });
  });

  it("whose question is still open is answered, each call by its own id", async () => {
    const { bench, newest } = await openSample("interactive-two-json", { [recorded]: [{ text: "Thank you", usage }] });
    const { events } = await readRecordedRun(newest?.dir ?? "");
    const stop = events.find((event) => event.type === "stopRun" && event.reason === "input");
    const asked = events.filter((event) => event.type === "requestInput");
    expect(asked.length).toBeGreaterThanOrEqual(2);
    const answers = asked.slice(0, 2).map((event, index) => ({
      toolCallId: event.type === "requestInput" ? event.toolCallId : "",
      text: `Answer ${index + 1}`,
    }));
    const checkpointId = stop?.type === "stopRun" ? stop.checkpointId : undefined;
    expect(checkpointId).toBeDefined();
    const from: StartFrom = { kind: "resume", dir: newest?.dir ?? "", checkpointId };
    const { outcome } = await bench.start({ expertKey: "solo", query: "", from, answers });
    expect(outcome).toMatchObject({ status: "finished", text: "Thank you" });
    expect(told()).toContain("Answer 1");
    expect(told()).toContain("Answer 2");
  });

  it("whose delegate failed goes on with its coordinator: the delegate is run again", async () => {
    const { bench, runs } = await openSample("delegate-fails", {
      worker: [{ text: "This time it works", usage }],
      [recorded]: [{ text: "All is well", usage }],
    });
    const coordinator = runs.find(({ expertKey }) => expertKey === "coordinator");
    const definitionPath = join(bench.root, "perstack.toml");
    const { outcome } = await bench.resume({ dir: coordinator?.dir ?? "", definitionPath });
    expect(outcome).toMatchObject({ status: "finished", text: "All is well" });
    expect(told()).toContain("This time it works");
  });
});
