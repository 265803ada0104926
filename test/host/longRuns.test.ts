/** Long runs, and very many of them, in the editor: pages of the tree, the way to an old failure, and the log's parts. */
import assert from "node:assert/strict";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import * as vscode from "vscode";
import type { Runtrail } from "../../src/host/extension";
import type { RunNode } from "../../src/host/views/runNodes";
import { largeRun, writeLargeLog } from "../support/largeLog";
import { waitUntil } from "../support/waitUntil";
import { activeEditor, activeLine, command } from "./editorParts";
import { suite } from "./suite";
import { choose, moreIn, openRuntrail, runDir, selected } from "./treeParts";

const steps = 1818;

/** A run of 20,000 events, there from the first test to the last, looked through to its end. */
async function openLongRun(workspace: string): Promise<{ runtrail: Runtrail; dir: string; firstShown: number }> {
  const runtrail = await openRuntrail();
  const { runs } = runtrail.app;
  const dir = runDir(workspace, "long");
  if (!runs.get(dir)) {
    await mkdir(dir, { recursive: true });
    writeLargeLog(join(dir, "events.jsonl"), { events: 20_000, jobId: "long", runId: "run-1", expertKey: "long" });
    await runs.refresh();
  }
  assert.equal(runs.get(dir)?.steps, steps);
  const { part } = await waitUntil("all of the log to be known", async () => {
    const loaded = await runs.load(dir);
    return loaded.part?.isWhole && loaded;
  });
  assert.ok(part && part.firstStep > 1000 && part.lastStep === steps);
  return { runtrail, dir, firstShown: part.firstStep };
}

async function childrenOf({ runsView }: Runtrail, dir: string): Promise<RunNode[]> {
  return await runsView.getChildren({ kind: "run", id: `run:${dir}`, dir });
}

function stepsIn(nodes: readonly RunNode[]): number[] {
  return nodes.flatMap((node) => (node.kind === "step" && node.step > 0 ? [node.step] : []));
}

export default suite("long runs in the editor", {
  "show their end first, and more of their steps each time": async ({ workspace }) => {
    const { runtrail, dir } = await openLongRun(workspace);
    await runtrail.runsView.reveal(dir);
    const first = await childrenOf(runtrail, dir);
    const [firstShown = 0] = stepsIn(first);
    assert.ok(firstShown > steps - 100 && stepsIn(first).at(-1) === steps);
    assert.equal(await choose(runtrail, moreIn(first, "before")), "Show earlier steps");
    const more = stepsIn(await childrenOf(runtrail, dir));
    assert.ok(more.length > stepsIn(first).length + 100 && more.at(-1) === steps);
    // Where one reads on from.
    await waitUntil("the row before the first one that was there", async () => {
      const node = await selected(runtrail);
      return node?.kind === "step" && node.step === firstShown - 1;
    });
  },

  "lead to a step of long ago, and back": async ({ workspace }) => {
    const { runtrail, dir } = await openLongRun(workspace);
    await runtrail.runsView.reveal(dir, { step: 5 });
    await waitUntil("the row of the step", async () => {
      const node = await selected(runtrail);
      return node?.kind === "step" && node.step === 5;
    });
    const around = await childrenOf(runtrail, dir);
    assert.ok(stepsIn(around).includes(5) && stepsIn(around).length <= 500);
    assert.equal((await runtrail.runsView.getTreeItem(moreIn(around, "after"))).label, "Show later steps");
    assert.equal(await choose(runtrail, moreIn(around, "newest")), "Back to the end");
    assert.equal(stepsIn(await childrenOf(runtrail, dir)).at(-1), steps);
  },

  "have a log of the part that is looked at, with a way to the others": async ({ workspace }) => {
    const { dir, firstShown } = await openLongRun(workspace);
    await command("openRunLog", dir);
    const { document } = activeEditor();
    const said = `Steps ${firstShown.toLocaleString("en-US")} to 1,818 of 1,818 are shown · Show earlier steps · `;
    assert.ok(document.lineAt(0).text.startsWith(said), document.lineAt(0).text);
    assert.ok(document.getText().length < 1_500_000);
    assert.ok(!document.getText().includes(`Step ${firstShown - 1} `));
    const links = await vscode.commands.executeCommand<vscode.DocumentLink[]>(
      "vscode.executeLinkProvider",
      document.uri,
    );
    const earlier = links.find(({ range }) => document.getText(range) === "Show earlier steps");
    assert.ok(earlier?.target);
    const [argument] = JSON.parse(earlier.target.query) as unknown[];
    await vscode.commands.executeCommand(earlier.target.path, argument);
    await waitUntil("the part before", () => document.getText().includes(`Step ${firstShown - 1} `));
    assert.equal(activeEditor().selection.active.line, document.lineCount - 1);
    const symbols = await vscode.commands.executeCommand<vscode.DocumentSymbol[]>(
      "vscode.executeDocumentSymbolProvider",
      document.uri,
    );
    assert.ok(symbols.some(({ name }) => name === `Step ${firstShown - 1}`));
  },

  "are walked from failure to failure, also where they are not shown": async ({ workspace }) => {
    const { runtrail, dir } = await openLongRun(workspace);
    const [first] = (await runtrail.app.runs.load(dir)).run.failures;
    assert.ok(first && first.step < 100);
    await command("openRunLog", { kind: "step", dir, step: first.step });
    assert.match(activeLine(), new RegExp(`^Step ${first.step} `, "u"));
    await command("nextFailure", dir);
    assert.match(activeLine(), /recovered/u);
    const isAtEnd = () => activeEditor().document.lineAt(0).text.includes(" to 1,818 of 1,818 ");
    assert.ok(!isAtEnd());
    // From the first to the last one, at the other end of the log, and round again.
    await command("previousFailure", dir);
    assert.ok(isAtEnd());
    await command("nextFailure", dir);
    assert.ok(!isAtEnd());
  },

  "show the details of an event of long ago": async ({ workspace }) => {
    const { dir } = await openLongRun(workspace);
    const event = largeRun({ events: 200 }).find(({ step, type }) => step === 7 && type === "startToolCall");
    assert.ok(event?.type === "startToolCall");
    await command("openDetails", { kind: "item", dir, step: 7, seq: event.seq });
    const { document } = activeEditor();
    assert.match(document.uri.path, new RegExp(`^/${event.tool} · step 7`, "u"));
    assert.match(document.getText(), new RegExp(event.tool, "u"));
  },

  "are gone when their files are": async ({ workspace }) => {
    const { runtrail, dir } = await openLongRun(workspace);
    await rm(join(workspace, "perstack", "jobs", "long"), { recursive: true });
    await runtrail.app.runs.refresh();
    assert.equal(runtrail.app.runs.get(dir), undefined);
    assert.deepEqual(await childrenOf(runtrail, dir), []);
  },
});
