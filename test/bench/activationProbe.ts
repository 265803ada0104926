/** Runs inside VS Code: activates the extension once, on the demo workspace, and writes how long it took, beside an empty extension. */

import { appendFileSync, cpSync } from "node:fs";
import * as vscode from "vscode";

export async function run(): Promise<void> {
  const { RUNTRAIL_PROBE_REPORT: report, RUNTRAIL_PROBE_DEMO: demo } = process.env;
  if (report === undefined || demo === undefined)
    throw new Error("RUNTRAIL_PROBE_REPORT or RUNTRAIL_PROBE_DEMO is missing.");
  try {
    appendFileSync(report, `${await measure(demo)}\n`);
  } catch (error) {
    appendFileSync(report, `${String(error).replaceAll("\n", " ")}\n`);
  }
}

async function measure(demo: string): Promise<string> {
  const folder = vscode.workspace.workspaceFolders?.[0];
  if (folder === undefined) throw new Error("No folder is open.");
  // The folder was empty when it was opened, so that nothing activated the extension while the window was starting.
  cpSync(demo, folder.uri.fsPath, { recursive: true });
  await hostIsIdle();
  const ours = await activate("runtrail.runtrail");
  await hostIsIdle();
  return `${ours} ${await activate("bench.empty")}`;
}

async function activate(id: string): Promise<number> {
  const extension = vscode.extensions.getExtension(id);
  if (extension === undefined) throw new Error(`The extension ${id} is not there.`);
  if (extension.isActive) throw new Error(`The extension ${id} was active before the measurement.`);
  const startedAt = performance.now();
  await extension.activate();
  return performance.now() - startedAt;
}

/** A window that is starting keeps its extension host busy with others’ work; that is not what is measured. */
async function hostIsIdle(): Promise<void> {
  const tickMs = 20;
  for (let quietTicks = 0; quietTicks < 50; ) {
    const before = performance.now();
    await new Promise((resolve) => {
      setTimeout(resolve, tickMs);
    });
    quietTicks = performance.now() - before < tickMs + 10 ? quietTicks + 1 : 0;
  }
}
