/** What happens to files in the world and worse, by a seed: each mutation does one thing and says what. */
import { link, mkdir, readdir, readFile, rm, stat, symlink, truncate, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { filesOf } from "./sampleCopies";

export type Random = () => number;

/** Mulberry32: the same numbers for the same seed, everywhere. */
export function randomOf(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const below = (random: Random, count: number) => Math.floor(random() * count);
const pick = <T>(random: Random, list: readonly T[]): T => list[below(random, list.length)] as T;

/** Mutates a file or tree in place. @returns what was done */
export async function mutate(path: string, random: Random): Promise<string> {
  const files = await filesOf(path);
  const file = pick(random, files.length > 0 ? files : [path]);
  const isTree = (await stat(path)).isDirectory();
  const kind = random();
  if (kind < 0.12 && isTree) return await mutateTree(path, file, random);
  if (kind < 0.5) return await mutateValue(file, random);
  const [name, change] = pick(random, ofBytes);
  const bytes = await readFile(file).catch(() => Buffer.alloc(0));
  await writeFile(file, change(bytes, random)).catch(() => {});
  return `${name} in ${basename(file)}`;
}

type Change = (bytes: Buffer, random: Random) => Buffer;

const ofBytes: readonly [string, Change][] = [
  ["flipped bytes", flip],
  ["flipped bytes", flip],
  ["cut", (bytes, random) => bytes.subarray(0, below(random, bytes.length + 1))],
  ["lost beginning", (bytes, random) => bytes.subarray(below(random, bytes.length + 1))],
  ["BOM", (bytes) => Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), bytes])],
  ["CRLF", (bytes) => Buffer.from(bytes.toString("latin1").replaceAll("\n", "\r\n"), "latin1")],
  ["UTF-16", (bytes) => Buffer.from(`\ufeff${bytes.toString("utf8")}`, "utf16le")],
  ["invalid UTF-8", (bytes, random) => inserted(bytes, Buffer.from([0xc3, 0x28, 0xff, 0xed, 0xa0, 0x80]), random)],
  ["NULs", (bytes, random) => inserted(bytes, Buffer.alloc(1 + below(random, 5000)), random)],
  [
    "brackets",
    (bytes, random) => inserted(bytes, Buffer.from(pick(random, ["[", '{"a":', "{"]).repeat(100_000)), random),
  ],
  ["empty lines", (bytes, random) => inserted(bytes, Buffer.from("\n".repeat(20_000)), random)],
  ["a long line", (bytes, random) => inserted(bytes, Buffer.from("x ".repeat(500_000)), random)],
  ["swapped lines", ofLines((lines, random) => swapped(lines, random))],
  ["deleted lines", ofLines((lines, random) => lines.filter(() => random() > 0.2))],
  ["doubled lines", ofLines((lines, random) => lines.flatMap((line) => (random() < 0.2 ? [line, line] : [line])))],
  ["lines upside down", ofLines((lines) => lines.toReversed())],
  ["joined lines", (bytes, random) => Buffer.from(joined(bytes.toString("latin1"), random), "latin1")],
  ["read twice", (bytes) => Buffer.concat([bytes, bytes])],
  ["nothing", () => Buffer.alloc(0)],
];

function flip(bytes: Buffer, random: Random): Buffer {
  const copy = Buffer.from(bytes);
  const count = 1 + below(random, 12);
  for (let index = 0; index < count && copy.length > 0; index += 1) {
    const at = below(random, copy.length);
    copy[at] = random() < 0.5 ? (copy[at] ?? 0) ^ (1 << below(random, 8)) : below(random, 256);
  }
  return copy;
}

function inserted(bytes: Buffer, what: Buffer, random: Random): Buffer {
  const at = below(random, bytes.length + 1);
  return Buffer.concat([bytes.subarray(0, at), what, bytes.subarray(at)]);
}

function ofLines(change: (lines: string[], random: Random) => string[]): Change {
  return (bytes, random) => Buffer.from(change(bytes.toString("latin1").split("\n"), random).join("\n"), "latin1");
}

function swapped(lines: string[], random: Random): string[] {
  const copy = [...lines];
  for (let count = 0; count < 3; count += 1) {
    const [a, b] = [below(random, copy.length), below(random, copy.length)];
    [copy[a], copy[b]] = [copy[b] ?? "", copy[a] ?? ""];
  }
  return copy;
}

function joined(text: string, random: Random): string {
  const ends = [...text.matchAll(/\n/gu)].map(({ index }) => index);
  const at = ends.length > 0 ? pick(random, ends) : -1;
  return at === -1 ? text : text.slice(0, at) + text.slice(at + 1);
}

/** In the text of a value, as JSON and YAML have it. */
const values: readonly string[] = [
  ...["null", "true", '""', '"x"', "0", "-1", "-0", "1.5", "[]", "{}", "[null]", '["a",1,{}]', '{"type":"textPart"}'],
  ...["1e400", "-1e400", "1e308", "9007199254740993", "99999999999999999999999", "8.64e15", "-62135596800000", "1e-9"],
  ...[
    '"1e400"',
    '"NaN"',
    '"Infinity"',
    '"\\ud800"',
    '"\\u0000"',
    '"../../../etc/passwd"',
    '"__proto__"',
    '"constructor"',
  ],
  ...['{"__proto__":{"a":1}}', '{"constructor":1,"toString":2,"length":-1}', '{"then":1}', '{"toJSON":1}'],
  ...[
    '"2026-02-30T25:61:61Z"',
    '"+275760-09-13T00:00:00.001Z"',
    '"0001-01-01T00:00:00Z"',
    '"1 January"',
    '"🙂\\u2028"',
  ],
  ...[
    `"${"long ".repeat(20_000)}"`,
    `${"[".repeat(5000)}${"]".repeat(5000)}`,
    `${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`,
  ],
  `[${"0,".repeat(50_000)}0]`,
];

/** Another value in the place of one: of JSON anywhere in the file, of YAML and front matter behind a key. */
async function mutateValue(file: string, random: Random): Promise<string> {
  const text = await readFile(file, "utf8").catch(() => "");
  const places = [...text.matchAll(/"(?:[^"\\\n]|\\.)*"\s*:\s*|^\s*[\w-]+: /gmu)];
  if (places.length === 0) return "nothing";
  const place = pick(random, places);
  const start = place.index + place[0].length;
  const end = endOfValue(text, start);
  const isRemoved = random() < 0.15;
  const value = isRemoved ? "" : pick(random, values);
  const before = text.slice(0, isRemoved ? place.index : start);
  const after = text.slice(isRemoved && text[end] === "," ? end + 1 : end);
  await writeFile(file, before + value + after);
  return `${isRemoved ? "no" : value.slice(0, 30)} ${place[0].trim()} in ${basename(file)}`;
}

/** Of a string, an object, an array, or what goes on to the next comma or line end. */
function endOfValue(text: string, start: number): number {
  const rest = text.slice(start, start + 200_000);
  const string = /^"(?:[^"\\]|\\.)*"/u.exec(rest);
  if (string) return start + string[0].length;
  if (!/^[[{]/u.test(rest)) return start + (/^[^,}\]\n]*/u.exec(rest)?.[0].length ?? 0);
  let depth = 0;
  for (const match of rest.matchAll(/"(?:[^"\\]|\\.)*"|[[{}\]]/gu)) {
    if (match[0] === "[" || match[0] === "{") depth += 1;
    else if (match[0] === "]" || match[0] === "}") depth -= 1;
    if (depth === 0) return start + match.index + match[0].length;
  }
  return start + rest.length;
}

async function mutateTree(root: string, file: string, random: Random): Promise<string> {
  const folder = file === root ? root : dirname(file);
  const name = basename(file);
  switch (below(random, 10)) {
    case 0:
      await rm(file);
      return `${name} is missing`;
    case 1:
      if (folder !== root) await rm(folder, { recursive: true });
      return `${basename(folder)} is missing`;
    case 2:
      await rm(file);
      await mkdir(file);
      return `${name} is a folder`;
    case 3:
      await rm(file);
      await symlink(name, file);
      return `${name} links to itself`;
    case 4:
      await symlink(root, join(folder, "loop"));
      await symlink("..", join(folder, "up"));
      return `circles in ${basename(folder)}`;
    case 5:
      await rm(file);
      await symlink("/dev/zero", file);
      return `${name} links to a device`;
    case 6: {
      const others = await filesOf(root);
      await writeFile(file, await readFile(pick(random, others)));
      return `${name} has the content of another file`;
    }
    case 7:
      await link(file, join(folder, `copy-of-${name}`));
      return `${name} is there twice`;
    case 8: {
      const names = (await readdir(folder)).filter((each) => each !== name);
      if (names.length > 0) await rm(join(folder, pick(random, names)), { recursive: true });
      return `something beside ${name} is missing`;
    }
    default:
      if (folder !== root) {
        await rm(folder, { recursive: true });
        await writeFile(folder, "not a folder");
      }
      return `${basename(folder)} is a file`;
  }
}

/** A thousand megabytes that take no room, behind what the file has. */
export async function makeHuge(file: string): Promise<void> {
  await truncate(file, 1024 ** 3);
}
