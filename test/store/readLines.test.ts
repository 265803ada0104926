import { appendFile, mkdtemp, open, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { parseJson } from "../../src/base/lines";
import { parseEvent } from "../../src/model/events";
import { readJournal } from "../../src/store/readJournal";
import { type FileLine, type LineOptions, openToRead, readLines, readLinesBackward } from "../../src/store/readLines";
import { anyEvents } from "../model/arbitraryEvents";

let path = "";
beforeEach(async () => {
  path = join(await mkdtemp(join(tmpdir(), "runtrail-lines-")), "events.jsonl");
});

async function forward(options: LineOptions, from = 0): Promise<FileLine[]> {
  await using handle = await openToRead(path);
  const found: FileLine[] = [];
  for await (const lines of readLines(handle, from, options)) found.push(...lines);
  return found;
}

async function backward(options: LineOptions): Promise<FileLine[]> {
  await using handle = await openToRead(path);
  const found: FileLine[] = [];
  for await (const lines of readLinesBackward(handle, (await handle.stat()).size, options)) found.push(...lines);
  return found;
}

/** What the lines are where all of the file is in memory. */
function whole(content: Buffer, longest: number): FileLine[] {
  const lines: FileLine[] = [];
  for (let start = 0; start < content.length; ) {
    const at = content.indexOf(10, start);
    const stop = at === -1 ? content.length : at;
    const text = content
      .toString("utf8", start, stop)
      .replace(start === 0 ? /^\ufeff/u : /(?!)/u, "")
      .replace(/\r$/u, "");
    const end = at === -1 ? stop : at + 1;
    lines.push({ text: stop - start > longest ? undefined : text, start, end, isTorn: at === -1 });
    start = end;
  }
  return lines;
}

const piece = fc.oneof(
  fc.constantFrom("\n", "\n", "\r\n", "\ufeff", "\u2028", "é", "🧵", "x".repeat(40)),
  fc.string({ unit: "binary", maxLength: 12 }),
);
const contents = fc
  .array(fc.oneof(piece.map(Buffer.from), fc.uint8Array({ maxLength: 4 }).map(Buffer.from)), { maxLength: 40 })
  .map((pieces) => Buffer.concat(pieces));

describe("the lines of a file", () => {
  it("are the same, forward and backward, whatever is read at once", async () => {
    await fc.assert(
      fc.asyncProperty(contents, fc.integer({ min: 1, max: 64 }), fc.integer({ min: 1, max: 80 }), async (...given) => {
        const [content, chunkBytes, longest] = given;
        await writeFile(path, content);
        const expected = whole(content, longest);
        expect(await forward({ chunkBytes, longest })).toEqual(expected);
        expect((await backward({ chunkBytes, longest })).reverse()).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });

  it("are read from any of them on", async () => {
    await writeFile(path, "one\ntwo\r\nthree\nfour");
    const all = await forward({});
    for (const [index, { start }] of all.entries()) expect(await forward({}, start)).toEqual(all.slice(index));
  });

  it("are never put together from two states of the file: one that was cut off meanwhile ends there", async () => {
    await writeFile(path, `first\n{"a":"${"x".repeat(100)}"}\n`);
    await using handle = await open(path);
    const lines = readLines(handle, 0, { chunkBytes: 32 });
    expect((await lines.next()).value).toMatchObject([{ text: "first" }]);
    await truncate(path, 20);
    await appendFile(path, 'y"}\nlast\n');
    const rest: FileLine[] = [];
    for await (const each of lines) rest.push(...each);
    expect(rest.map(({ text }) => text)).toEqual(['{"a":"xxxxxxxxy"}', "last"]);
    const back = readLinesBackward(handle, 29, { chunkBytes: 8 });
    await truncate(path, 10);
    expect((await back.next()).done).toBe(true);
  });
});

describe("a journal that is read in pieces", () => {
  it("is what it is as a whole", async () => {
    const noise = fc.constantFrom("", "", "oops\n", "\n", "{}\r\n", "\ufeff");
    await fc.assert(
      fc.asyncProperty(anyEvents, noise, noise, fc.integer({ min: 1, max: 300 }), async (...given) => {
        const [events, before, end, chunkBytes] = given;
        const content = before + events.map((event) => `${JSON.stringify(event)}\n`).join("") + end;
        await writeFile(path, content);
        const lines = content.replace(/^\ufeff/u, "").split("\n");
        const parsed = lines.slice(0, -1).map((line) => parseEvent(parseJson(line)));
        const read = await readJournal(path, { chunkBytes });
        expect(read.events).toEqual(parsed.flatMap((each) => ("event" in each ? [each.event] : [])));
        const torn = content === "" || content.endsWith("\n") ? [] : [lines.length];
        const bad = parsed.flatMap((each, index) => ("event" in each || lines[index] === "" ? [] : [index + 1]));
        expect(read.problems.map(({ line }) => line)).toEqual([...bad, ...torn]);
        expect(await readJournal(path)).toEqual(read);
      }),
      { numRuns: 60 },
    );
  });

  it("has a problem where it is none: a folder, a pipe, nothing", async () => {
    const { execFileSync } = await import("node:child_process");
    expect((await readJournal(join(path, ".."))).problems).toMatchObject([{ reason: expect.stringMatching(/EISDIR/) }]);
    expect((await readJournal(path)).problems).toMatchObject([{ reason: "There is no journal here." }]);
    if (process.platform === "win32") return;
    execFileSync("mkfifo", [path]);
    expect((await readJournal(path)).problems).toMatchObject([{ reason: expect.stringMatching(/ESPIPE|seek/) }]);
  });
});
