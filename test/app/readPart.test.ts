import { appendFile, mkdir, mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { OpenLogs } from "../../src/app/openLogs";
import { createPartReader, type PartArgs, type PartSizes } from "../../src/app/readPart";
import { createSummaryReader } from "../../src/app/readSummary";
import type { LoadedRun, WantedPart } from "../../src/app/runIndex";
import type { EventPayload, RunEvent } from "../../src/model/events";
import { countSteps } from "../../src/model/nodeItems";
import { type Run, runOf, type Step } from "../../src/model/run";
import { RunWindow } from "../../src/model/runWindow";
import { layout } from "../../src/store/layout";
import { readJournal } from "../../src/store/readJournal";
import { anyEvents } from "../model/arbitraryEvents";
import { type LargeLogOptions, writeLargeLog } from "../support/largeLog";
import { doRun, randomRun } from "../support/randomRuns";

const sizes: PartSizes = {
  longFrom: 500,
  usual: { steps: 4, events: 24, bytes: 20_000 },
  first: { steps: 2, events: 40, bytes: 20_000 },
};

let root = "";
let count = 0;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "runtrail-parts-"));
});
afterAll(async () => {
  await rm(root, { recursive: true, force: true, maxRetries: 3 });
});

describe("a part of a long run", () => {
  it("is what the whole run has there, wherever it is and however the run went", async () => {
    await fc.assert(
      fc.asyncProperty(randomRun, wantedOf(30, 120), async (random, wanted) => {
        await expectPart(await makeLog(await doRun(random)), wanted);
      }),
      { numRuns: 60 },
    );
  });

  it("is so of any events, with nodes, delegates, gates, retries and more than one end", async () => {
    await fc.assert(
      fc.asyncProperty(anyRun, wantedOf(5, 90), async (events, wanted) => {
        await expectPart(await makeLog(events), wanted);
      }),
      { numRuns: 80 },
    );
  });

  it("tells all about the run also where its steps overlap", async () => {
    await fc.assert(
      fc.asyncProperty(anySteps, async (events) => {
        const dir = await makeLog(events);
        const { whole } = await readAll(dir);
        const loaded = await reader().read({ dir, isWhole: true });
        expect(factsOf(loaded.run)).toEqual(factsOf(whole));
        expect(factsOf(await reader().summarize(dir))).toEqual(factsOf(whole));
      }),
      { numRuns: 80 },
    );
  });

  it("comes at once from the end, before the log has been looked through", async () => {
    const dir = await makeLarge({ events: 3000 });
    const { whole, events } = await readAll(dir);
    const { logs, read } = reader();
    const first = await read({ dir });
    expect(first.part).toEqual({
      ...{ firstStep: whole.lastStep - 1, lastStep: whole.lastStep, lastSeq: 3000, firstSeq: first.part?.firstSeq },
      ...{ hasEarlier: true, hasLater: false, isFirstCut: false, isWhole: false },
    });
    expect(logs.knowsRun(layout.journal(dir))).toBe(false);
    expect(first.events).toEqual([events[0], ...events.slice((first.part?.firstSeq ?? 0) - 1)]);
    expect(first.run.steps).toEqual(stepsIn(whole, first));
    const { query, model, status, usage, cost, text, lastSeq, eventCount } = whole;
    expect(first.run).toMatchObject({ query, model, status, usage, cost, text, lastSeq, eventCount });
    expect(countSteps(first.run)).toBe(countSteps(whole));
    await read({ dir, isWhole: true });
    const second = await read({ dir });
    expect(second.part).toMatchObject({ isWhole: true, lastSeq: 3000 });
    expect(factsOf(second.run)).toEqual(factsOf(whole));
  });

  it("that is asked for next to another one leaves nothing out and repeats nothing", async () => {
    for (const isOneStep of [false, true]) {
      const dir = await makeLarge({ events: 400, isOneStep });
      const { events } = await readAll(dir);
      const { read } = reader();
      const seqs: number[] = [];
      let loaded = await read({ dir, isWhole: true });
      for (;;) {
        seqs.unshift(...shownOf(loaded).map(({ seq }) => seq));
        expect(shownOf(loaded).length).toBeLessThanOrEqual(24);
        if (!loaded.part?.hasEarlier) break;
        loaded = await read({ dir, seq: loaded.part.firstSeq - 1, edge: "last" });
        expectSteps(loaded, (await readAll(dir)).whole);
      }
      expect(seqs).toEqual(events.slice(1).map(({ seq }) => seq));
      loaded = await read({ dir, step: 1, edge: "first" });
      const onward = shownOf(loaded).map(({ seq }) => seq);
      while (loaded.part?.hasLater) {
        loaded = await read({ dir, seq: loaded.part.lastSeq + 1, edge: "first" });
        onward.push(...shownOf(loaded).map(({ seq }) => seq));
      }
      expect(onward).toEqual(seqs);
    }
  });

  it("may have more steps, and as many more events", async () => {
    const dir = await makeLarge({ events: 3000 });
    const { read } = reader();
    const stepsOf = async (steps: number) => (await read({ dir, isWhole: true, steps })).run.steps.length;
    const few = await stepsOf(4);
    expect(few).toBeLessThanOrEqual(4);
    expect(await stepsOf(20)).toBeGreaterThan(3 * few);
    expect(await stepsOf(100_000)).toBeLessThanOrEqual(40);
  });

  it("has its own failures, though the run keeps only the newest", async () => {
    const dir = await makeLarge({ events: 16_500, failEach: 3 });
    const { whole } = await readAll(dir);
    expect(whole.failures.length).toBeGreaterThan(1400);
    const { run } = await reader().read({ dir, step: 5 });
    const newest = whole.failures.slice(-1000);
    const shown = new Set(run.steps.map(({ step }) => step));
    const own = whole.failures.filter(({ step }) => shown.has(step));
    expect(own.length).toBeGreaterThan(1);
    expect(run.failures).toEqual([...own, ...newest]);
  });

  it("knows what became of its failures later", async () => {
    const error = { name: "E", message: "busy", class: "provider_rate_limit" as const, isRetryable: true };
    const dir = await makeLog(
      told([
        [0, { type: "startRun", query: "Go" }],
        [1, { type: "failNode", node: "scan", reason: "broken" }],
        [2, { type: "failGate", gate: "first" }],
        [2, { type: "failGate", gate: "second" }],
        [1, { type: "retryNode", node: "scan" }],
        ...Array.from({ length: 1200 }, (): Told => [3, { type: "retryGeneration", attempt: 1, error, delayMs: 1 }]),
      ]),
    );
    const { whole } = await readAll(dir);
    const older = whole.failures.slice(0, -1000);
    expect(older.slice(0, 2)).toMatchObject([
      { seq: 2, grade: "recovered" },
      { seq: 4, grade: "blocked" },
    ]);
    const failuresAt = async (seq: number) => {
      const { run } = await reader().read({ dir, seq, edge: "last" });
      return run.failures.filter((failure) => failure.seq <= 4);
    };
    expect(await failuresAt(2)).toEqual(older.slice(0, 2));
    expect(await failuresAt(3)).toEqual(older.slice(0, 2));
    expect(await failuresAt(4)).toEqual(older.slice(0, 2));
  });

  it("is the same that is kept of the run while it is watched", async () => {
    await fc.assert(
      fc.asyncProperty(randomRun, async (random) => {
        const dir = await makeLog(await doRun(random));
        const roomy = { ...sizes, usual: { ...sizes.usual, bytes: Number.POSITIVE_INFINITY } };
        const window = new RunWindow(undefined, roomy.usual);
        const { events } = await readAll(dir);
        for (const event of events) window.apply(event);
        const { run, part } = window;
        if (!run) throw new Error("No run.");
        const watched = new RunWindow({ run, part, events: window.events }, roomy.usual);
        const loaded = await reader(roomy).read({ dir, isWhole: true });
        expect({ run: watched.run, events: watched.events, part: watched.part }).toEqual({
          run: loaded.run,
          events: loaded.events,
          part: loaded.part,
        });
      }),
      { numRuns: 60 },
    );
  });
});

describe("a long log that changes under its reader", () => {
  it("is told up to its end when it has grown, without being read again", async () => {
    const dir = await makeLarge({ events: 600, end: "open" });
    const other = await makeLarge({ events: 900, end: "open" });
    const { read, summarize } = reader();
    await expectPart(dir, {}, read);
    const lines = (await readFile(layout.journal(other), "utf8")).split("\n").slice(600, 900);
    for (const size of [1, 7, 292]) {
      const text = lines.splice(0, size).join("\n");
      await appendFile(layout.journal(dir), `${text}\n`);
      await expectPart(dir, {}, read);
      expect(await summarize(dir)).toEqual(summaryOf((await readAll(dir)).whole));
    }
  });

  it("is read anew when it was cut off, replaced, or written over in place", async () => {
    const dir = await makeLarge({ events: 600, end: "open" });
    const file = layout.journal(dir);
    const { read } = reader();
    await expectPart(dir, {}, read);
    await truncate(file, 100_000);
    await expectPart(dir, { step: 3 }, read);
    await rm(file);
    writeLargeLog(file, { events: 700, failEach: 3, query: "Another one" });
    await expectPart(dir, { step: 20 }, read);
    await rm(file);
    writeLargeLog(file, { events: 700, failEach: 3, query: "ANOTHER one", isOneStep: true });
    await expectPart(dir, { seq: 300 }, read);
    const text = await readFile(file, "utf8");
    await writeFile(file, text.replaceAll("part", "PART"));
    await expectPart(dir, { seq: 301 }, read);
  });

  it("has an end that is torn for as long as it is, and lines that are no events", async () => {
    const dir = await makeLarge({ events: 300, end: "open" });
    const file = layout.journal(dir);
    const { read } = reader();
    await appendFile(file, '{"id":"torn');
    for (const isWhole of [false, true]) {
      const { run, problems } = await read({ dir, isWhole });
      expect(run.lastSeq).toBe(300);
      expect(problems.map(({ reason }) => reason)).toEqual(["The last record is torn (11 bytes)."]);
    }
    await appendFile(file, "\n");
    const { problems } = await read({ dir, isWhole: true });
    expect(problems).toEqual((await readJournal(file)).problems);
  });

  it("may be gone", async () => {
    const dir = await makeLarge({ events: 300 });
    const { read } = reader();
    await read({ dir, isWhole: true });
    await rm(layout.journal(dir));
    await expect(read({ dir, isWhole: true })).rejects.toThrow("There is no journal here.");
    await expect(read({ dir, step: 3 })).rejects.toThrow("There is no journal here.");
  });

  it("may hold no event at all", async () => {
    const dir = join(root, "none");
    await mkdir(dir);
    await writeFile(layout.journal(dir), "not an event\n".repeat(100));
    for (const isWhole of [false, true])
      await expect(reader().read({ dir, isWhole })).rejects.toThrow(/not an event|event/);
  });

  it("is left when nobody waits for it any more, and read the next time", async () => {
    const dir = await makeLarge({ events: 30_000 });
    const { read } = reader();
    const controller = new AbortController();
    const reading = read({ dir, isWhole: true }, controller.signal);
    controller.abort(new Error("Enough"));
    await expect(reading).rejects.toThrow("Enough");
    await expectPart(dir, { step: 700 }, read);
  });
});

type Read = (args: PartArgs, signal?: AbortSignal) => Promise<LoadedRun>;

function reader(own: PartSizes = sizes) {
  const logs = new OpenLogs();
  const { readPart } = createPartReader(logs, own);
  const { readSummary } = createSummaryReader(logs, own);
  const contextOf = (signal = new AbortController().signal) => ({ signal, mayWrite: false, emit: () => undefined });
  const read: Read = (args, signal) => readPart(args, contextOf(signal));
  return { logs, read, summarize: (dir: string) => readSummary({ dir }, contextOf()) };
}

async function expectPart(dir: string, wanted: WantedPart, read: Read = reader().read): Promise<void> {
  const { whole, events } = await readAll(dir);
  const loaded = await read({ dir, ...wanted, isWhole: true });
  expect(factsOf(loaded.run)).toEqual(factsOf(whole));
  if (!loaded.part) {
    expect(loaded).toEqual({ run: whole, events, problems: [] });
    return;
  }
  const { firstSeq, lastSeq } = loaded.part;
  const head = events.findIndex(({ step }) => step > 0);
  const [from, to] = [
    events.findIndex(({ seq }) => seq === firstSeq),
    events.findIndex(({ seq }) => seq === lastSeq) + 1,
  ];
  expect(loaded.events).toEqual([...events.slice(0, head), ...events.slice(from, to)]);
  expect(loaded.part).toMatchObject({ hasEarlier: from > head, hasLater: to < events.length, isWhole: true });
  expectSteps(loaded, whole);
  const { seq, step, edge } = wanted;
  const sought = events.filter((event) => (seq === undefined ? event.step === step : event.seq === seq));
  const inside = sought.filter((event) => event.step > 0);
  if (inside.length === 0) return;
  expect(inside.some((event) => event.seq >= firstSeq && event.seq <= lastSeq)).toBe(true);
  if (edge === "first") expect(firstSeq).toBe(inside[0]?.seq);
  if (edge === "last") expect(lastSeq).toBe(inside.at(-1)?.seq);
}

function expectSteps({ run, ...loaded }: LoadedRun, whole: Run): void {
  expect(run.steps).toEqual(stepsIn(whole, { run, ...loaded }));
}

/** Those of the whole run that the part tells of, with the items that begin in it. */
function stepsIn({ steps }: Run, { events, part }: LoadedRun): Step[] {
  const [firstSeq, lastSeq] = [part?.firstSeq ?? 0, part?.lastSeq ?? 0];
  const shown = new Set(events.filter(({ seq }) => seq >= firstSeq).map(({ step }) => step));
  return steps
    .filter(({ step }) => shown.has(step))
    .map((step) => ({ ...step, items: step.items.filter(({ seq }) => seq >= firstSeq && seq <= lastSeq) }));
}

function shownOf({ events }: LoadedRun): RunEvent[] {
  return events.filter(({ step }) => step > 0);
}

function factsOf(run: Run): unknown {
  const { steps: _, omitted: __, ...facts } = run;
  return { ...facts, count: countSteps(run) };
}

function summaryOf(run: Run): Run {
  return { ...run, steps: [], omitted: { count: countSteps(run), upTo: run.lastStep } };
}

async function readAll(dir: string): Promise<{ whole: Run; events: RunEvent[] }> {
  const { events } = await readJournal(layout.journal(dir));
  const whole = runOf(events);
  if (!whole) throw new Error("No run.");
  return { whole, events };
}

async function makeLog(events: readonly RunEvent[]): Promise<string> {
  const dir = await makeDir();
  await writeFile(layout.journal(dir), events.map((event) => `${JSON.stringify(event)}\n`).join(""));
  return dir;
}

async function makeLarge(options: LargeLogOptions): Promise<string> {
  const dir = await makeDir();
  writeLargeLog(layout.journal(dir), options);
  return dir;
}

async function makeDir(): Promise<string> {
  count += 1;
  const dir = join(root, `r${count}`);
  await mkdir(dir);
  return dir;
}

function wantedOf(steps: number, seqs: number): fc.Arbitrary<WantedPart> {
  const edge = fc.constantFrom("first" as const, "last" as const);
  const more = { edge, steps: fc.integer({ min: 1, max: 8 }) };
  return fc.oneof(
    fc.record({ step: fc.nat(steps), ...more }, { requiredKeys: ["step"] }),
    fc.record({ seq: fc.integer({ min: 1, max: seqs }), ...more }, { requiredKeys: ["seq"] }),
    fc.record({ steps: more.steps }, { requiredKeys: [] }),
  );
}

const inStep = /^(?:start|finish)(?:Generation|ToolCall|Step)$|Node$|Delegation$/;

/** Any events of one run, in steps as chance has it; before the first step happens only what may happen there. */
const anySteps: fc.Arbitrary<RunEvent[]> = fc
  .array(anyEvents, { minLength: 1, maxLength: 4 })
  .map((lists) => numbered(lists.flat().map((event) => ({ ...event, step: stepFor(event) }))))
  .filter((events) => events.length > 0);

function stepFor({ type, step }: RunEvent): number {
  // These alone make no step.
  if (type === "startRun" || type === "finishRun") return 0;
  return inStep.test(type) ? step + 1 : step;
}

/** The same, one step after the other, each node in one of its own. */
const anyRun: fc.Arbitrary<RunEvent[]> = anySteps.map((events) => {
  const parted = events.map((event, at) => (event.type.endsWith("Node") ? { ...event, step: 10 + at } : event));
  return numbered(parted.toSorted((a, b) => a.step - b.step));
});

type Told = readonly [step: number, payload: EventPayload];

function told(parts: readonly Told[]): RunEvent[] {
  const envelope = { id: "event", jobId: "job", runId: "run", expertKey: "demo", seq: 0 };
  return numbered(parts.map(([step, payload], at): RunEvent => ({ ...envelope, timestamp: at, step, ...payload })));
}

function numbered(events: readonly RunEvent[]): RunEvent[] {
  return events.map((event, at) => ({ ...event, seq: at + 1 }));
}
