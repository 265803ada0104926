/** What the editor gives the application: environment, keys, approvals, prices and a place for bugs. */
import type * as vscode from "vscode";
import type { AppHost } from "../app/app";
import type { ApiKeys } from "./apiKeys";
import type { Approvals } from "./approvals";
import { readPrices } from "./settings";

export function createEditorHost(parts: {
  keys: ApiKeys;
  approvals: Approvals;
  log: vscode.LogOutputChannel;
}): AppHost {
  const { keys, approvals, log } = parts;
  return {
    env: process.env,
    readSecrets: (names) => keys.read(names),
    askApproval: (request) => approvals.ask(request),
    prices: readPrices,
    reportError(error, context) {
      log.error(`${context}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    },
  };
}
