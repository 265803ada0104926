/** Keeps the application in step with the workspace: its folders, definitions and runs on disk. */
import * as path from "node:path";
import * as vscode from "vscode";
import type { App } from "../app/app";
import { DisposableStore } from "../base/disposable";
import type { Definitions } from "./definitions";

/** Many changes of one moment are answered once. */
const pause = 100;
/** When a new folder has its files, should the system not tell of them. */
const settleTime = 1000;
/** Between two looks for what the watchers have missed. */
const checkTime = 2000;
/** Of so many places that changed at once, it is cheaper to look at all there are. */
const mostPlaces = 100;

/** @param onRead called each time the runs and definitions of the folders have been read. */
export function watchFolders(
  app: App,
  definitions: Definitions,
  onRead: () => void,
  reportError: (error: unknown, context: string) => void,
): vscode.Disposable {
  const own = new DisposableStore();
  let watchers = new DisposableStore();
  const refresh = (path?: string) =>
    void app.runs.refresh(path).catch((error: unknown) => reportError(error, "Reading the runs"));
  /** A run that goes on here is known without the disk. */
  const refreshRuns = (paths: ReadonlySet<string>) => {
    const due = [...paths].filter((path) => !app.runs.get(path)?.isHere);
    if (due.length > mostPlaces) refresh();
    else for (const path of due) refresh(path);
  };
  const definitionsChanged = own.add(debounce(pause, () => void definitions.reload()));
  const foldersSettled = own.add(debounce(settleTime, (paths) => refreshRuns(paths)));
  const treesSettled = own.add(debounce(settleTime, () => void definitions.reload()));
  const runsChanged = own.add(debounce(pause, (paths) => refreshRuns(paths)));

  const follow = () => {
    watchers.dispose();
    watchers = new DisposableStore();
    const folders = (vscode.workspace.workspaceFolders ?? []).filter(({ uri }) => uri.scheme === "file");
    app.setFolders(folders.map(({ uri }) => uri.fsPath));
    for (const folder of folders)
      watchFolder(folder, watchers, { definitionsChanged, runsChanged, foldersSettled, treesSettled });
    readAll().catch((error: unknown) => reportError(error, "Reading the workspace"));
  };
  const readAll = async () => {
    await Promise.all([app.runs.refresh(), definitions.reload()]);
    onRead();
    // Closing what a crash left open writes to the workspace: only where it is trusted.
    if (vscode.workspace.isTrusted) await app.recover();
  };
  own.add(
    vscode.workspace.onDidGrantWorkspaceTrust(() => {
      app.recover().catch((error: unknown) => reportError(error, "Closing interrupted runs"));
    }),
  );
  own.add(vscode.workspace.onDidChangeWorkspaceFolders(follow));
  own.add(repeat(checkTime, () => app.runs.check().catch((error: unknown) => reportError(error, "Looking for runs"))));
  own.add({ dispose: () => watchers.dispose() });
  // Reading loads the schemas and parsers: first the editor gets its turn, with the views already there.
  const first = setImmediate(follow);
  own.add({ dispose: () => clearImmediate(first) });
  return own;
}

function watchFolder(
  folder: vscode.WorkspaceFolder,
  watchers: DisposableStore,
  tell: Record<"definitionsChanged" | "runsChanged" | "foldersSettled" | "treesSettled", Debounced>,
): void {
  const watch = (pattern: string) =>
    watchers.add(
      vscode.workspace.createFileSystemWatcher(new vscode.RelativePattern(folder, pattern), false, false, false),
    );
  const definition = watch("**/perstack.toml");
  const journal = watch("perstack/jobs/*/runs/*/events.jsonl");
  // A folder that comes or goes whole may say nothing about the files in it.
  const folders = watch("{perstack,perstack/jobs,perstack/jobs/*,perstack/jobs/*/runs,perstack/jobs/*/runs/*}");
  const runChanged = ({ fsPath }: vscode.Uri) => tell.runsChanged.call(path.dirname(fsPath));
  for (const event of [definition.onDidCreate, definition.onDidChange, definition.onDidDelete]) {
    watchers.add(event(() => tell.definitionsChanged.call("")));
  }
  for (const event of [journal.onDidCreate, journal.onDidChange, journal.onDidDelete]) watchers.add(event(runChanged));
  // The same for definitions in a folder that appears with its content; only folders have names without a dot, mostly.
  const created = vscode.workspace.createFileSystemWatcher(
    new vscode.RelativePattern(folder, "**/*"),
    false,
    true,
    true,
  );
  watchers.add(created);
  watchers.add(
    created.onDidCreate(({ path: name }) => {
      if (!path.posix.basename(name).includes(".")) tell.treesSettled.call("");
    }),
  );
  watchers.add(folders.onDidDelete(({ fsPath }) => tell.runsChanged.call(fsPath)));
  watchers.add(
    folders.onDidCreate(({ fsPath }) => {
      tell.runsChanged.call(fsPath);
      tell.foldersSettled.call(fsPath);
    }),
  );
}

interface Debounced extends vscode.Disposable {
  call(key: string): void;
}

/** Begins again only when the action before has ended. */
function repeat(ms: number, action: () => Promise<void>): vscode.Disposable {
  let timer: NodeJS.Timeout | undefined;
  let isDisposed = false;
  const next = () => {
    if (!isDisposed) timer = setTimeout(() => void action().finally(next), ms);
  };
  next();
  return {
    dispose() {
      isDisposed = true;
      clearTimeout(timer);
    },
  };
}

function debounce(ms: number, action: (keys: ReadonlySet<string>) => void): Debounced {
  let keys = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  return {
    call(key) {
      keys.add(key);
      timer ??= setTimeout(() => {
        const due = keys;
        keys = new Set();
        timer = undefined;
        action(due);
      }, ms);
    },
    dispose: () => clearTimeout(timer),
  };
}
