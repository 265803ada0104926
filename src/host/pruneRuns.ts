/** Old jobs go by themselves where the setting says so: once after the start, in the background. */
import * as vscode from "vscode";
import type { App } from "../app/app";
import type * as deferred from "../app/deferred";
import { newId } from "../app/newId";
import { DisposableStore } from "../base/disposable";
import { formatBytes, formatCount } from "../model/formatting";
import type { OldJob } from "../store/retention";
import { type Retention, readRetention } from "./settings";
import { hasTrash, moveToTrash } from "./trash";

/** The start is over by then. A setting that is changed counts from the next start on: while one types "30" it says "3". */
const pause = 20_000;

type Store = Pick<typeof deferred, "planPrune" | "prune" | "removeFolder">;
type Log = Pick<vscode.LogOutputChannel, "info" | "warn">;

export interface Pruning extends vscode.Disposable {
  /** The runs have been read; only the first call counts. */
  begin(): void;
}

export function pruneOldRuns(app: App, log: Log, reportError: (error: unknown, context: string) => void): Pruning {
  const own = new DisposableStore();
  let timer: NodeJS.Timeout | undefined;
  let isBegun = false;
  const waitForIdle = () => {
    timer = setTimeout(() => {
      // Its own runs are never deleted; but what runs has the first claim on the disk.
      if (app.active.length > 0) return waitForIdle();
      import("../app/deferred")
        .then((store) => pruneFolders(app, log, store))
        .catch((error: unknown) => reportError(error, "Deleting old runs"));
    }, pause);
  };
  const begin = () => {
    if (isBegun || !vscode.workspace.isTrusted) return;
    isBegun = true;
    waitForIdle();
  };
  own.add(vscode.workspace.onDidGrantWorkspaceTrust(begin));
  own.add({ dispose: () => clearTimeout(timer) });
  return { begin, dispose: () => own.dispose() };
}

/** Throws for a folder that cannot be looked into. */
export async function pruneFolders(app: App, log: Log, store: Store): Promise<void> {
  for (const { uri } of vscode.workspace.workspaceFolders ?? []) {
    const retention = readRetention(uri);
    if (uri.scheme === "file" && retention.olderThanDays > 0) await pruneFolder(app, uri.fsPath, retention, log, store);
  }
}

async function pruneFolder(
  app: App,
  root: string,
  { olderThanDays, keepFailed }: Retention,
  log: Log,
  { planPrune, prune, removeFolder }: Store,
): Promise<void> {
  const deleteForGood = (dir: string) => removeFolder(dir, newId);
  const rules = { olderThanMs: olderThanDays * 86_400_000, keepFailed, now: Date.now() };
  const toTrash = hasTrash();
  // Where there is a trash that does not take a job, the job stays: nobody is here to be asked.
  const { removed, failed } = await prune(await planPrune(root, rules), toTrash ? moveToTrash : deleteForGood);
  const age = `not heard of for ${formatCount(olderThanDays, "day")}`;
  for (const job of removed) log.info(`${toTrash ? "Moved to the trash" : "Deleted"}, ${age}: ${describe(job)}`);
  for (const { job, reason } of failed) log.warn(`Could not be deleted, ${age}: ${describe(job)}: ${reason}`);
  if (removed.length > 0) await app.runs.refresh();
}

function describe({ jobId, runIds, bytes, expertKey }: OldJob): string {
  const size = `${formatCount(runIds.length, "run")}, ${formatBytes(bytes)}`;
  return `job ${jobId}${expertKey === undefined ? "" : ` of ${expertKey}`} (${size})`;
}
