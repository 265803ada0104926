/** What the suites about the Runs view share: its rows, as they are chosen and selected. */
import assert from "node:assert/strict";
import { join } from "node:path";
import * as vscode from "vscode";
import type { Runtrail } from "../../src/host/extension";
import type { MoreNode, RunNode } from "../../src/host/views/runNodes";
import { waitUntil } from "../support/waitUntil";

export async function openRuntrail(): Promise<Runtrail> {
  const extension = vscode.extensions.getExtension<Runtrail>("runtrail.runtrail");
  assert.ok(extension);
  return await extension.activate();
}

/** Of the only run of a job. */
export function runDir(workspace: string, jobId: string): string {
  return join(workspace, "perstack", "jobs", jobId, "runs", "run-1");
}

export function moreIn(nodes: readonly RunNode[], to: MoreNode["to"]): MoreNode {
  const found = nodes.find((node) => node.kind === "more" && node.to === to);
  assert.ok(found?.kind === "more", `There is no row that shows more ${to}.`);
  return found;
}

/** As Enter on the row does it. */
export async function choose({ runsView }: Runtrail, node: RunNode): Promise<string> {
  const { command: click, label } = await runsView.getTreeItem(node);
  assert.ok(click);
  await vscode.commands.executeCommand(click.command, ...(click.arguments ?? []));
  return String(label);
}

export async function selected({ runsView }: Runtrail): Promise<RunNode | undefined> {
  return await waitUntil("a row to be selected", () => runsView.view.selection[0]);
}
