/** What the runtime itself costs per step: a model that answers at once, a tool that does next to nothing, real files. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRunFolder } from "../../src/store/runFolder";
import { runLoop } from "../support/loopHarness";
import { scriptedModel, type Turn } from "../support/scriptedModel";
import { type Bench, median } from "./bench";

const rounds = 7;
const steps = 100;

const bench: Bench = {
  title: "runtime overhead per step",
  async run() {
    const root = await mkdtemp(join(tmpdir(), "runtrail-overhead-"));
    const times: number[] = [];
    try {
      for (let round = 0; round < rounds; round += 1) {
        const turns: Turn[] = Array.from({ length: steps }, () => ({ calls: [{ tool: "echo", args: { text: "x" } }] }));
        const folder = await createRunFolder(root, { jobId: "j", runId: `r${round}` }, () => `${Math.random()}`);
        const started = performance.now();
        const { outcome } = await runLoop(scriptedModel([...turns, { text: "End" }]), {
          folder,
          isForgetful: true,
          limits: { maxSteps: steps + 1 },
        });
        times.push((performance.now() - started) / (steps + 1));
        if (outcome.status !== "finished") throw new Error("The run did not finish.");
        await folder.close();
      }
    } finally {
      await rm(root, { recursive: true, force: true });
    }
    const value = median(times);
    return [
      { name: `journal, checkpoint and loop, ${steps} steps`, value, unit: "ms", limit: "≤ 2 ms", ok: value <= 2 },
    ];
  },
};
export default bench;
