/** Copies of the formats' samples, in memory where the machine has that, so that they can be cut and broken. */
import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, readdir, realpath, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import type { Format } from "../../src/formats/format";
import { formats } from "../../src/formats/index";
import { listCases } from "./formatCases";
import { hasFixtures } from "./projectPaths";

export interface Sample {
  name: string;
  format: Format;
  /** What is read; not to be touched. */
  input: string;
}

/** The inputs of all cases that are there. */
export function listSamples(): Sample[] {
  return listCases().flatMap(({ format: wanted, name, input, isShared }) => {
    const format = formats.find((each) => each.name === wanted);
    return format && (hasFixtures || !isShared) ? [{ name: `${wanted}/${name}`, format, input }] : [];
  });
}

export async function memoryFolder(): Promise<string> {
  const base = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();
  return await realpath(await mkdtemp(join(base, "runtrail-samples-")));
}

/** With the names of the folders it is in: a format may go by them. */
export async function copySample({ input }: Sample, root: string): Promise<string> {
  const folder = join(root, basename(dirname(dirname(input))), basename(dirname(input)));
  await mkdir(folder, { recursive: true });
  const copy = join(folder, basename(input));
  await cp(input, copy, { recursive: true, preserveTimestamps: true });
  return copy;
}

/** Regular files at and below a path, sorted. */
export async function filesOf(path: string): Promise<string[]> {
  if (!(await stat(path)).isDirectory()) return [path];
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  return entries.flatMap((entry) => (entry.isFile() ? [join(entry.parentPath, entry.name)] : [])).sort();
}

/** So many of a list, from all over it, its first and last among them. */
export function evenly<T>(list: readonly T[], count: number): T[] {
  if (list.length <= count) return [...list];
  const step = (list.length - 1) / Math.max(1, count - 1);
  return Array.from({ length: count }, (_, index) => list[Math.round(index * step)] as T);
}
