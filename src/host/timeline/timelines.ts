/** Timelines as the rest of the editor's side knows them; what they are made of is loaded with the first that is opened. */
import * as vscode from "vscode";
import type { PlaceInRun } from "../sources";
import type { TimelinePanels, TimelineParts } from "./timelinePanels";
import { timelineViewType } from "./timelineViewType";

export class Timelines implements vscode.Disposable {
  private readonly serializer: vscode.Disposable;
  private panels: Promise<TimelinePanels> | undefined;
  private isRead = false;
  private isDisposed = false;

  constructor(private readonly parts: Omit<TimelineParts, "isRead">) {
    this.serializer = vscode.window.registerWebviewPanelSerializer(timelineViewType, {
      deserializeWebviewPanel: async (panel, state) => (await this.load()).restore(panel, state),
    });
  }

  async open(dir: string, place?: PlaceInRun): Promise<void> {
    await (await this.load()).open(dir, place);
  }

  /** Over all runs. */
  async search(): Promise<void> {
    await (await this.load()).search();
  }

  /** The runs of the workspace have been read. */
  setRead(): void {
    this.isRead = true;
    void this.panels?.then((panels) => panels.lookAgain());
  }

  dispose(): void {
    this.isDisposed = true;
    this.serializer.dispose();
    void this.panels?.then((panels) => panels.dispose());
  }

  private load(): Promise<TimelinePanels> {
    this.panels ??= import("../deferred").then(({ TimelinePanels }) => {
      const panels = new TimelinePanels({ ...this.parts, isRead: () => this.isRead });
      if (this.isDisposed) panels.dispose();
      return panels;
    });
    return this.panels;
  }
}
