/** Runs that go: deleted after a question, or by the setting for old ones. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import type * as vscode from "vscode";
import type { RunSummary } from "../../src/app/runIndex";
import { pruneFolders } from "../../src/host/pruneRuns";
import { layout } from "../../src/store/layout";
import { removeFolder } from "../../src/store/removeFolder";
import { planPrune, prune } from "../../src/store/retention";
import { readRunInfo, writeRunInfo } from "../../src/store/runInfo";
import { waitUntil } from "../support/waitUntil";
import { acceptUntil, command, expertNode, openApp, runExpert, setSetting, windowOfExtension } from "./editorParts";
import { suite } from "./suite";

function copies(workspace: string): string {
  return layout.job(workspace, "to-delete");
}

/** A run of another job with the same events, and with a parent where one is given. */
async function copyRun(workspace: string, of: RunSummary, id: string, parent?: string): Promise<string> {
  const dir = layout.run(workspace, "to-delete", id);
  await mkdir(dir, { recursive: true });
  const lines = (await readFile(layout.journal(of.dir), "utf8")).replaceAll(of.runId, id).trimEnd().split("\n");
  const start = { ...JSON.parse(lines[0] ?? ""), ...(parent && { parent: { runId: parent } }) };
  await writeFile(layout.journal(dir), `${[JSON.stringify(start), ...lines.slice(1)].join("\n")}\n`);
  const app = await openApp();
  await app.runs.refresh();
  await waitUntil(`the run ${id}`, () => app.runs.get(dir));
  return dir;
}

async function endedRun(workspace: string): Promise<RunSummary> {
  await setSetting("approval", "allow");
  await setSetting("notify", "none");
  const app = await openApp();
  const known = app.runs.list().find(({ status, dir }) => status === "failed" && !dir.startsWith(copies(workspace)));
  return known ?? (await runExpert(workspace, "fails-on-purpose"));
}

interface Asked {
  message: string;
  detail: string | undefined;
}

/** Answers every question that stands in the middle of the window with its first button, or closes it. */
async function answering(yes: boolean, action: () => Thenable<unknown>): Promise<Asked[]> {
  const asked: Asked[] = [];
  const window = await windowOfExtension();
  const { showWarningMessage, showErrorMessage } = window;
  const answer = async (message: string, options?: unknown, button?: unknown) => {
    asked.push({ message, detail: (options as vscode.MessageOptions | undefined)?.detail });
    return yes ? button : undefined;
  };
  Object.assign(window, { showWarningMessage: answer, showErrorMessage: answer });
  try {
    await action();
    return asked;
  } finally {
    Object.assign(window, { showWarningMessage, showErrorMessage });
  }
}

export default suite("runs that go", {
  "are deleted with what they delegated, after a question that names them": async ({ workspace }) => {
    const app = await openApp();
    const of = await endedRun(workspace);
    const parent = await copyRun(workspace, of, "parent");
    const child = await copyRun(workspace, of, "child", "parent");
    const other = await copyRun(workspace, of, "other");
    const asked = await answering(true, () => command("deleteRun", { kind: "run", id: "", dir: parent }));
    assert.equal(asked.length, 1);
    assert.equal(asked[0]?.message, "Delete the run of fails-on-purpose?");
    assert.match(asked[0]?.detail ?? "", /With it goes 1 run that it delegated\.\nThis cannot be undone/u);
    assert.deepEqual([parent, child, other].map(existsSync), [false, false, true]);
    assert.deepEqual([app.runs.get(parent), app.runs.get(child)], [undefined, undefined]);
    assert.ok(app.runs.get(other));
  },

  "stay where the question is answered with no": async ({ workspace }) => {
    const dir = await copyRun(workspace, await endedRun(workspace), "other");
    const asked = await answering(false, () => command("deleteRun", dir));
    assert.equal(asked.length, 1);
    assert.ok(existsSync(dir));
  },

  "go with their job, and the job with the last of them": async ({ workspace }) => {
    const of = await endedRun(workspace);
    const jobDir = copies(workspace);
    await copyRun(workspace, of, "first");
    const [asked] = await answering(true, () => command("deleteRun", { kind: "job", id: "", jobDir }));
    assert.match(asked?.message ?? "", /^Delete the job “.+”\?$/u);
    assert.match(asked?.detail ?? "", /^The job has 2 runs, of fails-on-purpose\./u);
    assert.ok(!existsSync(jobDir));
    const last = await copyRun(workspace, of, "last");
    await answering(true, () => command("deleteRun", last));
    assert.ok(!existsSync(jobDir));
  },

  "are not deleted before they have ended": async ({ workspace }) => {
    await setSetting("approval", "ask");
    const app = await openApp();
    const starting = command("runExpert", expertNode(workspace, "fix-the-sum"));
    const handle = await acceptUntil("the run to begin", () => app.active[0]);
    await starting;
    await waitUntil("the run to ask", async () => (await app.runs.load(handle.dir)).run.waitingFor);
    const asked = await answering(true, () => command("deleteRun", { kind: "run", id: "", dir: handle.dir }));
    assert.deepEqual(
      asked.map(({ message }) => message),
      ["The run of fix-the-sum has not ended yet. Stop it before you delete it."],
    );
    await command("stopRun", handle.dir);
    await handle.done;
    assert.ok(existsSync(handle.dir));
    await answering(true, () => command("deleteRun", { kind: "run", id: "", dir: handle.dir }));
    assert.ok(!existsSync(handle.dir));
  },

  "go by themselves when they are old and the setting says so": async ({ workspace }) => {
    const app = await openApp();
    const of = await endedRun(workspace);
    const dir = await copyRun(workspace, of, "old");
    const info = await readRunInfo(of.dir);
    assert.ok(info);
    const longAgo = new Date(Date.now() - 90 * 86_400_000).toISOString();
    await writeRunInfo(dir, { ...info, run_id: "old", start_time: longAgo, end_time: longAgo }, "x");
    const told: string[] = [];
    const store = { planPrune, prune, removeFolder };
    const log = { info: (line: string) => told.push(line), warn: (line: string) => told.push(line) };

    await pruneFolders(app, log, store);
    await setSetting("retention.olderThanDays", 30);
    await pruneFolders(app, log, store);
    assert.ok(existsSync(dir), "a failed run stays");
    assert.deepEqual(told, []);

    await setSetting("retention.keepFailed", false);
    await pruneFolders(app, log, store);
    assert.equal(told.length, 1);
    assert.match(told[0] ?? "", /^Deleted, not heard of for 30 days: job to-delete of fails-on-purpose \(1 run, /u);
    assert.ok(!existsSync(copies(workspace)));
    assert.equal(app.runs.get(dir), undefined);
    assert.ok(existsSync(of.dir));
    await setSetting("retention.olderThanDays", undefined);
    await setSetting("retention.keepFailed", undefined);
  },
});
