/** The search over many logs: order, limits, cursors, progress, other systems, and logs that cannot be read. */
import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { findSources, readSource } from "../../src/app/readForeign";
import { openForeignRunReader } from "../../src/app/readForeignRun";
import type { SearchArgs, SearchCursor, SearchPart, SearchResult } from "../../src/app/searchLogs";
import { createLogSearcher } from "../../src/app/searchLogs";
import { eventMatcher } from "../../src/model/eventQuery";
import { RunnerLog } from "../formats/runnerLog";
import { writeLargeLog } from "../support/largeLog";
import { fixturesFolder, hasFixtures } from "../support/projectPaths";

let root = "";

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "runtrail-search-logs-"));
  for (const [name, events] of [
    ["a", 200],
    ["b", 3000],
    ["c", 50],
  ] as const) {
    await mkdir(join(root, name));
    writeLargeLog(join(root, name, "events.jsonl"), { events, runId: name });
  }
});

const logs = () => ["a", "b", "c"].map((name) => ({ dir: join(root, name) }));

async function search(args: SearchArgs, signal = new AbortController().signal) {
  const parts: SearchPart[] = [];
  const { searchLogs } = createLogSearcher(openForeignRunReader);
  const result: SearchResult = await searchLogs(args, { signal, mayWrite: false, emit: (part) => parts.push(part) });
  return { result, parts, hits: parts.flatMap(({ hits }) => hits) };
}

const keysOf = (hits: readonly { event: { runId: string; seq: number } }[]) =>
  hits.map(({ event: { runId, seq } }) => `${runId} ${seq}`);

describe("searching many logs", () => {
  it("gives hits in the order of the logs, the newest of each first, in small parts with their progress", async () => {
    const { result, parts, hits } = await search({ logs: logs(), query: { types: ["startToolCall"] } });
    const runs = hits.map(({ event }) => event.runId);
    expect(runs).toEqual([...runs].sort());
    for (const run of ["a", "b", "c"]) {
      const seqs = hits.filter(({ event }) => event.runId === run).map(({ seq }) => seq);
      expect(seqs).toEqual(seqs.toSorted((left, right) => right - left));
    }
    expect(result).toMatchObject({ hits: hits.length, problems: [], progress: { logs: 3, ofLogs: 3 } });
    expect(result.progress.bytes).toBe(result.progress.ofBytes);
    expect(result.next).toBeUndefined();
    expect(parts.every((part) => part.hits.length <= 100)).toBe(true);
    const bytes = parts.map(({ progress }) => progress.bytes);
    expect(bytes).toEqual(bytes.toSorted((left, right) => left - right));
    for (const { dir, offset } of hits.slice(0, 3))
      expect([dir, offset]).toEqual([join(root, "a"), expect.any(Number)]);
  });

  it.each(["newestFirst", "oldestFirst"] as const)("goes on from its cursor to the same hits, %s", async (order) => {
    const query = { types: ["finishStep" as const, "finishRun" as const] };
    const whole = await search({ logs: logs(), query, order });
    const found: string[] = [];
    let from: SearchCursor | undefined;
    do {
      const { result, hits } = await search({ logs: logs(), query, order, limit: 7, from });
      expect(hits.length).toBeLessThanOrEqual(7);
      found.push(...keysOf(hits));
      from = result.next;
    } while (from);
    expect(found).toEqual(keysOf(whole.hits));
  });

  it("counts without sending", async () => {
    const query = { text: "npm" };
    const { hits } = await search({ logs: logs(), query });
    const counted = await search({ logs: logs(), query, isCounting: true });
    expect(counted.hits).toEqual([]);
    expect(counted.result.hits).toBe(hits.length);
  });

  it("says which log cannot be read, and searches the others", async () => {
    const missing = { dir: join(root, "nowhere") };
    const foreign = { dir: join(root, "x", "y", "gone"), source: "perstack" };
    const { result, hits } = await search({ logs: [missing, foreign, ...logs()], query: { types: ["finishRun"] } });
    expect(hits).toHaveLength(3);
    expect(result.problems).toEqual([
      { file: join(root, "nowhere", "events.jsonl"), reason: "There is no journal here." },
      { file: foreign.dir, reason: "The run is no longer there." },
    ]);
  });

  it("ends when it is cancelled, with the signal's reason", async () => {
    const controller = new AbortController();
    const reason = new Error("enough");
    const { searchLogs } = createLogSearcher(openForeignRunReader);
    let parts = 0;
    const emit = () => {
      parts += 1;
      controller.abort(reason);
    };
    const context = { signal: controller.signal, mayWrite: false, emit };
    await expect(searchLogs({ logs: logs(), query: { types: ["startToolCall"] } }, context)).rejects.toBe(reason);
    expect(parts).toBe(1);
  });

  it("reads runs of other systems where they lie, by what the index knows them by", async () => {
    const folder = join(root, "theirs");
    await mkdir(folder);
    const log = new RunnerLog("one").begin().start("build").fail("build", "unknown", "No needle there");
    await writeFile(join(folder, "events.jsonl"), log.end("failed", "Gave up").text());
    const [source] = await findSources(folder);
    const [run] = source ? (await readSource(source)).runs : [];
    const { hits } = await search({
      logs: [{ dir: run?.dir ?? "", source: source?.format, runId: run?.runId }],
      query: { text: "needle" },
    });
    expect(hits.map(({ event, offset }) => [event.seq, offset + 1])).toEqual(
      run?.events
        .filter(eventMatcher({ text: "needle" }))
        .map(({ seq }) => [seq, seq])
        .reverse(),
    );
    expect(hits.length).toBeGreaterThan(0);
  });

  it.skipIf(!hasFixtures)("finds every run that others left, by its folder or file", async () => {
    let runs = 0;
    for (const source of await findSources(fixturesFolder)) {
      for (const run of (await readSource(source)).runs) {
        runs += 1;
        const log = { dir: run.dir, source: source.format, runId: run.runId };
        const { result, hits } = await search({ logs: [log], query: { steps: [{ from: 0 }] }, order: "oldestFirst" });
        expect([run.dir, result.problems]).toEqual([run.dir, []]);
        expect(hits.map(({ event }) => event)).toEqual(run.events);
      }
    }
    expect(runs).toBeGreaterThan(5);
  });
});
