/** What the suites inside VS Code share: the extension's application, waiting, and a run by the commands a user has. */
import assert from "node:assert/strict";
import { join } from "node:path";
import * as vscode from "vscode";
import type { App } from "../../src/app/app";
import type { RunSummary } from "../../src/app/runIndex";
import { waitUntil } from "../support/waitUntil";

export async function openApp(): Promise<App> {
  const extension = vscode.extensions.getExtension<{ app: App }>("runtrail.runtrail");
  assert.ok(extension);
  return (await extension.activate()).app;
}

export function command(name: string, ...args: unknown[]): Thenable<unknown> {
  return vscode.commands.executeCommand(`runtrail.${name}`, ...args);
}

/** The Experts view's node of an expert, as its play button passes it on. */
export function expertNode(workspace: string, key: string) {
  const file = join(workspace, "perstack.toml");
  return { kind: "expert", id: `expert:${file}:${key}`, file, key };
}

/** Starts the expert by its play button, takes the suggested query, and waits for the end of the run. */
export async function runExpert(workspace: string, key: string): Promise<RunSummary> {
  const app = await openApp();
  const before = new Set(app.runs.list().map(({ dir }) => dir));
  const starting = command("runExpert", expertNode(workspace, key));
  const begun = () => app.runs.list().find(({ dir, expertKey }) => expertKey === key && !before.has(dir));
  // The list with the query opens when the suggestion has been looked up; Enter takes it.
  await waitUntil(`a run of ${key} to begin`, async () => {
    await vscode.commands.executeCommand("workbench.action.acceptSelectedQuickOpenItem");
    return begun();
  });
  await starting;
  return await waitUntil(`the run of ${key} to end`, () => {
    const run = begun();
    return run && run.status !== "running" ? run : undefined;
  });
}

/** The window that the extension has: in older editors an imported module is given another one than a required module. */
export async function windowOfExtension(): Promise<typeof vscode.window> {
  return (await import("vscode")).window;
}

export async function setSetting(name: string, value: unknown): Promise<void> {
  const target = vscode.ConfigurationTarget.Global;
  await vscode.workspace.getConfiguration("runtrail").update(name, value, target);
}

/** Enter in the open quick pick until the condition holds: a list may open a moment later. */
export async function acceptUntil<T>(what: string, ask: () => T): Promise<NonNullable<Exclude<T, false>>> {
  return await waitUntil<T>(what, async () => {
    await vscode.commands.executeCommand("workbench.action.acceptSelectedQuickOpenItem");
    return ask();
  });
}

export function activeEditor(): vscode.TextEditor {
  const editor = vscode.window.activeTextEditor;
  assert.ok(editor, "No editor is open.");
  return editor;
}

export function activeLine(): string {
  const { document, selection } = activeEditor();
  return document.lineAt(selection.active.line).text;
}
