/** The panels that are open: one for each run, and one for all of them. Loaded with the first. */
import * as vscode from "vscode";
import type { App } from "../../app/app";
import { DisposableStore } from "../../base/disposable";
import { TimelineState } from "../../model/timelineMessages";
import type { PlaceInRun } from "../sources";
import { AllTimeline } from "./allTimeline";
import { RunTimeline } from "./runTimeline";
import { pageFolder, timelineHtml } from "./timelineHtml";
import { type PanelParts, TimelinePanel } from "./timelinePanel";
import { timelineViewType } from "./timelineViewType";

export interface TimelineParts extends PanelParts {
  app: App;
  extension: vscode.Uri;
  /** Ids of the runs that wait for an approval. */
  waitingRuns(): ReadonlySet<string>;
  /** Whether the runs of the workspace have been read. */
  isRead(): boolean;
}

/** Never the folder of a run. */
const all = "";

export class TimelinePanels implements vscode.Disposable {
  private readonly panels = new Map<string, TimelinePanel>();
  private readonly own = new DisposableStore();

  constructor(private readonly parts: TimelineParts) {
    this.own.add(parts.app.runs.onDidChange((dirs) => this.look(dirs)));
  }

  async open(dir: string, place: PlaceInRun | undefined): Promise<void> {
    await (this.panels.get(dir) ?? this.add(this.create(), dir)).show(place, false);
  }

  async search(): Promise<void> {
    await (this.panels.get(all) ?? this.add(this.create(), all)).show(undefined, true);
  }

  /** A panel of before the window was loaded again, with what its page left behind. */
  restore(panel: vscode.WebviewPanel, data: unknown): void {
    const state = TimelineState.safeParse(data);
    const dir = state.data?.dir ?? all;
    if (!state.success || this.panels.has(dir)) panel.dispose();
    else this.add(panel, dir);
  }

  /** The runs have been read. */
  lookAgain(): void {
    for (const panel of this.panels.values()) panel.look();
  }

  /** The panels themselves stay, to be restored when the window has been loaded again. */
  dispose(): void {
    this.own.dispose();
    for (const panel of this.panels.values()) panel.dispose();
  }

  private look(dirs: ReadonlySet<string>): void {
    for (const dir of dirs) this.panels.get(dir)?.look();
    this.panels.get(all)?.look();
  }

  private create(): vscode.WebviewPanel {
    return vscode.window.createWebviewPanel(timelineViewType, "Timeline", vscode.ViewColumn.Active);
  }

  private add(panel: vscode.WebviewPanel, dir: string): TimelinePanel {
    const { app, extension, isRead } = this.parts;
    const shown = new TimelinePanel(
      panel,
      (listener) => (dir === all ? new AllTimeline(app, isRead, listener) : new RunTimeline(dir, this.parts, listener)),
      this.parts,
    );
    this.panels.set(dir, shown);
    panel.onDidDispose(() => {
      shown.dispose();
      this.panels.delete(dir);
    });
    panel.iconPath = {
      light: vscode.Uri.joinPath(extension, "media", "runtrail.svg"),
      dark: vscode.Uri.joinPath(extension, "media", "runtrail-dark.svg"),
    };
    panel.webview.options = { enableScripts: true, localResourceRoots: [pageFolder(extension)] };
    panel.webview.html = timelineHtml(panel.webview, extension);
    return shown;
  }
}
