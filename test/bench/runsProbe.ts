/** Opens a workspace as the editor does, in a process of its own: how long it takes, and what it costs the thread. */
import { existsSync, readdirSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { monitorEventLoopDelay, performance } from "node:perf_hooks";
import { setTimeout } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import type { AppHost } from "../../src/app/app";
import { createApp } from "../../src/app/createApp";
import { parseEvent, type RunEvent } from "../../src/model/events";
import { type Run, reduceRun } from "../../src/model/run";
import { layout } from "../../src/store/layout";

/** Rows that fill a tree on any screen. */
const firstRows = 500;
const burst = { events: 2_000, perTick: 20 };

export interface OpenedWorkspace {
  firstMs: number;
  allMs: number;
  /** The longest time that the thread was held up. */
  longestMs: number;
  memoryMb: number;
}

export interface ProbeReport extends OpenedWorkspace {
  runs: number;
  /** Of the thread, for a look at a workspace at rest. */
  checkMs?: number;
  /** Of the thread, for each event of a run that goes on. */
  eventUs?: number;
}

void main(process.argv.slice(2));

async function main([mode = "", root = "", cacheFolder, worker = ""]: string[]): Promise<void> {
  const report = mode === "peer" ? await parseAll(root) : await open(root, worker, cacheFolder, mode === "warm");
  process.stdout.write(`${JSON.stringify(report)}\n`, () => process.exit(0));
}

async function open(root: string, worker: string, cacheFolder: string | undefined, isWarm: boolean) {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const host: AppHost = {
    env: {},
    readSecrets: async () => ({}),
    askApproval: async () => ({ granted: false, by: "bench", remember: false }),
    reportError(error, context) {
      throw new Error(context, { cause: error });
    },
    logWorker: pathToFileURL(worker),
    cacheFolder,
    mayWrite: () => true,
  };
  const runs = (await readdir(layout.jobs(root))).length;
  const startedAt = performance.now();
  delay.enable();
  const app = createApp(host);
  app.setFolders([root]);
  let firstMs: number | undefined;
  app.runs.onDidChange(() => {
    if (app.runs.list().length >= Math.min(firstRows, runs)) firstMs ??= performance.now() - startedAt;
  });
  await app.runs.refresh();
  const allMs = performance.now() - startedAt;
  delay.disable();
  await waitUntil(() => app.runs.list().length === runs && firstMs !== undefined);
  const { rss } = process.memoryUsage();
  const opened = { firstMs: firstMs ?? allMs, allMs, longestMs: delay.max / 1e6, memoryMb: rss / 2 ** 20, runs };
  if (cacheFolder && !isWarm) {
    await waitUntil(() => existsSync(cacheFolder) && readdirSync(cacheFolder).some((name) => name.endsWith(".jsonl")));
  }
  return isWarm ? { ...opened, checkMs: await costOfCheck(app), eventUs: await costOfEvent(app, root) } : opened;
}

type Opened = ReturnType<typeof createApp>;

async function costOfCheck(app: Opened): Promise<number> {
  await app.runs.check();
  const before = performance.eventLoopUtilization();
  const rounds = 20;
  for (let round = 0; round < rounds; round += 1) await app.runs.check();
  return performance.eventLoopUtilization(before).active / rounds;
}

/** Those who listen look at the list each time, as the views do. */
async function costOfEvent(app: Opened, root: string): Promise<number> {
  const dir = layout.run(root, "live", "live");
  const envelope = { jobId: "live", runId: "live", expertKey: "solo" };
  app.listener.onStart(dir, { ...envelope, query: "Live" } as Parameters<Opened["listener"]["onStart"]>[1]);
  let seen = 0;
  app.runs.onDidChange(() => {
    seen += app.runs.list().length;
  });
  const before = performance.eventLoopUtilization();
  for (let seq = 1; seq <= burst.events; seq += 1) {
    const step = Math.ceil(seq / 10);
    const event = { ...envelope, id: `e${seq}`, timestamp: Date.now(), seq, step, ...payloadOf(seq) };
    app.listener.onEvent(dir, event as RunEvent);
    if (seq % burst.perTick === 0) await setTimeout(10);
  }
  const { active } = performance.eventLoopUtilization(before);
  if (seen === 0) throw new Error("Nobody heard of the run.");
  return (active * 1_000) / burst.events;
}

function payloadOf(seq: number): object {
  if (seq === 1) return { type: "startRun", query: "Live" };
  return seq % 10 === 0
    ? { type: "finishStep", durationMs: 1 }
    : { type: "logSkill", skill: "base", line: `Line ${seq} of what a server says`.repeat(5) };
}

/** What it takes without an index or a cache: every journal is read and parsed as a whole. */
async function parseAll(root: string): Promise<ProbeReport> {
  const startedAt = performance.now();
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const runs: Run[] = [];
  for (const jobId of await readdir(layout.jobs(root))) {
    for (const runId of await readdir(`${layout.job(root, jobId)}/runs`)) {
      let run: Run | undefined;
      const text = await readFile(layout.journal(layout.run(root, jobId, runId)), "utf8");
      for (const line of text.split("\n")) {
        const parsed = line === "" ? undefined : parseEvent(JSON.parse(line));
        if (parsed && "event" in parsed) run = reduceRun(run, parsed.event);
      }
      if (run) runs.push(run);
    }
  }
  const allMs = performance.now() - startedAt;
  delay.disable();
  const memoryMb = process.memoryUsage().rss / 2 ** 20;
  return { firstMs: allMs, allMs, longestMs: delay.max / 1e6, memoryMb, runs: runs.length };
}

async function waitUntil(isThere: () => boolean): Promise<void> {
  while (!isThere()) await setTimeout(5);
}
