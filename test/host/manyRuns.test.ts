/** Very many runs in the editor: pages of the tree, and the way to any of them. */
import assert from "node:assert/strict";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { RunNode } from "../../src/host/views/runNodes";
import { waitUntil } from "../support/waitUntil";
import { suite } from "./suite";
import { choose, moreIn, openRuntrail, runDir, selected } from "./treeParts";

/** The smallest run there can be, of a moment of its own. */
function smallLog(jobId: string, startedAt: number): string {
  const place = { jobId, runId: "run-1", expertKey: "many", step: 0 };
  const start = {
    ...{ type: "startRun", query: `Query ${jobId}`, instruction: "", provider: "test", model: "test", tools: [] },
    ...{ limits: { maxSteps: 1, maxRetries: 1, timeoutMs: 1 }, requestId: "r", runtimeVersion: "0" },
  };
  const end = {
    type: "finishRun",
    text: "",
    durationMs: 1,
    totalUsage: { inputTokens: 0, outputTokens: 0, totalTokens: 0 },
  };
  const events = [start, end].map((payload, index) => ({
    ...{ id: `${jobId}-${index}`, timestamp: startedAt + index, seq: index + 1 },
    ...place,
    ...payload,
  }));
  return `${events.map((event) => JSON.stringify(event)).join("\n")}\n`;
}

export default suite("very many runs in the editor", {
  "are shown in pages, the newest first, and any of them can be revealed": async ({ workspace }) => {
    const runtrail = await openRuntrail();
    const ids = Array.from({ length: 1010 }, (_, index) => `many-${String(index).padStart(4, "0")}`);
    try {
      const write = async (id: string, index: number) => {
        await mkdir(runDir(workspace, id), { recursive: true });
        await writeFile(join(runDir(workspace, id), "events.jsonl"), smallLog(id, 2_000_000_000_000 + index));
      };
      await Promise.all(ids.map(write));
      await runtrail.app.runs.refresh();
      const tops = async () => await runtrail.runsView.getChildren();
      const jobs = (nodes: readonly RunNode[]) => nodes.flatMap((node) => (node.kind === "job" ? [node.jobDir] : []));
      const first = await tops();
      assert.equal(jobs(first).length, 500);
      assert.ok(jobs(first)[0]?.endsWith("many-1009"));
      await runtrail.runsView.reveal(runDir(workspace, "many-1009"));
      assert.equal(await choose(runtrail, moreIn(await tops(), "after")), "Show 500 more");
      assert.equal(jobs(await tops()).length, 1000);
      await waitUntil("the first of the new rows", async () => {
        const node = await selected(runtrail);
        return node?.kind === "job" && node.jobDir.endsWith("many-0509");
      });
      await runtrail.runsView.reveal(runDir(workspace, "many-0003"));
      await waitUntil("the old run", async () => {
        const node = await selected(runtrail);
        return node?.kind === "run" && node.dir === runDir(workspace, "many-0003");
      });
      assert.ok(jobs(await tops()).length <= 500);
      await choose(runtrail, moreIn(await tops(), "newest"));
      assert.ok(jobs(await tops())[0]?.endsWith("many-1009"));
    } finally {
      const removed = ids.map((id) => rm(join(workspace, "perstack", "jobs", id), { recursive: true, force: true }));
      await Promise.all(removed);
      await runtrail.app.runs.refresh();
    }
  },
});
