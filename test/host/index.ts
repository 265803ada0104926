/** Runs the suites inside VS Code's extension host and reports them line by line to the file that the driver reads. */

import { appendFileSync } from "node:fs";
import suites from "host-suites";
import * as vscode from "vscode";
import type { HostReportLine, HostTest } from "./suite";

const testTimeoutMs = 30_000;

/** VS Code calls this and closes when it settles. */
export async function run(): Promise<void> {
  const reportPath = process.env.RUNTRAIL_HOST_REPORT;
  if (reportPath === undefined) throw new Error("RUNTRAIL_HOST_REPORT does not name the report to write.");
  const report = (line: HostReportLine) => appendFileSync(reportPath, `${JSON.stringify(line)}\n`);
  try {
    const workspace = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath;
    if (workspace === undefined) throw new Error("VS Code opened no folder.");
    const context = { workspace, version: vscode.version };
    for (const suite of suites) {
      for (const [name, test] of Object.entries(suite.tests)) {
        report({ type: "start", suite: suite.name, name });
        const startedAt = performance.now();
        const error = await failureOf(test, context);
        const durationMs = Math.round(performance.now() - startedAt);
        report({ type: "result", suite: suite.name, name, durationMs, ...(error === undefined ? {} : { error }) });
      }
    }
    report({ type: "end" });
  } catch (error) {
    report({ type: "end", error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
}

async function failureOf(test: HostTest, context: Parameters<HostTest>[0]) {
  let timer: NodeJS.Timeout | undefined;
  try {
    const timeout = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`The test did not end within ${testTimeoutMs} ms.`)), testTimeoutMs);
    });
    await Promise.race([test(context), timeout]);
    return undefined;
  } catch (error) {
    const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
    return { name, message, stack: stack ?? message };
  } finally {
    clearTimeout(timer);
  }
}
