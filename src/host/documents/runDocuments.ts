/** Serves the read-only documents of runs, and renews those on screen while their run goes on. */
import * as vscode from "vscode";
import type { App } from "../../app/app";
import type { LoadedPart, LoadedRun, WantedPart } from "../../app/runIndex";
import { DisposableStore } from "../../base/disposable";
import { messageOf } from "../../base/errors";
import type { LogLine } from "../../model/runLog";
import { stepAt } from "../../model/stepAt";
import { isInPart, nextPart, type PartDirection, partLine, partOfLog } from "./logPart";
import { parseAddress, partsOfAddress, type RunAddress, runScheme } from "./runAddress";

/** A log is written anew at most this often, and takes up no more than a small part of the time. */
const pause = 250;
const share = 20;
const changeTime = 15_000;

export interface OpenLog extends LoadedRun {
  dir: string;
  lines: readonly LogLine[];
  /** Which part of a long run it shows; then the first line says so. */
  part?: LoadedPart;
}

type Place = { step: number; seq?: number };

export class RunDocuments implements vscode.TextDocumentContentProvider, vscode.Disposable {
  private readonly own = new DisposableStore();
  private readonly changed = this.own.add(new vscode.EventEmitter<vscode.Uri>());
  readonly onDidChange = this.changed.event;
  private readonly logs = new Map<string, OpenLog>();
  /** By document: the part that it is to show, where that is not the end. */
  private readonly wishes = new Map<string, WantedPart>();
  /** Documents whose run changed since. */
  private readonly stale = new Set<string>();
  private pause = pause;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly app: App) {
    this.own.add(vscode.workspace.registerTextDocumentContentProvider(runScheme, this));
    this.own.add(app.runs.onDidChange((dirs) => this.follow(dirs)));
    this.own.add(vscode.window.onDidChangeVisibleTextEditors(() => this.planRenewal()));
    this.own.add(vscode.workspace.onDidCloseTextDocument(({ uri }) => this.forget(uri.toString())));
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

  /** Opens the log, with the part that the place is in, and gives the lines that it shows. */
  async openLog(dir: string, place?: Place): Promise<{ editor: vscode.TextEditor; log: OpenLog }> {
    const uri = this.uriOf({ view: "log", dir });
    if (place) await this.bring(uri, dir, place);
    const document = await vscode.workspace.openTextDocument(uri);
    const editor = await vscode.window.showTextDocument(document, { preview: true });
    await this.shown(document);
    const log = this.logOf(uri) ?? (await this.readLog(uri, dir));
    return { editor, log };
  }

  /** Shows the part of the log that lies before or after the one that is shown, and gives the line to begin with. */
  async showPart(dir: string, to: PartDirection): Promise<{ editor: vscode.TextEditor; line: number } | undefined> {
    const uri = this.uriOf({ view: "log", dir });
    const { part } = this.logOf(uri) ?? (await this.readLog(uri, dir));
    if (!part) return undefined;
    this.want(uri, nextPart(part, to));
    const { editor, log } = await this.openLog(dir);
    const last = log.lines.length - 1;
    if (to !== "after") return { editor, line: last };
    return {
      editor,
      line: Math.max(
        0,
        log.lines.findIndex(({ kind }) => kind === "step"),
      ),
    };
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
      const loaded = await this.app.runs.load(address.dir, placeOf(address));
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
    const wanted = this.wishes.get(uri.toString()) ?? {};
    const [loaded, { formatRunLog }] = await Promise.all([
      this.app.runs.load(dir, wanted),
      import("../../app/deferred"),
    ]);
    const begun = performance.now();
    const { events, part } = partOfLog(loaded, wanted);
    const lines = formatRunLog(loaded.run, events);
    const log = { ...loaded, dir, events, lines: part ? [partLine(part, loaded.run.lastStep), ...lines] : lines };
    if (part) Object.assign(log, { part });
    this.pause = Math.max(pause, share * (performance.now() - begun));
    this.logs.set(uri.toString(), log);
    return log;
  }

  /** Has the document show the part that the place is in, where that is another than it shows. */
  private async bring(uri: vscode.Uri, dir: string, place: Place): Promise<void> {
    const log = this.logOf(uri) ?? (await this.readLog(uri, dir));
    if (!isInPart(log.part, place)) this.want(uri, place);
  }

  private want(uri: vscode.Uri, wanted: WantedPart): void {
    this.forget(uri.toString());
    if (Object.keys(wanted).length > 0) this.wishes.set(uri.toString(), wanted);
    this.changed.fire(uri);
  }

  private forget(document: string): void {
    this.logs.delete(document);
    this.wishes.delete(document);
    this.stale.delete(document);
  }

  /** Waits until the editor has what the document is to show by now. */
  private async shown(document: vscode.TextDocument): Promise<void> {
    const waiting = new DisposableStore();
    const isShown = () => {
      const lines = this.logOf(document.uri)?.lines;
      return lines?.length === document.lineCount && lines[0]?.text === document.lineAt(0).text;
    };
    try {
      if (isShown()) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, changeTime);
        waiting.add({ dispose: () => clearTimeout(timer) });
        waiting.add(vscode.workspace.onDidChangeTextDocument(() => isShown() && resolve()));
      });
    } finally {
      waiting.dispose();
    }
  }

  private follow(dirs: ReadonlySet<string>): void {
    for (const { uri } of vscode.workspace.textDocuments) {
      const address = uri.scheme === runScheme ? parseAddress(uri) : undefined;
      if (address && dirs.has(address.dir)) this.stale.add(uri.toString());
    }
    this.planRenewal();
  }

  /** What nobody sees is renewed when somebody does. */
  private planRenewal(): void {
    const isDue = ({ document }: vscode.TextEditor) => this.stale.has(document.uri.toString());
    if (this.stale.size === 0 || !vscode.window.visibleTextEditors.some(isDue)) return;
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      const due = vscode.window.visibleTextEditors.filter(isDue).map(({ document }) => document.uri);
      for (const uri of new Map(due.map((uri) => [uri.toString(), uri])).values()) {
        this.stale.delete(uri.toString());
        this.changed.fire(uri);
      }
    }, this.pause);
  }
}

/** Where in a long run it is. */
function placeOf(address: RunAddress): WantedPart {
  const seq = address.view === "item" ? { seq: address.seq } : {};
  return "step" in address && address.step > 0 ? { step: address.step, ...seq } : {};
}
