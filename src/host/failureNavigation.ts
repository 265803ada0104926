/** Jumps: to the failing step in tree and log, from failure to failure, and from there to the source. */
import * as path from "node:path";
import * as vscode from "vscode";
import type { App } from "../app/app";
import { workspaceOf } from "../app/workspaceOf";
import type { Failure } from "../model/failure";
import { failingStepOf } from "../model/failures";
import { oneLine } from "../model/plainText";
import type { Definitions } from "./definitions";
import { lineOfFailure, lineOfPlace, nextFailureFrom } from "./documents/logOutline";
import type { PartDirection } from "./documents/logPart";
import { parseAddress } from "./documents/runAddress";
import type { OpenLog, RunDocuments } from "./documents/runDocuments";
import { openPlace, showLine } from "./openPlace";
import { filesOf, type PlaceInRun, partOf } from "./sources";
import type { RunsView } from "./views/runsView";

const messageTime = 4000;

export class FailureNavigation {
  /** The run one walks through, for when its log is not the active editor. */
  private current: string | undefined;

  constructor(
    private readonly parts: { app: App; runsView: RunsView; documents: RunDocuments; definitions: Definitions },
  ) {}

  /** The log that the active editor shows, with the line of the cursor. */
  activeLog(): { log: OpenLog; editor: vscode.TextEditor; line: number } | undefined {
    const editor = vscode.window.activeTextEditor;
    const log = editor && this.parts.documents.logOf(editor.document.uri);
    return editor && log && { log, editor, line: editor.selection.active.line };
  }

  /** The run of the active editor, whichever of its documents it shows. */
  activeDir(): string | undefined {
    const uri = vscode.window.activeTextEditor?.document.uri;
    return uri && parseAddress(uri)?.dir;
  }

  /** Opens the log, at the place where one is given. */
  async openLog(dir: string, place?: PlaceInRun): Promise<void> {
    const { editor, log } = await this.parts.documents.openLog(dir, place);
    if (place) showLine(editor, new vscode.Position(lineOfPlace(log.lines, place), 0));
  }

  /** Shows another part of a long run's log. */
  async openPart(dir: string, to: PartDirection): Promise<void> {
    const shown = await this.parts.documents.showPart(dir, to);
    if (shown) showLine(shown.editor, new vscode.Position(shown.line, 0));
  }

  async goToFailingStep(dir: string): Promise<void> {
    const { run } = await this.parts.app.runs.load(dir);
    const failure = failingStepOf(run);
    if (!failure) {
      vscode.window.setStatusBarMessage("Nothing failed in this run.", messageTime);
      await this.parts.documents.openLog(dir);
      return;
    }
    await this.goTo(dir, failure);
  }

  /** @param dir the run to begin with, where no log is open. */
  async walk(direction: 1 | -1, dir: string | undefined): Promise<void> {
    const active = this.activeLog();
    const start = active?.log.dir ?? this.current ?? dir;
    if (start === undefined) return;
    const log = active?.log ?? (await this.parts.documents.openLog(start)).log;
    const line = this.activeLog()?.line ?? -1;
    const { lines, run, part } = log;
    const next = nextFailureFrom({ lines, failures: run.failures, part }, line, direction);
    if (!next) {
      vscode.window.setStatusBarMessage("Nothing failed in this run.", messageTime);
      return;
    }
    await this.goTo(start, next.found.failure);
    const place = direction === 1 ? "first" : "last";
    if (next.wrapped && active)
      vscode.window.setStatusBarMessage(`No more failures: back at the ${place}.`, messageTime);
  }

  /** The definition, or a file that the place is about; asks where there is more than one. */
  async goToSource(dir: string, place: PlaceInRun | undefined): Promise<void> {
    const { run } = await this.parts.app.runs.load(dir, partOf(place));
    const root = workspaceOf(dir);
    const files = place ? filesOf(run, place) : [];
    const found = [
      ...(await existing(files.map((file) => path.resolve(root, file)).filter((file) => isInside(root, file)))),
      ...this.definitionOf(dir),
    ];
    if (found.length === 0) {
      void vscode.window.showInformationMessage("The source of this run is not in this workspace any more.");
      return;
    }
    const [only, ...more] = found;
    const chosen =
      more.length === 0
        ? only
        : await vscode.window.showQuickPick(found, { title: "Go to Source", placeHolder: "Choose what to open" });
    if (chosen) await openPlace(chosen.place);
  }

  private async goTo(dir: string, failure: Failure): Promise<void> {
    this.current = dir;
    const { runsView, documents } = this.parts;
    await runsView.reveal(dir, failure.step > 0 ? { step: failure.step } : {});
    const { editor, log } = await documents.openLog(dir, failure);
    const line = lineOfFailure(log.lines, failure);
    const text = editor.document.lineAt(Math.min(line, editor.document.lineCount - 1));
    showLine(editor, new vscode.Position(text.lineNumber, text.firstNonWhitespaceCharacterIndex));
    vscode.window.setStatusBarMessage(oneLine(`${failure.grade}: ${failure.reason}`, 120), messageTime);
  }

  /** Where the expert stands now; where it stood then, if the file cannot say. */
  private definitionOf(dir: string): SourceItem[] {
    const run = this.parts.app.runs.get(dir);
    if (!run?.definitionPath) return [];
    const range = this.parts.definitions.expert(run.definitionPath, run.expertKey)?.range;
    const line = range?.line ?? run.definitionLine ?? 1;
    return [sourceItem("symbol-class", `Expert ${run.expertKey}`, { path: run.definitionPath, line })];
  }
}

interface SourceItem extends vscode.QuickPickItem {
  place: { path: string; line?: number };
}

function sourceItem(icon: string, label: string, place: SourceItem["place"]): SourceItem {
  const shown = vscode.workspace.asRelativePath(place.path);
  return { label: `$(${icon}) ${label}`, description: place.line ? `${shown}:${place.line}` : shown, place };
}

async function existing(files: readonly string[]): Promise<SourceItem[]> {
  const items: SourceItem[] = [];
  for (const file of files) {
    const stat = await Promise.resolve(vscode.workspace.fs.stat(vscode.Uri.file(file))).catch(() => undefined);
    if (stat?.type === vscode.FileType.File) items.push(sourceItem("file", path.basename(file), { path: file }));
  }
  return items;
}

/** What a model named is data: nothing outside the workspace is opened for it. */
function isInside(root: string, file: string): boolean {
  const relative = path.relative(root, file);
  return relative !== "" && !relative.startsWith("..") && !path.isAbsolute(relative);
}
