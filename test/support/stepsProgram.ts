/**
 * A program that runs an expert, or goes on with its run, for tests that kill it: `<root> <steps>` tells each step once it
 * is recorded. After so many steps the run ends.
 */
import { writeSync } from "node:fs";
import * as z from "zod";
import { readRecordedRun } from "../../src/app/goOnWith";
import { newId } from "../../src/app/newId";
import { conversationOf } from "../../src/model/conversation";
import type { RunBeginning } from "../../src/runtime/beginRun";
import { goOnFrom } from "../../src/runtime/goOn";
import { defineTool, jsonResult } from "../../src/runtime/tools/tool";
import { layout } from "../../src/store/layout";
import { isJournaled } from "../../src/store/readJournal";
import { createRunFolder, type RunFolder, reopenRunFolder } from "../../src/store/runFolder";
import { runLoop } from "./loopHarness";
import { scriptedModel, type Turn } from "./scriptedModel";

const [root = "", steps = "0"] = process.argv.slice(2);

const look = defineTool({
  name: "look",
  description: "Reads a file",
  schema: z.object({}),
  effect: "read",
  execute: async () => jsonResult({ content: "A line of the file, as long as most of them are.\n".repeat(200) }),
});

async function open(): Promise<{ folder: RunFolder; begins?: RunBeginning }> {
  const dir = layout.run(root, "job", "run");
  if (!(await isJournaled(dir))) return { folder: await createRunFolder(root, { jobId: "job", runId: "run" }, newId) };
  const { folder } = await reopenRunFolder(dir, newId);
  const { run, events, base } = await readRecordedRun(dir);
  return { folder, begins: goOnFrom(run, events, conversationOf(events, base), { answers: [], by: "test" }) };
}

const { folder, begins } = await open();
const turns: Turn[] = Array.from({ length: Number(steps) }, () => ({ calls: [{ tool: "look", id: newId() }] }));
await runLoop(scriptedModel([...turns, { text: "End" }]), {
  folder,
  isForgetful: true,
  tools: [look],
  limits: { maxSteps: 1_000_000 },
  onEvent(event) {
    if (event.type === "finishStep") writeSync(1, `${event.step}\n`);
  },
  ...(begins && { setup: { begins } }),
});
await folder.close();
