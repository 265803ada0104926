/** What a run leaves on the disk against what it records: its folder, and what a whole snapshot of each step would take. */

import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as z from "zod";
import type { Checkpoint } from "../../src/model/checkpoint";
import { defineTool, jsonResult, type Tool } from "../../src/runtime/tools/tool";
import { measureFolder } from "../../src/store/jobStanding";
import { layout } from "../../src/store/layout";
import { createRunFolder } from "../../src/store/runFolder";
import { runLoop } from "../support/loopHarness";
import { scriptedModel, type Turn } from "../support/scriptedModel";
import type { Bench, BenchRow } from "./bench";

const marks = [50, 100, 250, 500];
const limit = 3;

/** What the tools of a run answer, in characters: most runs look at files, some at few and large ones. */
const kinds: { name: string; sizeOf(step: number): number }[] = [
  { name: "results of 200 characters", sizeOf: () => 200 },
  { name: "results of 8,000 characters", sizeOf: () => 8_000 },
  { name: "each tenth of 50,000 characters, in a file of its own", sizeOf: (step) => (step % 10 === 0 ? 50_000 : 500) },
];

const bench: Bench = {
  title: "disk that a run takes",
  async run() {
    const rows: BenchRow[] = [];
    for (const kind of kinds) rows.push(...rowsOf(kind.name, await play(kind.sizeOf)));
    return rows;
  },
};
export default bench;

interface Mark {
  steps: number;
  /** Bytes of the events, their large results included. */
  log: number;
  folder: number;
  /** Of the snapshot of each step so far. */
  snapshots: number[];
}

async function play(sizeOf: (step: number) => number): Promise<Mark[]> {
  const root = await mkdtemp(join(tmpdir(), "runtrail-disk-"));
  const folder = await createRunFolder(root, { jobId: "j", runId: "r" }, () => crypto.randomUUID());
  const found: Mark[] = [];
  const snapshots: number[] = [];
  const measure = createMeasure();
  try {
    const turns: Turn[] = Array.from({ length: Math.max(...marks) - 1 }, (_, at) => ({
      text: `Now I look at file ${at}, because the one before names it.`,
      calls: [{ tool: "look", args: { path: `src/part${at}/file${at}.ts` } }],
    }));
    const { outcome } = await runLoop(scriptedModel([...turns, { text: "That is what they say." }]), {
      folder: {
        ...folder,
        async saveCheckpoint(checkpoint, timestamp) {
          await folder.saveCheckpoint(checkpoint, timestamp);
          snapshots.push(measure(checkpoint));
          const steps = checkpoint.stepNumber;
          if (!marks.includes(steps)) return;
          const { bytes } = await measureFolder(folder.dir);
          const log = (await stat(layout.journal(folder.dir))).size + (await sizeOfSpilled(folder.dir));
          found.push({ steps, log, folder: bytes, snapshots: [...snapshots] });
        },
      },
      isForgetful: true,
      tools: [look(() => sizeOf(snapshots.length + 1))],
      limits: { maxSteps: Math.max(...marks) + 1 },
    });
    if (outcome.status !== "finished") throw new Error(`The run has ${outcome.status}: ${outcome.error?.message}`);
    return found;
  } finally {
    await folder.close();
    await rm(root, { recursive: true, force: true });
  }
}

/** The bytes of a snapshot, without writing down once more what was in the last one. */
function createMeasure(): (checkpoint: Checkpoint) => number {
  let known = 0;
  let bytes = 0;
  return ({ messages, ...rest }) => {
    for (const message of messages.slice(known)) bytes += Buffer.byteLength(JSON.stringify(message)) + 1;
    known = messages.length;
    return Buffer.byteLength(JSON.stringify({ ...rest, messages: [] })) + bytes;
  };
}

async function sizeOfSpilled(dir: string): Promise<number> {
  return await measureFolder(layout.spill(dir)).then(
    ({ bytes }) => bytes,
    () => 0,
  );
}

/** Each answer is another text: equal ones would share a file. */
function look(nextSize: () => number): Tool {
  let count = 0;
  return defineTool({
    name: "look",
    description: "Reads a file",
    schema: z.object({ path: z.string() }),
    effect: "read",
    async execute() {
      count += 1;
      const line = `const part${count} = readThe("thing", { from: ${count} });\n`;
      return jsonResult({ content: line.repeat(Math.ceil(nextSize() / line.length)) });
    },
  });
}

function rowsOf(kind: string, found: readonly Mark[]): BenchRow[] {
  const rows = found.flatMap(({ steps, log, folder, snapshots }): BenchRow[] => {
    const name = `${steps} steps, ${kind}`;
    const ratio = folder / log;
    const whole = log + sum(snapshots);
    return [
      {
        ...{ name, value: folder / 1e6, unit: "MB", ratio },
        ...{ limit: `≤ ${limit} × the log`, ok: ratio <= limit },
      },
      { name: `${name}: a snapshot a step`, value: whole / 1e6, unit: "MB", ratio: whole / log, ok: true },
    ];
  });
  const first = found.at(0);
  const last = found.at(-1);
  if (!first || !last) throw new Error("Nothing was measured.");
  const { steps, log, snapshots } = last;
  const thinned = log + sum(snapshots.filter((_, at) => at >= steps - 20 || (at + 1) % 10 === 0));
  // Linear: ten times the steps take about ten times the disk.
  const growth = last.folder / first.folder / (steps / first.steps);
  const name = `${steps} steps, ${kind}`;
  return [
    ...rows,
    { name: `${name}: the last 20 and each 10th`, value: thinned / 1e6, unit: "MB", ratio: thinned / log, ok: true },
    {
      ...{ name: `${name}: a step's share against that of ${first.steps}`, value: growth, unit: "×" },
      ...{ limit: "≤ 1.5 ×", ok: growth <= 1.5 },
    },
  ];
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
