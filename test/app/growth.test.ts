import { stat } from "node:fs/promises";
import { afterEach, describe, expect, it } from "vitest";
import { readRecordedRun } from "../../src/app/goOnWith";
import { layout } from "../../src/store/layout";
import { expertsToml, type JobBench, openJobBench } from "../support/jobs";
import { readNamedCheckpoints } from "../support/namedCheckpoints";

let bench: JobBench | undefined;
afterEach(async () => {
  await bench?.close();
});

const toml = expertsToml({ coordinator: "" });
const look = { toolCalls: [{ name: "readTextFile", args: { path: "a.txt" } }] };

async function run(steps: number, inputTokens: number) {
  bench = await openJobBench(
    toml,
    {
      coordinator: (_, turn) => ({
        ...(turn < steps - 1 ? look : { text: "End" }),
        usage: { inputTokens, outputTokens: 10 },
      }),
    },
    { files: { "a.txt": "hello\n".repeat(50) } },
  );
  const played = await bench.start();
  expect(played.outcome).toMatchObject({ status: "finished", lastStep: steps });
  await bench.close();
  return played;
}

describe("the log of a run", () => {
  it("grows with its steps, not with their square: no event tells the history again", async () => {
    const sizes = [];
    for (const steps of [10, 20, 40]) sizes.push((await stat(layout.journal((await run(steps, 100)).dir))).size);
    const [small = 0, middle = 0, large = 0] = sizes;
    const perStep = (middle - small) / 10;
    expect((large - middle) / 20).toBeGreaterThan(perStep * 0.95);
    expect((large - middle) / 20).toBeLessThan(perStep * 1.05);
  });

  it("says how full the context window is by the last request alone: never more than full", async () => {
    const { dir } = await run(8, 150_000);
    const { findCheckpoint } = await readRecordedRun(dir);
    const checkpoints = await Promise.all((await readNamedCheckpoints(dir)).map(findCheckpoint));
    const ratios = checkpoints.map((checkpoint) => checkpoint?.contextWindowUsage);
    expect(ratios).toHaveLength(8);
    for (const ratio of ratios) expect(ratio).toBeCloseTo(0.75005, 5);
    expect(checkpoints.at(-1)?.usage.inputTokens).toBe(8 * 150_000);
  });
});
