/** What the editor gives the application: environment, keys, approvals, prices and a place for bugs. */
import { pathToFileURL } from "node:url";
import * as vscode from "vscode";
import type { AppHost } from "../app/app";
import { UserError } from "../base/errors";
import type { ApiKeys } from "./apiKeys";
import type { Approvals } from "./approvals";
import { createKeyRedactor } from "./keyRedactor";
import { listEditorModels, openEditorModel } from "./languageModels";
import { readMaxConcurrentRuns, readPrices } from "./settings";

export interface EditorHost extends AppHost {
  /** The text without the keys known here. */
  redact(text: string): string;
}

export function createEditorHost(parts: {
  keys: ApiKeys;
  approvals: Approvals;
  log: vscode.LogOutputChannel;
  context: vscode.ExtensionContext;
}): EditorHost {
  const { keys, approvals, log, context } = parts;
  const redact = createKeyRedactor(process.env, () => keys.known());
  return {
    redact,
    env: process.env,
    readSecrets: (names) => keys.read(names),
    askApproval: (request) => approvals.ask(request),
    logWorker: pathToFileURL(context.asAbsolutePath("dist/logWorker.js")),
    cacheFolder: context.storageUri?.fsPath,
    mayWrite: () => vscode.workspace.isTrusted,
    prices: readPrices,
    maxConcurrentRuns: readMaxConcurrentRuns,
    languageModels: { list: listEditorModels, open: openEditorModel },
    reportError(error, context) {
      if (error instanceof UserError) {
        const message = redact(error.toDisplay());
        log.warn(`${context}: ${message}`);
        void vscode.window.showWarningMessage(message);
        return;
      }
      log.error(redact(`${context}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`));
    },
  };
}
