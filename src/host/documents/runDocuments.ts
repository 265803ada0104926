/** Serves the read-only documents of runs, and renews the open ones while their run goes on. */
import * as vscode from "vscode";
import type { App } from "../../app/app";
import type { LoadedRun } from "../../app/runIndex";
import { DisposableStore } from "../../base/disposable";
import { messageOf } from "../../base/errors";
import type { LogLine } from "../../model/runLog";
import { stepAt } from "../../model/stepAt";
import { parseAddress, partsOfAddress, type RunAddress, runScheme } from "./runAddress";

/** A long log is written anew at most this often. */
const pause = 250;

export interface OpenLog extends LoadedRun {
  dir: string;
  lines: readonly LogLine[];
}

export class RunDocuments implements vscode.TextDocumentContentProvider, vscode.Disposable {
  private readonly own = new DisposableStore();
  private readonly changed = this.own.add(new vscode.EventEmitter<vscode.Uri>());
  readonly onDidChange = this.changed.event;
  private readonly logs = new Map<string, OpenLog>();
  private readonly stale = new Set<string>();
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly app: App) {
    this.own.add(vscode.workspace.registerTextDocumentContentProvider(runScheme, this));
    this.own.add(app.runs.onDidChange((dirs) => this.renewSoon(dirs)));
    this.own.add(vscode.workspace.onDidCloseTextDocument(({ uri }) => this.logs.delete(uri.toString())));
  }

  /** The lines behind an open log, for everything that points into it. */
  logOf(uri: vscode.Uri): OpenLog | undefined {
    return this.logs.get(uri.toString());
  }

  uriOf(address: RunAddress, subject?: string): vscode.Uri {
    const run = this.app.runs.get(address.dir) ?? { expertKey: "run", runId: "" };
    return vscode.Uri.from(partsOfAddress(address, run, subject));
  }

  /** The log of a run that another one names; ids of different systems, and of different places, may be the same. */
  logUriOf({ jobId, runId }: { jobId: string; runId: string }, namedBy: string): vscode.Uri | undefined {
    const { source, root } = this.app.runs.get(namedBy) ?? {};
    const named = this.app.runs.list().filter((each) => each.runId === runId && each.source === source);
    const run =
      named.find((each) => each.jobId === jobId && each.root === root) ?? named.find((each) => each.jobId === jobId);
    return run && this.uriOf({ view: "log", dir: run.dir });
  }

  /** Opens the log and gives the lines that it shows. */
  async openLog(dir: string): Promise<{ editor: vscode.TextEditor; log: OpenLog }> {
    const uri = this.uriOf({ view: "log", dir });
    const document = await vscode.workspace.openTextDocument(uri);
    const editor = await vscode.window.showTextDocument(document, { preview: true });
    const log = this.logOf(uri) ?? (await this.readLog(uri, dir));
    return { editor, log };
  }

  /** @param subject names the item in the tab's title. */
  async openDetails(
    address: RunAddress,
    subject: string,
    options: Pick<vscode.TextDocumentShowOptions, "preserveFocus" | "viewColumn">,
  ): Promise<void> {
    const document = await vscode.workspace.openTextDocument(this.uriOf(address, subject));
    await vscode.window.showTextDocument(document, { preview: true, ...options });
  }

  async provideTextDocumentContent(uri: vscode.Uri): Promise<string> {
    const address = parseAddress(uri);
    if (!address) return "This is no document of a run.";
    try {
      if (address.view === "log") {
        const { lines } = await this.readLog(uri, address.dir);
        return lines.map(({ text }) => text).join("\n");
      }
      const { formatDetails } = await import("../../app/deferred");
      const loaded = await this.app.runs.load(address.dir);
      return formatDetails(loaded, await this.withMessages(address, loaded));
    } catch (error) {
      return `The run in ${address.dir} cannot be read: ${messageOf(error)}`;
    }
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.own.dispose();
  }

  /** A checkpoint with its conversation; one that cannot be read is shown as far as the run's own events tell it. */
  private async withMessages(address: Exclude<RunAddress, { view: "log" }>, { run }: LoadedRun) {
    const id = address.view === "checkpoint" ? stepAt(run, address.step)?.checkpointId : undefined;
    if (address.view !== "checkpoint" || id === undefined) return address;
    const content = await this.app.readCheckpoint(address.dir, id).catch(() => undefined);
    return content ? { ...address, messages: content.messages } : address;
  }

  private async readLog(uri: vscode.Uri, dir: string): Promise<OpenLog> {
    const [loaded, { formatRunLog }] = await Promise.all([this.app.runs.load(dir), import("../../app/deferred")]);
    const log = { ...loaded, dir, lines: formatRunLog(loaded.run, loaded.events) };
    this.logs.set(uri.toString(), log);
    return log;
  }

  private renewSoon(dirs: ReadonlySet<string>): void {
    for (const dir of dirs) this.stale.add(dir);
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      const due = new Set(this.stale);
      this.stale.clear();
      for (const { uri } of vscode.workspace.textDocuments) {
        const address = parseAddress(uri);
        if (address && due.has(address.dir)) this.changed.fire(uri);
      }
    }, pause);
  }
}
