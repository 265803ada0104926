/**
 * Where runs of other systems are looked for: in the workspace, in the folders of the setting, and in what the user opened,
 * which is kept with the workspace until it is taken off the list. All of it is watched.
 */
import { homedir } from "node:os";
import * as path from "node:path";
import * as vscode from "vscode";
import type { App } from "../app/app";
import type { RunRoot } from "../app/runIndex";
import { DisposableStore } from "../base/disposable";
import { resolveRunFolders } from "./runFolderPaths";
import { readRunFolders } from "./settings";

const stateKey = "openedRunFolders";
/** Many changes of one moment are answered once. */
const pause = 300;
/** What may be a run's folder or file; much else is made in a workspace that is worked in. */
const likelyName = /^[^.]+$|^\.[^.]+$|\.(?:jsonl?|ya?ml|md|txt|sqlite)$/u;
const unlikelyPlace = /[\\/](?:node_modules|\.git|perstack[\\/]jobs)[\\/]/u;

export class RunFolders implements vscode.Disposable {
  private readonly own = new DisposableStore();
  private readonly changed = this.own.add(new vscode.EventEmitter<void>());
  /** Fires when something was opened or taken off the list. */
  readonly onDidChange = this.changed.event;
  private watchers = new DisposableStore();
  private moved = new Set<string>();
  private timer: NodeJS.Timeout | undefined;
  private hasBegun = false;
  private isDisposed = false;

  constructor(
    private readonly app: App,
    private readonly state: vscode.Memento,
    private readonly reportError: (error: unknown, context: string) => void,
  ) {
    this.own.add(vscode.workspace.onDidChangeWorkspaceFolders(() => this.applySoon()));
    this.own.add(
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (event.affectsConfiguration("runtrail.runFolders")) this.applySoon();
      }),
    );
  }

  /** The first look, once the workspace's own runs are there. */
  begin(): void {
    if (this.hasBegun) return;
    this.hasBegun = true;
    this.applySoon();
  }

  /** What the user opened. */
  list(): readonly string[] {
    const kept: unknown = this.state.get(stateKey);
    return Array.isArray(kept) ? kept.filter((each): each is string => typeof each === "string") : [];
  }

  has(root: string): boolean {
    return this.list().includes(root);
  }

  /** Done when what is in them has been read. */
  async open(paths: readonly string[]): Promise<void> {
    await this.keep([...new Set([...this.list(), ...paths])]);
  }

  async remove(paths: readonly string[]): Promise<void> {
    await this.keep(this.list().filter((each) => !paths.includes(each)));
  }

  dispose(): void {
    this.isDisposed = true;
    clearTimeout(this.timer);
    this.watchers.dispose();
    this.own.dispose();
  }

  private async keep(paths: readonly string[]): Promise<void> {
    await this.state.update(stateKey, paths);
    this.hasBegun = true;
    await this.apply();
    this.changed.fire();
  }

  private applySoon(): void {
    if (!this.hasBegun) return;
    this.apply().catch((error: unknown) => this.reportError(error, "Looking for run folders"));
  }

  private async apply(): Promise<void> {
    const folders = (vscode.workspace.workspaceFolders ?? []).flatMap(({ uri }) =>
      uri.scheme === "file" ? [uri.fsPath] : [],
    );
    const named = resolveRunFolders(readRunFolders(), homedir(), folders);
    const opened = this.list().map((each) => ({ path: each, isAsked: true }));
    const roots: RunRoot[] = [...folders.map((each) => ({ path: each, isAsked: false })), ...named, ...opened];
    this.watchers.dispose();
    this.watchers = new DisposableStore();
    if (this.isDisposed) return;
    for (const folder of folders) this.watchWorkspace(folder);
    for (const root of new Set([...named, ...opened].map((each) => each.path))) this.watchRoot(root);
    await this.app.setRoots(roots);
  }

  /** Of what lies in the workspace, what comes and goes; that it grows is seen by looking at it. */
  private watchWorkspace(folder: string): void {
    const pattern = new vscode.RelativePattern(vscode.Uri.file(folder), "**/*");
    const watcher = this.watchers.add(vscode.workspace.createFileSystemWatcher(pattern, false, true, false));
    const notice = ({ fsPath }: vscode.Uri) => {
      if (likelyName.test(path.basename(fsPath)) && !unlikelyPlace.test(fsPath)) this.notice(fsPath);
    };
    this.watchers.add(watcher.onDidCreate(notice));
    this.watchers.add(watcher.onDidDelete(notice));
  }

  /** A folder with all that is in it, or a file. */
  private watchRoot(root: string): void {
    for (const [base, glob] of [
      [root, "**/*"],
      [path.dirname(root), escapeGlob(path.basename(root))],
    ] as const) {
      const pattern = new vscode.RelativePattern(vscode.Uri.file(base), glob);
      const watcher = this.watchers.add(vscode.workspace.createFileSystemWatcher(pattern));
      for (const event of [watcher.onDidCreate, watcher.onDidChange, watcher.onDidDelete]) {
        this.watchers.add(event(({ fsPath }) => this.notice(fsPath)));
      }
    }
  }

  private notice(changed: string): void {
    this.moved.add(changed);
    this.timer ??= setTimeout(() => void this.tell(), pause);
  }

  private async tell(): Promise<void> {
    const due = this.moved;
    this.moved = new Set();
    await this.app.runs.refreshPaths(due).catch((error: unknown) => this.reportError(error, "Reading run folders"));
    this.timer = undefined;
    if (this.moved.size > 0 && !this.isDisposed) this.timer = setTimeout(() => void this.tell(), pause);
  }
}

function escapeGlob(name: string): string {
  return name.replace(/[*?[\]{}]/gu, "[$&]");
}
