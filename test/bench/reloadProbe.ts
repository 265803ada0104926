/** Runs inside VS Code: starts many runs whose model takes its time, and says so once they all go on. */

import { appendFileSync } from "node:fs";
import { join } from "node:path";
import * as vscode from "vscode";
import type { Runtrail } from "../../src/host/extension";

export async function run(): Promise<void> {
  const { RUNTRAIL_RELOAD_REPORT: report, RUNTRAIL_RELOAD_RUNS: runs } = process.env;
  if (report === undefined) throw new Error("RUNTRAIL_RELOAD_REPORT is missing.");
  const write = (line: object) => appendFileSync(report, `${JSON.stringify(line)}\n`);
  try {
    await startRuns(Number(runs));
    write({ started: true });
    // The window is reloaded from outside.
    await new Promise(() => {});
  } catch (error) {
    write({ error: error instanceof Error ? error.stack : String(error) });
  }
}

async function startRuns(count: number): Promise<void> {
  const root = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath;
  const extension = vscode.extensions.getExtension<Runtrail>("runtrail.runtrail");
  if (root === undefined || extension === undefined) throw new Error("There is no folder, or no extension.");
  const { app } = await extension.activate();
  const definitionPath = join(root, "perstack.toml");
  for (let index = 0; index < count; index += 1) {
    await app.start({ definitionPath, expertKey: "solo", query: `Task ${index}`, approval: "read-only" });
  }
}
