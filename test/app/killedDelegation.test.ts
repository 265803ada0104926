import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import type { RunEvent } from "../../src/model/events";
import { brokenLaws, expertsToml, type JobBench, openJobBench } from "../support/jobs";
import { projectRoot } from "../support/projectPaths";

let bench: JobBench | undefined;
afterEach(async () => {
  await bench?.close();
});

const usage = { inputTokens: 100, outputTokens: 10 };
const words = Array.from({ length: 200 }, (_, index) => `word ${index} `);
const toml = expertsToml({ coordinator: 'delegates = ["quick", "slow"]', quick: "", slow: "" });

/** Runs the coordinator in a process of its own and kills that once it has told an event like this. */
async function runAndKill({ root, server }: JobBench, isMoment: (event: RunEvent) => boolean): Promise<void> {
  const args = [
    join(projectRoot, "dist", "cli.js"),
    "run",
    "coordinator",
    "Do it",
    "--job-id",
    "j",
    "--approve",
    "all",
  ];
  const env = { ANTHROPIC_API_KEY: "sk-test-0123456789", ANTHROPIC_BASE_URL: server.baseUrlFor("anthropic") };
  const child = spawn(process.execPath, args, { cwd: root, env, stdio: ["ignore", "pipe", "inherit"] });
  let rest = "";
  child.stdout.setEncoding("utf8");
  child.stdout.on("data", (chunk: string) => {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    if (lines.some((line) => isMoment(JSON.parse(line) as RunEvent))) child.kill("SIGKILL");
  });
  await once(child, "close");
}

describe("a job that is killed in the middle of its delegates", () => {
  it("goes on where each of them was: what was done stays done, and every start has its end", async () => {
    const calls = ["quick", "slow"].map((name) => ({ id: `d-${name}`, name, args: { query: "Work" } }));
    bench = await openJobBench(toml, {
      coordinator: [
        { toolCalls: calls, usage },
        { text: "Together", usage },
      ],
      quick: [{ text: "Quickly done", usage }],
      slow: [
        { toolCalls: [{ name: "healthCheck", args: {} }], usage },
        { text: words, slow: 30, usage },
        { text: "Slowly done", usage },
      ],
    });
    let slowSteps = 0;
    let isQuickDone = false;
    await runAndKill(bench, ({ type, expertKey }) => {
      if (type === "startGeneration" && expertKey === "slow") slowSteps += 1;
      if (type === "finishDelegation") isQuickDone = true;
      return slowSteps === 2 && isQuickDone;
    });
    const before = await bench.readJob("j");
    expect(before.map(({ run }) => run.status).sort()).toEqual(["finished", "running", "running"]);
    const coordinator = before.find(({ run }) => run.expertKey === "coordinator");
    const { outcome } = await bench.resume({ dir: coordinator?.dir ?? "" });
    expect(outcome).toMatchObject({ status: "finished", text: "Together" });
    const after = await bench.readJob("j");
    expect(after.map(({ run }) => [run.expertKey, run.status, run.text]).sort()).toEqual([
      ["coordinator", "finished", "Together"],
      ["quick", "finished", "Quickly done"],
      ["slow", "finished", "Slowly done"],
    ]);
    expect(after.flatMap((recorded) => brokenLaws(recorded))).toEqual([]);
    // One answer was broken off before anyone knew what it cost.
    expect(outcome.totalUsage.totalTokens).toBe(5 * 110);
    const told = JSON.stringify(bench.server.requests.at(-1)?.body);
    for (const said of ["Quickly done", "Slowly done"]) expect(told).toContain(said);
  });
});
