/** The search of a log's bytes finds what a look at every parsed event finds, whoever wrote the log. */
import { appendFile, mkdtemp, open, rename, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { type EventQuery, eventMatcher } from "../../src/model/eventQuery";
import { type EventType, payloads, type RunEvent } from "../../src/model/events";
import { readJournal } from "../../src/store/readJournal";
import { type LogHit, type SearchLogOptions, searchLog } from "../../src/store/searchLog";
import { anyEvents } from "../model/arbitraryEvents";
import { writeLargeLog } from "../support/largeLog";

let dir = "";
let files = 0;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "runtrail-search-"));
});

async function written(content: string | Buffer): Promise<string> {
  files += 1;
  const file = join(dir, `${files}.jsonl`);
  await writeFile(file, content);
  return file;
}

async function search(file: string, query: EventQuery, options: Partial<SearchLogOptions> = {}): Promise<LogHit[]> {
  const hits: LogHit[] = [];
  for await (const piece of searchLog(file, query, { order: "oldestFirst", ...options })) hits.push(...piece.hits);
  return hits;
}

const eventsOf = (hits: readonly LogHit[]) => hits.map(({ event }) => event);

async function expected(file: string, query: EventQuery): Promise<RunEvent[]> {
  return (await readJournal(file)).events.filter(eventMatcher(query));
}

const envelope = { id: "e", jobId: "j", runId: "r", expertKey: "demo", step: 1 };
const said = (text: string, seq = 1): RunEvent => ({
  ...{ ...envelope, timestamp: 1000 + seq, seq, type: "logSkill", skill: "s", line: text },
});
const linesOf = (events: readonly unknown[]) => events.map((event) => `${JSON.stringify(event)}\n`).join("");

/** Ways in which other programs write the same JSON. */
const writers: Record<string, (line: string) => string> = {
  ours: (line) => line,
  spaces: (line) => line.replace(/"(?<mark>[:,])(?=["{[\dtfn])/gu, '"$<mark> '),
  escapesAll: (line) => line.replace(/[^\x20-\x7e]/gu, escaped),
  escapesAllUpper: (line) =>
    line.replace(/[^\x20-\x7e]/gu, (unit) => escaped(unit).toUpperCase().replace("\\U", "\\u")),
  escapesMarkup: (line) => line.replace(/[<>&'+]/gu, escaped),
  escapesSlash: (line) => line.replaceAll("/", "\\/"),
  // Nobody does, but it is the same JSON.
  escapesLetters: (line) =>
    line.replace(/"[^"\\]*"/gu, (text) => text.replace(/(?<=[a-z])[aeiostr](?=[a-z])/gu, escaped)),
  exponents: (line) => line.replace(/(?<=[:,[])(?<digits>[1-9]\d*)(?=[,}\]])/gu, "$<digits>0e-1"),
  decimals: (line) => line.replace(/(?<=[:,[])(?<digits>\d+)(?=[,}\]])/gu, "$<digits>.00000000000000000"),
  carriageReturn: (line) => `${line}\r`,
};

function escaped(text: string): string {
  return Array.from({ length: text.length }, (_, at) => {
    return `\\u${text.charCodeAt(at).toString(16).padStart(4, "0")}`;
  }).join("");
}

const otherLines = [
  "",
  "{",
  "not JSON",
  "[1]",
  '{"type":"failGate"}',
  JSON.stringify({ ...envelope, timestamp: 5, seq: 9, type: "newerType", note: "said later", cost: 3, tool: "exec" }),
  JSON.stringify({ ...envelope, timestamp: 5, seq: 9, type: "failGate", gate: 7 }),
  '{"id":"a","timestamp":1,"jobId":"j","runId":"r","seq":1,"expertKey":"demo","step":1,"type":"failGate","gate":"a","timestamp":2000,"step":3}',
  '{"id":"a","timestamp":1,"jobId":"j","runId":"r","seq":1,"expertKey":"demo","step":1,"type":"writeState","node":"n","field":"f","value":[1e21,1E+3,0.0000001,12345678901234567890,-0,1.50]}',
];

/** Lines of events in all the ways of writing, with what is no event between them. */
const anyLog: fc.Arbitrary<Buffer> = fc
  .record({
    events: anyEvents,
    experts: fc.array(fc.constantFrom("demo", "demo@1.0.0", "other"), { minLength: 1, maxLength: 3 }),
    writer: fc.array(fc.constantFrom(...Object.keys(writers)), { minLength: 1, maxLength: 3 }),
    others: fc.array(fc.record({ at: fc.nat({ max: 30 }), line: fc.constantFrom(...otherLines) }), { maxLength: 4 }),
    hasBom: fc.boolean(),
    tail: fc.constantFrom("", '{"torn', JSON.stringify(said("torn but whole"))),
    garbage: fc.option(fc.uint8Array({ minLength: 1, maxLength: 8 }), { nil: undefined, freq: 4 }),
  })
  .map(({ events, experts, writer, others, hasBom, tail, garbage }) => {
    const lines = events.map((event, index) => {
      const expertKey = experts[index % experts.length] ?? "demo";
      return writers[writer[index % writer.length] ?? "ours"]?.(JSON.stringify({ ...event, expertKey })) ?? "";
    });
    for (const { at, line } of others) lines.splice(at, 0, line);
    const content = Buffer.from(`${hasBom ? "\ufeff" : ""}${lines.map((line) => `${line}\n`).join("")}${tail}`);
    garbage?.forEach((byte, index) => {
      content[(content.length >> 1) + index] = byte;
    });
    return content;
  });

const types = Object.keys(payloads) as EventType[];
const word = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom("x", "re", "npm", "exec", "NOT", "two", "日本", "naïve", "NAÏVE", "\u001b[31m"),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom("1", "0", "12", "1e", "e+21", "1.5", "1e-7", "000", "-", "1.5e", "12345678901234567000"),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom('"', "\\", "/", "\n", "\u2028", "\ufffd", "\ud800", "👩", '{"stdout"', "a\r\nb"),
  },
  { weight: 1, arbitrary: fc.string({ unit: "binary", minLength: 1, maxLength: 3 }) },
);
const inQuotes = (text: string) => `"${text.replace(/[\\"]/gu, "\\$&")}"`;
const someOf = <T>(...values: T[]) => fc.array(fc.constantFrom(...values), { minLength: 1, maxLength: 3 });
const bound = fc.constantFrom(0, 1, 3, 50, 1000, 1_000_000);
const anyQuery: fc.Arbitrary<EventQuery> = fc.oneof(
  fc.array(word, { minLength: 1, maxLength: 2 }).map((words) => ({ text: words.map(inQuotes).join(" ") })),
  fc
    .record(
      {
        text: word.map(inQuotes),
        isCaseSensitive: fc.boolean(),
        types: someOf(...types),
        experts: someOf("demo", "demo@1.0.0", "other", "nobody"),
        tools: someOf("exec", "writeTextFile", "日本", 'a"b'),
        status: fc.constantFrom("failed", "ok", "fatal", "blocked", "recovered"),
        after: fc.constantFrom(1, 1500, 2 ** 40, 2 ** 44),
        before: fc.constantFrom(1, 1500, 2001, 2 ** 40, 2 ** 44),
        minCost: bound,
        maxCost: bound,
        minDurationMs: bound,
        maxDurationMs: bound,
        steps: someOf({ from: 1, to: 1 }, { from: 2 }, { from: 0, to: 2 }, { from: 9, to: 10 }),
      },
      { requiredKeys: [] },
    )
    .map((query): EventQuery => query),
);

const call = { toolCallId: "c", skill: "s", tool: "exec" };
const error = { name: "E", message: "boom", class: "internal", isRetryable: false };
const payloadsOfEveryKind = [
  { type: "startRun", query: "Größe über/unter “alles”", stepsBefore: 1204 },
  { type: "startGeneration", attempt: 1, messageCount: 70_000 },
  { type: "finishGeneration", attempt: 1, finishReason: "error", toolCalls: [], error, cost: 0.5, durationMs: 1204 },
  { type: "finishGeneration", attempt: 2, finishReason: "stop", toolCalls: [], text: "Straße <b>+'x'", cost: 2 },
  { type: "retryGeneration", attempt: 1, error, delayMs: 1 },
  { type: "startToolCall", ...call, args: { path: "src/sum.mjs", at: [1204, 0.25] } },
  { type: "finishToolCall", ...call, isError: true, result: [], durationMs: 3000 },
  { type: "finishToolCall", ...call, tool: "größer", isError: false, blockedBy: "todos", result: [] },
  { type: "finishToolCall", ...call, isError: false, result: [{ type: "textPart", text: "\u001b[1mfine\t" }] },
  { type: "failNode", node: "n", reason: "no reason" },
  { type: "failGate", gate: "coverage" },
  { type: "finishStep", durationMs: 12 },
  { type: "stopRun", reason: "budget" },
  { type: "errorRun", error, cost: 7 },
  { type: "laterType", note: "ОШИБКА in it", said: 1204 },
];
const everyKind = payloadsOfEveryKind.map((payload, index) => ({
  ...{ id: `e${index}`, timestamp: 1000 + index, jobId: "j", runId: "r", seq: index + 1 },
  ...{ expertKey: index % 2 === 0 ? "größe" : "demo@1.0.0", step: index, ...payload },
}));
const typesOfEveryKind: EventType[] = ["retryGeneration", "failNode", "finishStep", "stopRun", "errorRun", "startRun"];
const everyQuery: EventQuery[] = [
  ...typesOfEveryKind.map((type) => ({ types: [type] })),
  ...[{ types: typesOfEveryKind.slice(0, 2) }, { types: typesOfEveryKind }, { types: ["foreignEvent" as const] }],
  ...(["failed", "ok", "fatal", "blocked", "recovered"] as const).map((status) => ({ status })),
  ...["exec", "größer"].map((tool) => ({ tools: [tool] })),
  ...["demo", "demo@1.0.0", "größe"].map((expert) => ({ experts: [expert] })),
  ...[{ minCost: 1 }, { maxCost: 1 }, { minDurationMs: 100 }, { maxDurationMs: 100 }],
  ...[{ after: 1004 }, { before: 1004 }, { steps: [{ from: 3, to: 4 }] }],
  ...["1204", "0.25", "120", "70000", "boom", "Straße", "straße", "größe", "ошибка", "ОШИБКА", "“alles”"].map(
    (text) => ({ text }),
  ),
  ...["src/sum", "<b>+'x'", "fine\t", "/", '"\u001b[1m"', "reason no", "in it"].map((text) => ({ text })),
  ...["ÜBER/UNTER", "REASON", "SUM.MJS"].map((text) => ({ text, isCaseSensitive: false })),
];

describe("searching a log", () => {
  it("finds what a look at every event finds, forward and backward, whatever is read at once", async () => {
    await fc.assert(
      fc.asyncProperty(anyLog, anyQuery, fc.integer({ min: 8, max: 5000 }), async (content, query, chunkBytes) => {
        const file = await written(content);
        const all = await expected(file, query);
        expect(eventsOf(await search(file, query, { chunkBytes }))).toEqual(all);
        const backward = await search(file, query, { chunkBytes, order: "newestFirst" });
        expect(eventsOf(backward)).toEqual(all.toReversed());
      }),
      { numRuns: 100 },
    );
  });

  it("finds every text that a log of any writer holds", async () => {
    await fc.assert(
      fc.asyncProperty(
        anyLog,
        fc.nat(),
        fc.nat(),
        fc.integer({ min: 1, max: 12 }),
        async (content, at, from, length) => {
          const file = await written(content);
          const { events } = await readJournal(file);
          const texts = events.flatMap((event) => Object.values(event).filter((value) => typeof value === "string"));
          const text = texts[at % Math.max(1, texts.length)] ?? "";
          const start = from % Math.max(1, text.length);
          const query = { text: inQuotes(text.slice(start, start + length)) };
          for (const each of [query, { ...query, isCaseSensitive: false }]) {
            expect(eventsOf(await search(file, each))).toEqual(events.filter(eventMatcher(each)));
          }
        },
      ),
      { numRuns: 100 },
    );
  });

  it.each(Object.keys(writers))("finds each kind of event in a log that is written as %s", async (writer) => {
    const lines = everyKind.map((event) => writers[writer]?.(JSON.stringify(event)) ?? "");
    const file = await written(lines.map((line) => `${line}\n`).join(""));
    const { events } = await readJournal(file);
    expect(events).toHaveLength(everyKind.length);
    for (const query of everyQuery) {
      const found = eventsOf(await search(file, query, { chunkBytes: 700 }));
      expect([query, found]).toEqual([query, events.filter(eventMatcher(query))]);
    }
  });

  it("believes what a line says last, as a look at the whole event does", async () => {
    const twice = otherLines.filter((line) => line.includes('"timestamp":2000'));
    const file = await written(`${twice.join("\n")}\n`);
    const fits = async (query: EventQuery) => (await search(file, query)).length;
    expect(
      await Promise.all(
        [{ after: 1500 }, { before: 1500 }, { steps: [{ from: 3 }] }, { steps: [{ from: 1, to: 1 }] }].map(fits),
      ),
    ).toEqual([1, 0, 1, 0]);
  });

  it("finds a number as it is read, however it is written", async () => {
    const numbers = otherLines.filter((line) => line.includes("1E+3"));
    const file = await written(`${numbers.join("\n")}\n`);
    for (const text of ["1e+21", "1000", "1e-7", "12345678901234567000", "1.5"]) {
      expect([text, await search(file, { text })]).toEqual([text, [expect.objectContaining({ offset: 0 })]]);
    }
    for (const text of ["1e21", "1E+3", "0.0000001", "12345678901234567890", "1.50"]) {
      expect([text, await search(file, { text, isCaseSensitive: true })]).toEqual([text, []]);
    }
  });

  it("goes on where it ended, in either order, one hit at a time", async () => {
    const file = await written(
      linesOf(Array.from({ length: 20 }, (_, seq) => said(seq % 3 === 0 ? "fizz" : "buzz", seq))),
    );
    for (const order of ["oldestFirst", "newestFirst"] as const) {
      const found: number[] = [];
      let from: number | undefined;
      for (let turn = 0; turn < 8; turn += 1) {
        for await (const piece of searchLog(file, { text: "fizz" }, { order, limit: 1, from, chunkBytes: 300 })) {
          found.push(...piece.hits.map(({ event }) => event.seq));
          from = piece.at;
        }
      }
      const all = [0, 3, 6, 9, 12, 15, 18];
      expect(found).toEqual(order === "oldestFirst" ? all : all.reverse());
    }
  });

  it("moves on from a place that is no line's beginning any more", async () => {
    const file = await written(linesOf([said("one", 1), said("two", 2), said("three", 3)]));
    const { length } = linesOf([said("one", 1)]);
    const seqs = async (options: Partial<SearchLogOptions>) =>
      (await search(file, {}, options)).map(({ event }) => event.seq);
    expect(await seqs({ from: length - 3 })).toEqual([2, 3]);
    expect(await seqs({ from: length + 3 })).toEqual([3]);
    expect(await seqs({ from: length + 3, order: "newestFirst" })).toEqual([1]);
    expect(await seqs({ from: 100_000, order: "newestFirst" })).toEqual([3, 2, 1]);
    expect(await seqs({ from: 100_000 })).toEqual([]);
  });

  it("tells where each hit stands", async () => {
    const file = await written(`\n${linesOf([said("ä one"), said("two")])}`);
    const handle = await open(file, "r");
    for (const { offset, length, event } of await search(file, {})) {
      const { buffer } = await handle.read(Buffer.alloc(length), 0, length, offset);
      expect(JSON.parse(buffer.toString("utf8"))).toEqual(event);
      expect(buffer.at(-1)).toBe(10);
    }
    await handle.close();
  });

  it("searches what was whole when it began, while the log grows, is cut off or replaced", async () => {
    const events = Array.from({ length: 2000 }, (_, index) => said(`word ${index} ${"x".repeat(200)}`, index + 1));
    for (const order of ["oldestFirst", "newestFirst"] as const) {
      for (const change of ["grow", "cut", "empty", "rewrite", "replace"] as const) {
        const file = await written(`${linesOf(events)}{"torn`);
        const found: RunEvent[] = [];
        let isFirst = true;
        for await (const { hits } of searchLog(file, { text: "word" }, { order, chunkBytes: 10_000 })) {
          found.push(...eventsOf(hits));
          if (isFirst) await changes[change](file);
          isFirst = false;
        }
        const all = order === "oldestFirst" ? events : events.toReversed();
        const isWhole = change === "grow" || change === "replace";
        if (isWhole) expect(found).toEqual(all);
        // Nothing is invented: what was read is a part of what was there before, or after.
        const known = new Set([...events, ...others].map(keyOf));
        expect(found.filter((event) => !known.has(keyOf(event)))).toEqual([]);
        expect(found.length).toBeGreaterThan(0);
      }
    }
  });

  it("passes over a line that is too long, and says so", async () => {
    const file = await written("");
    const handle = await open(file, "a");
    await handle.write(linesOf([said("before", 1)]));
    const piece = Buffer.alloc(16 * 1024 * 1024, "x");
    for (let count = 0; count < 5; count += 1) await handle.write(piece);
    await handle.write(`\n${linesOf([said("behind", 2)])}`);
    await handle.close();
    for (const order of ["oldestFirst", "newestFirst"] as const) {
      const long: number[] = [];
      const hits = await search(file, { types: ["logSkill"] }, { order, onLongLine: (offset) => long.push(offset) });
      expect(hits.map(({ event }) => event.seq)).toEqual(order === "oldestFirst" ? [1, 2] : [2, 1]);
      expect(long).toEqual([linesOf([said("before", 1)]).length]);
    }
  });

  it("ends at once when it is cancelled, and lets other work come between", async () => {
    const file = join(dir, "large.jsonl");
    writeLargeLog(file, { events: 60_000 });
    const controller = new AbortController();
    const reason = new Error("enough");
    let pieces = 0;
    const run = async () => {
      for await (const _ of searchLog(
        file,
        { minDurationMs: 0 },
        { order: "oldestFirst", signal: controller.signal },
      )) {
        pieces += 1;
        if (pieces === 2) setImmediate(() => controller.abort(reason));
      }
    };
    await expect(run()).rejects.toBe(reason);
    expect(pieces).toBeLessThan(20);
  });

  it("throws the system's error where there is nothing to read", async () => {
    await expect(search(join(dir, "nothing.jsonl"), {})).rejects.toMatchObject({ code: "ENOENT" });
    await expect(search(dir, {})).rejects.toMatchObject({ code: "EISDIR" });
    expect(await search(await written(""), {})).toEqual([]);
  });
});

const keyOf = (event: RunEvent) => `${event.seq} ${event.type === "logSkill" ? event.line : ""}`;
const others = Array.from({ length: 300 }, (_, index) => said(`other word ${index}`, index + 1));

const changes = {
  grow: async (file: string) => await appendFile(file, `"}\n${linesOf(others)}`),
  cut: async (file: string) => await truncate(file, 100_100),
  empty: async (file: string) => await truncate(file, 0),
  rewrite: async (file: string) => await writeFile(file, linesOf(others)),
  replace: async (file: string) => {
    await writeFile(`${file}.new`, linesOf(others));
    await rename(`${file}.new`, file);
  },
};
