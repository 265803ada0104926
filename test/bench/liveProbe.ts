/** Runs inside VS Code: records a run of many events a second, and measures what showing it does to the extension host. */

import { appendFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import * as vscode from "vscode";
import type { Runtrail } from "../../src/host/extension";
import type { EventPayload, RunEvent } from "../../src/model/events";
import type { RunSetup } from "../../src/runtime/runExpert";
import { currentOwner } from "../../src/store/processOwner";
import { createRunFolder, type RunFolder } from "../../src/store/runFolder";
import { runningInfo } from "../support/runningInfo";

export interface LiveReport {
  /** Late timers, in ms: while nothing is told, while a journal is only written, while the run is told and shown. */
  delays: Record<"idle" | "journalOnly" | "shown", Delays>;
  written: number;
  /** By listeners of the application's events, as the output channel is one. */
  heard: number;
  /** By the run that the tree shows. */
  counted: number;
  seconds: number;
  /** Of the heap in use after a collection, MB, over the time of the run. */
  heap: number[];
}

export interface Delays {
  p50: number;
  p99: number;
  max: number;
}

const perSecond = 2_000;
const tickMs = 10;
const timerMs = 5;
const idleSeconds = 5;
const samples = 6;
const ids = { jobId: "live-job", runId: "live-run", expertKey: "chatty", query: "Say a lot" };

export async function run(): Promise<void> {
  const { RUNTRAIL_LIVE_REPORT: report, RUNTRAIL_LIVE_SECONDS: seconds } = process.env;
  if (report === undefined) throw new Error("RUNTRAIL_LIVE_REPORT is missing.");
  const write = (line: object) => appendFileSync(report, `${JSON.stringify(line)}\n`);
  try {
    write(await measure(Number(seconds)));
    // What is on screen is read from outside; closing the window ends this.
    await new Promise(() => {});
  } catch (error) {
    write({ error: error instanceof Error ? error.stack : String(error) });
  }
}

async function measure(seconds: number): Promise<LiveReport> {
  const root = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath;
  const extension = vscode.extensions.getExtension<Runtrail>("runtrail.runtrail");
  if (root === undefined || extension === undefined) throw new Error("There is no folder, or no extension.");
  const { app, runsView } = await extension.activate();
  let heard = 0;
  app.onEvents((events) => {
    heard += events.filter(({ runId }) => runId === ids.runId).length;
  });

  const idle = await delaysDuring(() => wait(idleSeconds * 1000));
  const silent = await openRun(root, "silent-run");
  const journalOnly = await delaysDuring(() => feed(idleSeconds, silent, () => undefined));
  await silent.folder.close();

  const shown = await openRun(root, ids.runId);
  app.listener.onStart(shown.folder.dir, ids as RunSetup);
  const tell = (event: RunEvent) => app.listener.onEvent(shown.folder.dir, event);
  tell(shown.add({ type: "startRun", query: ids.query }));
  await vscode.commands.executeCommand("runtrail.runs.focus");
  await runsView.reveal(shown.folder.dir);
  await vscode.commands.executeCommand("runtrail.showOutput");
  await vscode.commands.executeCommand("runtrail.openTimeline", { kind: "run", dir: shown.folder.dir });
  await wait(idleSeconds * 1000);

  const heap: number[] = [];
  const delays = await delaysDuring(async () => {
    for (let part = 0; part < samples; part += 1) {
      await feed(seconds / samples, shown, tell);
      heap.push(heapAfterCollection());
    }
  });
  tell(shown.add({ type: "finishRun", text: "Said." }));
  await shown.folder.close();
  app.listener.onEnd(shown.folder.dir, true);
  await wait(1_000);
  const { run } = await app.runs.load(shown.folder.dir);
  return {
    delays: { idle, journalOnly, shown: delays },
    ...{ written: shown.count(), heard, counted: run.eventCount, seconds, heap },
  };
}

interface OpenRun {
  folder: RunFolder;
  /** Journals the event. */
  add(payload: EventPayload): RunEvent;
  count(): number;
}

async function openRun(root: string, runId: string): Promise<OpenRun> {
  const folder = await createRunFolder(root, { jobId: ids.jobId, runId }, () => `${Math.random()}`);
  await folder.writeInfo({ ...runningInfo(root, await currentOwner()), run_id: runId, task_id: ids.jobId });
  let seq = 0;
  return {
    folder,
    add(payload) {
      seq += 1;
      const { jobId, expertKey } = ids;
      const step = Math.ceil(seq / eventsPerStep);
      const id = `v1stgxr8z5jdhi6b${String(seq).padStart(5, "0")}`;
      const event: RunEvent = { id, timestamp: Date.now(), jobId, runId, seq, expertKey, step, ...payload };
      folder.append(event);
      return event;
    },
    count: () => seq,
  };
}

/** As many events as are due by the clock, each tick. */
async function feed(seconds: number, run: OpenRun, tell: (event: RunEvent) => void): Promise<void> {
  const startedAt = performance.now();
  let told = 0;
  while (told < seconds * perSecond) {
    await wait(tickMs);
    const due = Math.min(seconds, (performance.now() - startedAt) / 1000) * perSecond;
    for (; told < due; told += 1) tell(run.add(payloadAt(run.count() + 1)));
  }
}

const eventsPerStep = 20;

/** A step: a generation that asks for tools, their calls, now and then one that fails, and its end. */
function payloadAt(seq: number): EventPayload {
  const place = (seq - 1) % eventsPerStep;
  const toolCallId = `call_${Math.floor((seq - place) / eventsPerStep)}_${Math.floor(place / 2)}`;
  const call = { toolCallId, skill: "@perstack/base", tool: "readTextFile" };
  const usage = { inputTokens: 1200, outputTokens: 80, reasoningTokens: 0, cachedInputTokens: 0, totalTokens: 1280 };
  if (place === 0) return { type: "startGeneration", attempt: 1, messageCount: seq };
  if (place === 1) {
    const text = "I read the files that the test names, one after the other.";
    return { type: "finishGeneration", attempt: 1, usage, finishReason: "toolCalls", text, toolCalls: [], cost: 0.001 };
  }
  if (place === eventsPerStep - 1) return { type: "finishStep", usage, durationMs: 10 };
  if (place % 2 === 0) return { type: "startToolCall", ...call, args: { path: `src/part${seq}.ts` } };
  const isError = seq % 1_000 === 5;
  const text = isError ? "There is no such file." : "export const sum = (a, b) => a + b;\n".repeat(4);
  return { type: "finishToolCall", ...call, isError, result: [{ type: "textPart", text }], durationMs: 1.5 };
}

async function delaysDuring(work: () => Promise<void>): Promise<Delays> {
  const late: number[] = [];
  let isOver = false;
  const watching = (async () => {
    while (!isOver) {
      const due = performance.now() + timerMs;
      await wait(timerMs);
      late.push(Math.max(0, performance.now() - due));
    }
  })();
  await work();
  isOver = true;
  await watching;
  late.sort((a, b) => a - b);
  const at = (share: number) => late[Math.min(late.length - 1, Math.floor(late.length * share))] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99), max: at(1) };
}

function heapAfterCollection(): number {
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  if (typeof collect === "function") collect();
  return process.memoryUsage().heapUsed / 1_000_000;
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
