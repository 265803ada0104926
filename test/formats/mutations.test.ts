/**
 * Files of every system that were damaged in every way: nothing is thrown, nothing is written, nothing holds up the rest, and
 * what was read keeps the laws. RUNTRAIL_MUTATIONS says how many, RUNTRAIL_SEED which.
 */
import { lstat, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { type IntervalHistogram, monitorEventLoopDelay } from "node:perf_hooks";
import { afterAll, describe, expect, it } from "vitest";
import type { Format } from "../../src/formats/format";
import { formats } from "../../src/formats/index";
import { type ExpectedProblem, projectProblems, projectRuns } from "../support/formatCases";
import { makeHuge, mutate, randomOf } from "../support/mutations";
import { copySample, filesOf, listSamples, memoryFolder, type Sample } from "../support/sampleCopies";
import { brokenLaw } from "./foreignRunLaws";

const total = Number(process.env.RUNTRAIL_MUTATIONS ?? 1500);
const firstSeed = Number(process.env.RUNTRAIL_SEED ?? 20261124);
/** Larger samples are copied less often. */
const smallBytes = 300_000;

const root = await memoryFolder();
afterAll(() => rm(root, { recursive: true }));

/** Names, kinds, sizes and times: what is written changes one of them. Names alone would be followed round a circle of links. */
async function stampOf(path: string): Promise<string> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true }).catch(() => []);
  const paths = [path, ...entries.map(({ parentPath, name }) => join(parentPath, name))].sort();
  const stamps = paths.map(async (each) => {
    const stats = await lstat(each).catch(() => undefined);
    return [each, stats?.mode, stats?.size, stats?.mtimeMs, stats?.ctimeMs].join("|");
  });
  return (await Promise.all(stamps)).join("\n");
}

async function sizeOf(path: string): Promise<number> {
  const sizes = (await filesOf(path)).map(async (file) => (await lstat(file)).size);
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

/** Everything that is asked of a format, of something that it may not like. */
async function readAll(format: Format, path: string, delay: IntervalHistogram): Promise<number> {
  const before = await stampOf(path);
  delay.reset();
  const cpu = process.cpuUsage();
  await format.accepts(path);
  await format.find(path);
  const reading = await format.read(path);
  const { user, system } = process.cpuUsage(cpu);
  // A machine that is busy with something else holds up everything: then this has not worked for so long.
  const blockedMs = Math.min(delay.max / 1e6, (user + system) / 1000);
  expect(brokenLaw(reading.runs)).toBeUndefined();
  projectRuns(reading);
  expect(reading.source).toBe(path);
  expect(reading.files.length).toBeGreaterThan(0);
  const isPlace = ({ file, line = 1, reason }: ExpectedProblem) =>
    file !== "" && line >= 1 && Number.isInteger(line) && reason !== "";
  expect(projectProblems(path, reading).filter((problem) => !isPlace(problem))).toEqual([]);
  expect(await stampOf(path), "is as it was").toBe(before);
  return blockedMs;
}

describe("a sample that is damaged", () => {
  const samples = listSamples();
  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  afterAll(() => delay.disable());

  const tryDamage = async (sample: Sample, damage: (path: string) => Promise<string>, name: string) => {
    const path = await copySample(sample, root);
    let done = "";
    try {
      done = await damage(path);
      expect(await readAll(sample.format, path, delay), "ms that everything else waited").toBeLessThan(1000);
    } catch (error) {
      throw new Error(`${name}: ${sample.name} with ${done}: ${error instanceof Error ? error.stack : error}`);
    } finally {
      await rm(path, { recursive: true });
    }
  };

  it.each(formats.map(({ name }) => name))(
    "is read as far as it goes, whatever was done to it: %s",
    async (name) => {
      const sized = samples
        .filter(({ format }) => format.name === name)
        .map(async (sample) => ({ sample, size: await sizeOf(sample.input) }));
      const own = await Promise.all(sized);
      const small = own.filter(({ size }) => size <= smallBytes);
      const count = own.length === 0 ? 0 : Math.ceil(total / formats.length);
      const offset = formats.findIndex((format) => format.name === name) * 1_000_000;
      for (let index = 0; index < count; index += 1) {
        const seed = firstSeed + offset + index;
        const random = randomOf(seed);
        const list = index % 25 === 0 || small.length === 0 ? own : small;
        const { sample } = list[Math.floor(random() * list.length)] as { sample: Sample };
        const damage = async (path: string) => {
          const times = random() < 0.6 ? 1 : 2 + Math.floor(random() * 3);
          const done: string[] = [];
          for (let each = 0; each < times; each += 1)
            done.push(await mutate(path, random).catch((error) => `not ${error}`));
          return done.join(", then ");
        };
        await tryDamage(sample, damage, `seed ${seed}`);
      }
    },
    3_600_000,
  );

  it.each(formats.map(({ name }) => name))(
    "may have a line of a thousand megabytes: %s",
    async (name) => {
      const [sample] = samples.filter(({ format }) => format.name === name);
      if (!sample) return;
      const files = await filesOf(sample.input);
      for (const index of new Set([0, Math.floor(files.length / 2), files.length - 1])) {
        const damage = async (path: string) => {
          const file = (await filesOf(path))[index] ?? path;
          await makeHuge(file);
          return `a huge ${file}`;
        };
        await tryDamage(sample, damage, "huge");
      }
    },
    120_000,
  );
});
