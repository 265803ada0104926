/** Files that end too early, as those of a program that was killed do: wherever the cut is, only the last record is lost. */
import { readFile, rm, stat, truncate, utimes, writeFile } from "node:fs/promises";
import { relative } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { parseJson } from "../../src/base/lines";
import type { ForeignRuns } from "../../src/formats/format";
import { formats } from "../../src/formats/index";
import { runOf } from "../../src/model/run";
import { projectRun } from "../support/formatCases";
import { copySample, evenly, filesOf, listSamples, memoryFolder, type Sample } from "../support/sampleCopies";
import { checkLaws } from "./foreignRunLaws";

/** RUNTRAIL_EVERY_BYTE cuts at every byte of every file up to this size, and all over the larger ones. */
const isFull = process.env.RUNTRAIL_EVERY_BYTE !== undefined;
const smallBytes = isFull ? 4096 : 0;
const samplesPerFormat = isFull ? Number.POSITIVE_INFINITY : 12;
const filesPerSample = isFull ? Number.POSITIVE_INFINITY : 5;
const cutsPerFile = isFull ? 400 : 14;

const root = await memoryFolder();
afterAll(() => rm(root, { recursive: true }));

/** Events as they are told, whatever the problems. */
function told({ runs }: ForeignRuns): string {
  return JSON.stringify(runs.map(({ jobId, runId, events }) => ({ jobId, runId, events })));
}

/**
 * What was told before is still told. A record may put the one before it into another light: a call was a question, a node
 * was taken from the cache.
 */
function expectKept(before: ForeignRuns, after: ForeignRuns, place: string): void {
  const weigh = ({ runs }: ForeignRuns) =>
    runs.map(({ runId, events }) => {
      const steps = runOf(events)?.steps ?? [];
      const items = steps.flatMap((step) => step.items);
      const done = items.filter(({ kind }) => kind === "toolCall" || kind === "generation").length;
      return { run: runId, steps: steps.length, done };
    });
  const now = new Map(weigh(after).map((each) => [each.run, each]));
  for (const { run, steps, done } of weigh(before)) {
    // What had only begun may turn out to be another run that goes on.
    const more = now.get(run) ?? { steps: 0, done: 0 };
    expect(more.steps, `steps of ${run}, ${place}`).toBeGreaterThanOrEqual(steps);
    expect(more.done, `work of ${run}, ${place}`).toBeGreaterThanOrEqual(done - 1);
  }
}

async function cutSample(sample: Sample): Promise<number> {
  const path = await copySample(sample, root);
  const whole = await sample.format.read(path);
  let cuts = 0;
  for (const file of evenly(await filesOf(path), filesPerSample)) {
    const bytes = await readFile(file);
    const { mtime } = await stat(file);
    const readCut = async (at: number) => {
      cuts += 1;
      await writeFile(file, bytes.subarray(0, at));
      // What has no time of its own has that of its file.
      await utimes(file, mtime, mtime);
      const reading = await sample.format.read(path);
      const place = `${relative(path, file)} cut at byte ${at} of ${bytes.length}`;
      expect(() => checkLaws(reading.runs), place).not.toThrow();
      for (const run of reading.runs) projectRun(run);
      return { reading, place };
    };
    if (/\.(?:jsonl|ndjson)$/u.test(file)) await cutLines(bytes, readCut);
    else for (const at of cutsOf(bytes.length)) await readCut(at);
    await writeFile(file, bytes);
    await utimes(file, mtime, mtime);
  }
  expect(told(await sample.format.read(path)), "whole again").toBe(told(whole));
  await rm(path, { recursive: true });
  return cuts;
}

function cutsOf(length: number): number[] {
  const all = Array.from({ length }, (_, at) => at);
  return length <= smallBytes ? all : evenly(all, cutsPerFile);
}

type ReadCut = (at: number) => Promise<{ reading: ForeignRuns; place: string }>;

/** Between two line ends the file tells what its whole lines do, with the last one, without it, or with a part of it. */
async function cutLines(bytes: Buffer, readCut: ReadCut): Promise<void> {
  const ends = [0, ...[...bytes.keys()].filter((at) => bytes[at] === 10).map((at) => at + 1), bytes.length];
  const inside = new Set(cutsOf(bytes.length));
  const lines = evenly([...ends.keys()].slice(1), bytes.length <= smallBytes ? ends.length : cutsPerFile);
  for (const line of lines) {
    const [start = 0, end = 0] = [ends[line - 1], ends[line]];
    if (end <= start) continue;
    const before = await readCut(start);
    const after = await readCut(end);
    expectKept(before.reading, after.reading, after.place);
    const cuts = [start + 1, ...[...inside].filter((at) => at > start && at < end), end - 1];
    for (const at of new Set(cuts.filter((each) => each > start && each < end))) {
      const { reading, place } = await readCut(at);
      if (told(reading) === told(after.reading) || told(reading) === told(before.reading)) continue;
      // A line may hold several records, of which the first are whole.
      expectKept(before.reading, reading, place);
      // Cut between two of them, nothing is broken.
      if (parseJson(bytes.toString("utf8", start, at)) !== undefined) continue;
      expect(reading.problems.length + reading.runs.flatMap(({ problems }) => problems).length, place).toBeGreaterThan(
        0,
      );
    }
  }
}

describe("a sample that is cut", () => {
  const all = listSamples();
  const samples = formats.flatMap((format) =>
    evenly(
      all.filter((sample) => sample.format === format),
      samplesPerFormat,
    ),
  );

  it.each(samples.map((sample) => [sample.name, sample] as const))(
    "loses its last record at the most: %s",
    async (_, sample) => {
      expect(await cutSample(sample)).toBeGreaterThan(0);
    },
    isFull ? 3_600_000 : 60_000,
  );

  it("may be one of which nothing is left", async () => {
    for (const sample of evenly(samples, 12)) {
      const path = await copySample(sample, root);
      for (const file of await filesOf(path)) await truncate(file, 0);
      const { runs } = await sample.format.read(path);
      checkLaws(runs);
      await rm(path, { recursive: true });
    }
  });
});
