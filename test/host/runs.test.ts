/** Runs in the editor: started by a command, followed to the failing step and the source, read in documents. */
import assert from "node:assert/strict";
import { cp, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import * as vscode from "vscode";
import type { RunSummary } from "../../src/app/runIndex";
import { waitUntil } from "../support/waitUntil";
import {
  acceptUntil,
  activeEditor,
  activeLine,
  command,
  expertNode,
  openApp,
  runExpert,
  setSetting,
} from "./editorParts";
import { suite } from "./suite";

function runProblem(workspace: string): vscode.Diagnostic | undefined {
  const uri = vscode.Uri.file(join(workspace, "perstack.toml"));
  return vscode.languages.getDiagnostics(uri).find(({ message }) => message.startsWith("The last run of"));
}

async function failedRun(workspace: string): Promise<RunSummary> {
  await setSetting("approval", "allow");
  await setSetting("notify", "none");
  const app = await openApp();
  const known = app.runs.list().find(({ expertKey }) => expertKey === "fails-on-purpose");
  return known ?? (await runExpert(workspace, "fails-on-purpose"));
}

export default suite("runs in the editor", {
  "fail with a problem on the line of their definition": async ({ workspace }) => {
    const run = await failedRun(workspace);
    assert.equal(run.status, "failed");
    const found = await waitUntil("the problem of the failed run", () => runProblem(workspace));
    const document = await vscode.workspace.openTextDocument(join(workspace, "perstack.toml"));
    assert.equal(document.lineAt(found.range.start.line).text, '[experts."fails-on-purpose"]');
    const { code } = found;
    assert.ok(typeof code === "object" && code.target.toString().startsWith("command:runtrail.goToFailingStep"));
  },

  "open their log at the line of the failing step": async ({ workspace }) => {
    const run = await failedRun(workspace);
    await command("goToFailingStep", run.dir);
    const { document } = activeEditor();
    assert.equal(document.languageId, "runtrail-log");
    assert.match(document.uri.path, /^\/fails-on-purpose · \w{4}\.runlog$/u);
    assert.match(activeLine(), /fatal/u);
  },

  "are walked from failure to failure, round and back": async ({ workspace }) => {
    const run = await failedRun(workspace);
    await command("goToFailingStep", run.dir);
    const fatal = activeLine();
    await command("nextFailure");
    const first = activeLine();
    assert.match(first, /recovered/u);
    assert.notEqual(first, fatal);
    await command("previousFailure");
    assert.equal(activeLine(), fatal);
  },

  "are chosen by how they ended, not by which log is open": async ({ workspace }) => {
    await failedRun(workspace);
    // The newest of those that failed, whatever other suites have left.
    const failed = await runExpert(workspace, "fails-on-purpose");
    const good = await runExpert(workspace, "fix-the-sum");
    assert.equal(good.status, "finished");
    await command("openRunLog", good.dir);
    await command("goToFailingStep");
    assert.ok(activeEditor().document.uri.query.includes(encodeURIComponent(failed.runId)));
  },

  "lead to the source of what failed": async ({ workspace }) => {
    const run = await failedRun(workspace);
    await command("goToFailingStep", run.dir);
    const going = command("goToSource");
    const isSource = () => activeEditor().document.uri.scheme === "file" && activeEditor().document.uri.fsPath;
    const file = await acceptUntil("a source to open", isSource);
    await going;
    assert.ok(file.startsWith(workspace));
  },

  "have a log that folds, has an outline, and links its files": async ({ workspace }) => {
    const run = await failedRun(workspace);
    await command("openRunLog", run.dir);
    const { document } = activeEditor();
    const ask = <T>(provider: string) => vscode.commands.executeCommand<T[]>(provider, document.uri);
    const symbols = await ask<vscode.DocumentSymbol>("vscode.executeDocumentSymbolProvider");
    assert.ok(symbols.some(({ name, children }) => name === "Step 1" && children.length > 0));
    const folds = await ask<vscode.FoldingRange>("vscode.executeFoldingRangeProvider");
    assert.ok(folds.length >= symbols.filter(({ name }) => name.startsWith("Step")).length);
    const links = await ask<vscode.DocumentLink>("vscode.executeLinkProvider");
    assert.ok(links.some(({ target }) => target?.path.endsWith("perstack.toml")));
    assert.ok(links.every(({ target }) => target?.fsPath.startsWith(workspace)));
    await assert.rejects(Promise.resolve(vscode.workspace.fs.writeFile(document.uri, new Uint8Array())));
  },

  "open their steps, calls and checkpoints as text to read": async ({ workspace }) => {
    const run = await failedRun(workspace);
    const { run: loaded } = await (await openApp()).runs.load(run.dir);
    const step = loaded.steps.find(
      ({ items, checkpointId }) => checkpointId && items.some(({ kind }) => kind === "toolCall"),
    );
    const call = step?.items.find(({ kind }) => kind === "toolCall");
    assert.ok(step && call?.kind === "toolCall");
    const place = { dir: run.dir, step: step.step };
    await command("openDetails", { kind: "item", ...place, seq: call.seq });
    await waitUntil("the call", () => activeEditor().document.getText().startsWith(`# ${call.tool} · `));
    await command("openDetails", { kind: "checkpoint", ...place });
    await waitUntil("the checkpoint", () => activeEditor().document.getText().includes("## 2. User"));
    await command("openDetails", { kind: "step", ...place });
    await waitUntil("the step", () => activeEditor().document.getText().startsWith(`# Step ${step.step}`));
  },

  "give their id, path and events to the clipboard": async ({ workspace }) => {
    const run = await failedRun(workspace);
    const copied = async (name: string, argument: unknown) => {
      await command(name, argument);
      return await vscode.env.clipboard.readText();
    };
    assert.equal(await copied("copyRunId", run.dir), run.runId);
    assert.equal(await copied("copyRunPath", run.dir), run.dir);
    const events = await copied("copyEvent", { kind: "item", dir: run.dir, step: 1, seq: 2 });
    for (const line of events.split("\n")) assert.equal(JSON.parse(line).runId, run.runId);
  },

  "give a summary of what failed, of the run, its job and the step, to the clipboard": async ({ workspace }) => {
    const run = await failedRun(workspace);
    const copied = async (argument?: unknown) => {
      await vscode.env.clipboard.writeText("");
      await command("copyFailureSummary", argument);
      return await vscode.env.clipboard.readText();
    };
    const summary = await copied(run.dir);
    assert.match(summary, /fatal: errorRun replay_diverged/u);
    assert.match(summary, /recovered: finishToolCall tool_error/u);
    assert.ok(summary.includes(run.runId));
    assert.ok(summary.length < 2_000, `${summary.length} characters`);
    const jobDir = dirname(dirname(run.dir));
    assert.equal(await copied({ kind: "job", id: `job:${jobDir}`, jobDir }), summary);
    const step = run.failure?.step ?? 0;
    const ofStep = await copied({ kind: "step", id: "step", dir: run.dir, step });
    assert.ok(ofStep.includes("replay_diverged") && !ofStep.includes("recovered"), ofStep);
  },

  "wait for an approval until it is given": async ({ workspace }) => {
    await setSetting("approval", "ask");
    const app = await openApp();
    const starting = command("runExpert", expertNode(workspace, "fix-the-sum"));
    const active = () => app.active[0];
    const handle = await acceptUntil("the run to begin", active);
    await starting;
    const waits = async () => (await app.runs.load(handle.dir)).run.waitingFor;
    const asked = await waitUntil("the run to ask", waits);
    assert.ok(asked.summary.length > 0);
    const answering = command("answerApproval", handle.dir);
    await acceptUntil("the answer to arrive", () => app.runs.get(handle.dir)?.status !== "running");
    await answering;
    const { events } = await app.runs.load(handle.dir);
    const answer = events.find(({ type }) => type === "resolveApproval");
    assert.ok(answer?.type === "resolveApproval" && answer.granted && answer.by === "user");
    assert.equal(app.runs.get(handle.dir)?.status, "finished");
  },

  "end when they are stopped while they wait": async ({ workspace }) => {
    await setSetting("approval", "ask");
    const app = await openApp();
    const starting = command("runExpert", expertNode(workspace, "fix-the-sum"));
    const handle = await acceptUntil("the run to begin", () => app.active[0]);
    await starting;
    await waitUntil("the run to ask", async () => (await app.runs.load(handle.dir)).run.waitingFor);
    await command("stopRun", handle.dir);
    const outcome = await handle.done;
    assert.equal(outcome.stopReason, "cancelled");
  },

  "appear when another program records them, and go with their folder": async ({ workspace }) => {
    const run = await failedRun(workspace);
    const app = await openApp();
    const job = join(workspace, "perstack", "jobs", "from-outside");
    const dir = join(job, "runs", "copied");
    await cp(run.dir, dir, { recursive: true });
    await waitUntil("the run from outside", () => app.runs.get(dir));
    await rm(job, { recursive: true });
    await waitUntil("the run to go", () => app.runs.get(dir) === undefined);
  },
});
