/** The output channel: every event of every run, at the level that fits it. */
import type * as vscode from "vscode";
import type { App } from "../app/app";
import { describeEvent } from "../model/eventText";

export function writeEvents(app: App, log: vscode.LogOutputChannel): vscode.Disposable {
  return app.onEvents((events) => {
    for (const event of events) {
      const { level, text } = describeEvent(event);
      log[level](`[${event.runId.slice(0, 4)}] ${text}`);
    }
  });
}
