/** Run folders of other systems in the editor: opened, dropped or named in the settings, looked at, and taken off the list. */
import assert from "node:assert/strict";
import { appendFile, mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as vscode from "vscode";
import type { Runtrail } from "../../src/host/extension";
import { RunDrop } from "../../src/host/views/runDrop";
import type { RunNode } from "../../src/host/views/runNodes";
import { runnerLog } from "../support/runnerLog";
import { waitUntil } from "../support/waitUntil";
import { activeEditor, activeLine, command, setSetting, windowOfExtension } from "./editorParts";
import { suite } from "./suite";

async function open(): Promise<Runtrail> {
  const extension = vscode.extensions.getExtension<Runtrail>("runtrail.runtrail");
  assert.ok(extension);
  return await extension.activate();
}

/** Outside the workspace. */
async function inFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "runtrail-others-")));
  try {
    await test(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function writeRun(folder: string, runId: string, records = Number.POSITIVE_INFINITY): Promise<string> {
  const dir = join(folder, runId);
  await mkdir(dir, { recursive: true });
  const lines = runnerLog(runId).trimEnd().split("\n").slice(0, records);
  await writeFile(join(dir, "events.jsonl"), `${lines.join("\n")}\n`);
  return dir;
}

function runsIn({ app }: Runtrail, folder: string) {
  return app.runs.list().filter(({ dir }) => dir.startsWith(folder));
}

async function topsOf({ runsView }: Runtrail, root: string): Promise<RunNode[]> {
  const tops = (await runsView.getChildren()) ?? [];
  return tops.filter((node) => runsView.rootOf(node) === root);
}

/** The view follows the index a moment later. */
async function topOf(runtrail: Runtrail, root: string): Promise<RunNode> {
  return await waitUntil(`a row of ${root}`, async () => (await topsOf(runtrail, root))[0]);
}

export default suite("run folders of other systems", {
  "are opened from a command with a place, lead to their failing step, and are taken off the list": () =>
    inFolder(async (folder) => {
      const runtrail = await open();
      const dir = await writeRun(folder, "run-1");
      await command("openRunFolder", vscode.Uri.file(folder));
      const [run] = runsIn(runtrail, folder);
      assert.equal(run?.sourceLabel, "Runner");
      assert.equal(run.root, folder);
      await command("goToFailingStep", run.dir);
      assert.match(activeLine(), /p95 is 812 ms|phase_benchmark/u);
      const top = await topOf(runtrail, folder);
      const item = await runtrail.runsView.getTreeItem(top);
      assert.match(`${item.description}`, /Runner/u);
      assert.match(item.contextValue ?? "", /^job\b.*\bopened\b/u);
      await command("removeFromList", top);
      assert.deepEqual(runsIn(runtrail, folder), []);
      // Its files are nobody's but theirs.
      assert.ok((await vscode.workspace.fs.stat(vscode.Uri.file(join(dir, "events.jsonl")))).size > 0);
    }),

  "are opened when they are dropped onto the view": () =>
    inFolder(async (folder) => {
      const runtrail = await open();
      await writeRun(folder, "run-1");
      await writeRun(folder, "run-2");
      const data = new vscode.DataTransfer();
      const uris = ["run-1", "run-2"].map((name) => vscode.Uri.file(join(folder, name)).toString());
      data.set("text/uri-list", new vscode.DataTransferItem(uris.join("\r\n")));
      await new RunDrop().handleDrop(undefined, data);
      assert.deepEqual(
        runsIn(runtrail, folder)
          .map(({ runId }) => runId)
          .sort(),
        ["run-1", "run-2"],
      );
      for (const name of ["run-1", "run-2"]) {
        const top = await topOf(runtrail, join(folder, name));
        await command("removeFromList", top);
      }
      assert.deepEqual(runsIn(runtrail, folder), []);
    }),

  "that hold nothing that can be read are refused in plain words, and not kept": () =>
    inFolder(async (folder) => {
      const runtrail = await open();
      const window = await windowOfExtension();
      const { showErrorMessage } = window;
      const told: string[] = [];
      Object.assign(window, { showErrorMessage: async (message: string) => void told.push(message) });
      try {
        await command("openRunFolder", vscode.Uri.file(folder));
      } finally {
        Object.assign(window, { showErrorMessage });
      }
      assert.equal(told.length, 1);
      assert.ok(told[0]?.includes(folder), told[0]);
      assert.match(told[0] ?? "", /no run that can be read.*Perstack.*Runner/u);
      await waitUntil("the list to be without it", async () => (await topsOf(runtrail, folder)).length === 0);
    }),

  "are found where the settings name them, and followed while they are written": () =>
    inFolder(async (folder) => {
      const runtrail = await open();
      const dir = await writeRun(folder, "run-1", 4);
      const statusOf = () => runsIn(runtrail, folder)[0]?.status;
      await setSetting("runFolders", [folder]);
      try {
        await waitUntil("the run", () => statusOf() === "unknown");
        const rest = runnerLog("run-1").trimEnd().split("\n").slice(4);
        await appendFile(join(dir, "events.jsonl"), `${rest[0]}\n`);
        await waitUntil("the run to be at work", () => statusOf() === "running");
        await writeRun(folder, "run-2");
        await waitUntil("the next run", () => runsIn(runtrail, folder).length === 2);
        await appendFile(join(dir, "events.jsonl"), `${rest.slice(1).join("\n")}\n`);
        await waitUntil("its end", () => runsIn(runtrail, folder).every(({ status }) => status === "failed"));
        const top = await topOf(runtrail, folder);
        assert.ok(top);
        assert.doesNotMatch((await runtrail.runsView.getTreeItem(top)).contextValue ?? "", /opened/u);
      } finally {
        await setSetting("runFolders", undefined);
      }
      await waitUntil("the list without them", () => runsIn(runtrail, folder).length === 0);
    }),

  "show what cannot be read as rows that open the file at the place": () =>
    inFolder(async (folder) => {
      const runtrail = await open();
      const dir = await writeRun(folder, "run-1");
      const file = join(dir, "events.jsonl");
      const lines = runnerLog("run-1").trimEnd().split("\n");
      lines[4] = '{"event_id": "x", oops}';
      await writeFile(file, `${lines.join("\n")}\n`);
      await command("openRunFolder", vscode.Uri.file(dir));
      const [run] = runsIn(runtrail, folder);
      assert.ok(run);
      const children = (await runtrail.runsView.getChildren({ kind: "run", id: `run:${run.dir}`, dir: run.dir })) ?? [];
      const problem = children.find(({ kind }) => kind === "problem");
      assert.ok(problem);
      const { command: click } = await runtrail.runsView.getTreeItem(problem);
      assert.ok(click);
      await vscode.commands.executeCommand(click.command, ...(click.arguments ?? []));
      await waitUntil("the file", () => vscode.window.activeTextEditor?.document.uri.fsPath === file);
      assert.equal(activeEditor().selection.active.line, 4);
      assert.ok(activeEditor().selection.active.character > 0);
      await command("removeFromList", await topOf(runtrail, dir));
    }),
});
