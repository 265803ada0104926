/** Runs that delegate, ask, wait for their turn and are gone on with, by the commands of their rows. */
import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as vscode from "vscode";
import type { App, RunHandle } from "../../src/app/app";
import { createApp } from "../../src/app/createApp";
import type { RunSummary } from "../../src/app/runIndex";
import type { Runtrail } from "../../src/host/extension";
import type { RunNode } from "../../src/host/views/runNodes";
import { waitUntil } from "../support/waitUntil";
import { acceptUntil, command, setSetting, windowOfExtension } from "./editorParts";
import { type Answer, playExperts, type Said } from "./scriptedModels";
import { suite } from "./suite";

const definition = `model = "scripted/hare"
maxSteps = 6
maxRetries = 0
[provider]
providerName = "vscode-lm"

[experts."lead"]
instruction = "You lead."
delegates = ["helper"]
[experts."lead".skills."user"]
type = "interactiveSkill"
[experts."lead".skills."user".tools.askUser]
description = "Ask the user"
inputJsonSchema = '{"type":"object","properties":{"question":{"type":"string"}}}'

[experts."helper"]
instruction = "You help."
`;

async function open(): Promise<Runtrail> {
  const extension = vscode.extensions.getExtension<Runtrail>("runtrail.runtrail");
  assert.ok(extension);
  return await extension.activate();
}

interface Bench extends Runtrail {
  definitionPath: string;
  start(query: string): Promise<RunHandle>;
}

async function prepare(workspace: string): Promise<Bench> {
  const runtrail = await open();
  await setSetting("approval", "allow");
  await setSetting("notify", "none");
  const folder = join(workspace, "going-on");
  const definitionPath = join(folder, "perstack.toml");
  await mkdir(folder, { recursive: true });
  await writeFile(definitionPath, definition);
  const start = (query: string) =>
    runtrail.app.start({ definitionPath, expertKey: "lead", query, approval: "all", workspaceRoot: workspace });
  return { ...runtrail, definitionPath, start };
}

const say = (text: string): Answer => ({ text });
const call = (name: string, input: object): Answer => ({ call: { name, input } });
const isAfter = ({ answered }: Said, tool: string) => answered.some((id) => id.startsWith(`${tool}-`));

async function ended(app: App, dir: string): Promise<RunSummary> {
  return await waitUntil("the run to end", () => {
    const run = app.runs.get(dir);
    return run && run.status !== "running" && !run.isHere ? run : undefined;
  });
}

/** The run that a command begins beside those that were there. */
async function begunBy(app: App, action: () => Promise<unknown>): Promise<RunSummary> {
  const before = new Set(app.runs.list().map(({ dir }) => dir));
  await action();
  const run = await waitUntil("a run to begin", () => app.runs.list().find(({ dir }) => !before.has(dir)));
  return await ended(app, run.dir);
}

/** Answers the lists and boxes that a command shows, in their order. */
async function answering(answers: readonly unknown[], action: () => Thenable<unknown>): Promise<void> {
  const window = await windowOfExtension();
  const { showInputBox, showQuickPick } = window;
  const left = [...answers];
  const answer = async (first: unknown) => {
    const next = left.shift();
    const items = (await first) as readonly { label: string }[];
    if (!Array.isArray(next)) return next;
    const chosen = items.filter(({ label }) => next.some((each) => label.includes(String(each))));
    assert.equal(chosen.length, next.length, `Not all of ${next} are among ${items.map(({ label }) => label)}`);
    return chosen;
  };
  const pick = async (items: unknown, options?: vscode.QuickPickOptions) => {
    const chosen = await answer(items);
    return options?.canPickMany || !Array.isArray(chosen) ? chosen : chosen[0];
  };
  Object.assign(window, { showInputBox: answer, showQuickPick: pick });
  try {
    await action();
    assert.deepEqual(left, [], "Not everything was asked.");
  } finally {
    Object.assign(window, { showInputBox, showQuickPick });
  }
}

async function childrenOf({ runsView }: Runtrail, node?: RunNode): Promise<RunNode[]> {
  return await runsView.getChildren(node);
}

async function find(runtrail: Runtrail, node: RunNode, is: (node: RunNode) => boolean): Promise<RunNode | undefined> {
  if (is(node)) return node;
  for (const child of await childrenOf(runtrail, node)) {
    const found = await find(runtrail, child, is);
    if (found) return found;
  }
  return undefined;
}

async function rowOf({ runsView }: Runtrail, node: RunNode): Promise<vscode.TreeItem> {
  return await runsView.getTreeItem(node);
}

function runNode(dir: string) {
  return { kind: "run", id: `run:${dir}`, dir };
}

function checkpointNode(dir: string, step: number) {
  return { kind: "checkpoint", id: `checkpoint:${dir}:${step}`, dir, step };
}

async function eventsOf({ runs }: App, dir: string) {
  return (await runs.load(dir)).events;
}

export default suite("runs that go on", {
  "show a delegate's run under the call that it does, and their tokens add up": async ({ workspace }) => {
    await playExperts({
      "You lead.": (said) => (isAfter(said, "helper") ? say("All done.") : call("helper", { query: "Help me" })),
      "You help.": () => say("Helped."),
    });
    const bench = await prepare(workspace);
    const handle = await bench.start("Delegate it");
    await handle.done;
    const run = await ended(bench.app, handle.dir);
    const child = await waitUntil("the delegate's run", () =>
      bench.app.runs.list().find(({ parentRunId }) => parentRunId === run.runId),
    );
    const job = (await childrenOf(bench)).find((node) => node.kind === "job" && run.dir.startsWith(node.jobDir));
    assert.ok(job);
    const node = await find(bench, job, (each) => each.kind === "run" && each.dir === child.dir);
    assert.ok(node);
    const above = await bench.runsView.getParent(node);
    assert.ok(above?.kind === "item" && above.dir === run.dir);
    assert.equal((await rowOf(bench, above)).label, "helper");
    assert.deepEqual(await childrenOf(bench, above), [node]);
    const { spending } = (await bench.app.runs.load(run.dir)).run;
    assert.ok(child.usage);
    assert.equal(run.usage?.totalTokens, spending.own.totalTokens + child.usage.totalTokens);
    await bench.runsView.reveal(child.dir);
    // The editor tells of a selection after it has answered.
    const { view } = bench.runsView;
    await waitUntil(
      "the delegate's row to be selected",
      () => view.selection.length === 1 && view.selection[0] === node,
    );
  },

  "wait for an answer with a badge, in a window that opens later too, and go on with it": async ({ workspace }) => {
    const options = ["red", "blue"];
    await playExperts({
      "You lead.": (said) =>
        isAfter(said, "askUser") ? say("Painted.") : call("askUser", { question: "Which colour?", options }),
    });
    const bench = await prepare(workspace);
    const { dir, done } = await bench.start("Paint it");
    await done;
    const run = await ended(bench.app, dir);
    assert.equal(run.inputRequests?.length, 1);
    await waitUntil("the badge", () => bench.runsView.view.badge?.value === 1);
    const row = await rowOf(bench, runNode(dir) as RunNode);
    assert.match(String(row.description), /^waits for your answer/u);
    assert.match(String(row.contextValue), /\binput\b/u);

    const second = createApp({
      env: {},
      readSecrets: async () => ({}),
      askApproval: async () => ({ granted: false, by: "test", remember: true }),
      reportError: () => undefined,
    });
    second.setFolders([workspace]);
    await second.runs.refresh();
    assert.deepEqual(second.runs.get(dir)?.inputRequests, run.inputRequests);
    second.dispose();

    const answered = command("answerQuestion", runNode(dir));
    await acceptUntil("the run to go on", () => bench.app.runs.get(dir)?.status !== "stopped");
    await answered;
    const painted = await ended(bench.app, dir);
    assert.deepEqual([painted.status, painted.query, painted.startedAt], ["finished", "Paint it", run.startedAt]);
    const answer = (await eventsOf(bench.app, dir)).find(({ type }) => type === "receiveInput");
    assert.ok(answer?.type === "receiveInput" && answer.text === "red" && answer.by === "user");
    await waitUntil("the badge to go", () => bench.runsView.view.badge === undefined);
  },

  "take an answer in the user's own words, and wait on without one": async ({ workspace }) => {
    await playExperts({
      "You lead.": (said) => (isAfter(said, "askUser") ? say("Named.") : call("askUser", { question: "What name?" })),
    });
    const bench = await prepare(workspace);
    const { dir, done } = await bench.start("Name it");
    await done;
    await ended(bench.app, dir);
    await answering([undefined], () => command("answerQuestion", runNode(dir)));
    assert.equal(bench.app.runs.get(dir)?.stopReason, "input");
    await answering(["Clementine"], () => command("answerQuestion", runNode(dir)));
    assert.equal((await ended(bench.app, dir)).status, "finished");
    assert.ok(
      (await eventsOf(bench.app, dir)).some((event) => event.type === "receiveInput" && event.text === "Clementine"),
    );
  },

  "wait for their turn, and say so": async ({ workspace }) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    await playExperts({ "You lead.": async () => await promise.then(() => say("Done.")) });
    const bench = await prepare(workspace);
    await setSetting("maxConcurrentRuns", 1);
    const first = await bench.start("First");
    const second = await bench.start("Second");
    assert.equal(bench.app.runs.get(second.dir)?.isQueued, true);
    const row = await rowOf(bench, runNode(second.dir) as RunNode);
    assert.equal(row.description, "waits for its turn");
    assert.equal((row.iconPath as vscode.ThemeIcon).id, "watch");
    assert.deepEqual(await childrenOf(bench, runNode(second.dir) as RunNode), []);
    resolve();
    const outcomes = await Promise.all([first.done, second.done]);
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ["finished", "finished"],
    );
    assert.notEqual(bench.app.runs.get(second.dir)?.isQueued, true);
    await setSetting("maxConcurrentRuns", undefined);
  },

  "stop with what they delegated when the delegate's row is stopped": async ({ workspace }) => {
    const never = Promise.withResolvers<Answer>();
    await playExperts({
      "You lead.": () => call("helper", { query: "Help me" }),
      "You help.": () => never.promise,
    });
    const bench = await prepare(workspace);
    const { runId, done } = await bench.start("Delegate it");
    const child = await waitUntil("the delegate", () =>
      bench.app.runs.list().find(({ parentRunId }) => parentRunId === runId),
    );
    await command("stopRun", runNode(child.dir));
    assert.equal((await done).stopReason, "cancelled");
    assert.equal((await ended(bench.app, child.dir)).stopReason, "cancelled");
    never.resolve(say("Too late."));
  },

  "continue with a new query, and branch from a checkpoint": async ({ workspace }) => {
    await playExperts({
      "You lead.": (said) => (isAfter(said, "listDirectory") ? say("Listed.") : call("listDirectory", { path: "." })),
    });
    const bench = await prepare(workspace);
    const { dir, done } = await bench.start("List it");
    await done;
    const run = await ended(bench.app, dir);
    assert.equal(run.status, "finished");

    const continued = await begunBy(bench.app, async () => {
      const going = command("continueRun", runNode(dir));
      await acceptUntil("the run to begin", () =>
        bench.app.runs.list().some(({ origin }) => origin?.runId === run.runId),
      );
      await going;
    });
    assert.deepEqual([continued.origin?.kind, continued.jobId], ["continue", run.jobId]);
    await command("revealOrigin", runNode(continued.dir));
    await waitUntil("the origin", () => bench.runsView.view.selection[0]?.id === `run:${dir}`);

    const branch = await begunBy(bench.app, () =>
      answering(["Now count"], () => command("resumeFromCheckpoint", checkpointNode(dir, 1))),
    );
    assert.deepEqual([branch.origin?.kind, branch.query, branch.jobId], ["resume", "Now count", run.jobId]);
    const again = await begunBy(bench.app, () => Promise.resolve(command("runAgain", runNode(dir))));
    assert.deepEqual([again.origin?.kind, again.query], ["rerun", "List it"]);
    assert.notEqual(again.jobId, run.jobId);
  },

  "are forked with another message, in a job of their own": async ({ workspace }) => {
    const heard: string[] = [];
    await playExperts({
      "You lead.": (said) => {
        heard.push(said.text);
        return isAfter(said, "listDirectory") ? say("Listed.") : call("listDirectory", { path: "." });
      },
    });
    const bench = await prepare(workspace);
    const { dir, done } = await bench.start("List the files");
    await done;
    const run = await ended(bench.app, dir);
    const picks = [["A message"], ["List the files"], "List the folders", ""];
    const fork = await begunBy(bench.app, () =>
      answering(picks, () => command("forkFromCheckpoint", checkpointNode(dir, 1))),
    );
    assert.notEqual(fork.jobId, run.jobId);
    assert.deepEqual([fork.origin?.kind, fork.origin?.runId, fork.status], ["fork", run.runId, "finished"]);
    assert.ok(heard.some((text) => text.includes("List the folders") && !text.includes("List the files")));
  },

  "go on with a higher limit, and make what failed again": async ({ workspace }) => {
    let isBroken = true;
    await playExperts({
      "You lead.": (said) => {
        if (said.answered.length === 0) return call("readTextFile", { path: "going-on/late.txt" });
        return isBroken ? call("listDirectory", { path: "." }) : say("Read.");
      },
    });
    const bench = await prepare(workspace);
    const { dir, done } = await bench.start("Read it");
    assert.equal((await done).stopReason, "maxSteps");
    await ended(bench.app, dir);
    isBroken = false;
    await answering(["9"], () => command("resumeRun", runNode(dir)));
    const run = await ended(bench.app, dir);
    assert.equal(run.status, "finished");
    assert.equal((await bench.app.runs.load(dir)).run.limits?.maxSteps, 9);

    await writeFile(join(workspace, "going-on", "late.txt"), "here by now");
    const retried = await begunBy(bench.app, () =>
      Promise.resolve(command("retryFailed", { kind: "step", id: `step:${dir}:1`, dir, step: 1 })),
    );
    assert.deepEqual([retried.origin?.kind, retried.jobId, retried.status], ["retry", run.jobId, "finished"]);
    const made = (await eventsOf(bench.app, retried.dir)).find(({ type }) => type === "finishToolCall");
    assert.ok(made?.type === "finishToolCall" && !made.isError && JSON.stringify(made.result).includes("here by now"));
  },
});
