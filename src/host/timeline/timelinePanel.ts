/** A panel with a timeline: hears what its page asks for, and tells it what changed, as long as somebody can see it. */
import * as vscode from "vscode";
import { DisposableStore } from "../../base/disposable";
import { assertNever } from "../../base/errors";
import { formatEventRow } from "../../model/eventRowText";
import { noFilter } from "../../model/timelineFilter";
import { type TimelineFilter, ToHost, type ToPage } from "../../model/timelineMessages";
import type { PlaceInRun } from "../sources";
import type { ShownList } from "./shownList";
import type { Timeline, TimelineListener } from "./timeline";

/** What changes is told at most this often. */
const pause = 100;

export interface PanelParts {
  redact(text: string): string;
  reportError(error: unknown, context: string): void;
}

export class TimelinePanel implements vscode.Disposable {
  private readonly own = new DisposableStore();
  private readonly timeline: Timeline;
  private list: ShownList | undefined;
  private filter: TimelineFilter = noFilter;
  private epoch = 0;
  /** Whether the page is there and listens; one that is not seen is taken away by the editor. */
  private isReady = false;
  /** The event that is to be in sight once the list has it. */
  private anchor: number | undefined;
  private timer: NodeJS.Timeout | undefined;
  private lastSubject = "";
  private lastList = "";
  /** What the page is to show as soon as it listens. */
  private wish: Extract<ToPage, { kind: "show" }> | undefined;

  constructor(
    readonly panel: vscode.WebviewPanel,
    createTimeline: (listener: TimelineListener) => Timeline,
    private readonly parts: PanelParts,
  ) {
    this.timeline = this.own.add(
      createTimeline({ onChange: () => this.tellSoon(), onReplace: () => this.begin(this.filter, undefined) }),
    );
    this.own.add(panel.webview.onDidReceiveMessage((message: unknown) => this.hear(message)));
    this.own.add(
      panel.onDidChangeViewState(() => {
        if (panel.visible) return;
        this.isReady = false;
        this.endList();
      }),
    );
    panel.title = this.timeline.tabTitle;
  }

  get dir(): string | undefined {
    return this.timeline.dir;
  }

  /** The runs have changed. */
  look(): void {
    if (this.isReady) this.timeline.look();
  }

  async show(place: PlaceInRun | undefined, isSearch: boolean): Promise<void> {
    this.panel.reveal();
    const at = place && (await this.timeline.find(place));
    const wish = { kind: "show", isSearch, ...(at !== undefined && { at }) } as const;
    if (this.isReady) this.post(wish);
    else this.wish = wish;
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.list?.dispose();
    this.own.dispose();
  }

  private hear(data: unknown): void {
    const parsed = ToHost.safeParse(data);
    if (!parsed.success) {
      this.parts.reportError(parsed.error, "A message of the timeline's page");
      return;
    }
    this.answer(parsed.data).catch((error: unknown) => this.parts.reportError(error, `Timeline: ${parsed.data.kind}`));
  }

  private async answer(message: ToHost): Promise<void> {
    if (message.kind === "ready") {
      this.isReady = true;
      this.lastSubject = "";
      // The place that was asked for is in sight as soon as the list has it.
      this.begin(message.filter, this.wish?.at ?? message.at);
      this.timeline.look();
      if (this.wish) this.post({ kind: "show", isSearch: this.wish.isSearch });
      this.wish = undefined;
      return;
    }
    if (message.kind === "filter") {
      this.begin(message.filter, message.at);
      return;
    }
    const list = this.list;
    if (!list || message.epoch !== this.epoch) return;
    switch (message.kind) {
      case "rows": {
        // Without an answer the page would not ask for them again.
        const rows = await list.rows(message.from, message.to).catch((error: unknown) => {
          this.parts.reportError(error, "Rows of the timeline");
          return [];
        });
        if (list === this.list) this.post({ kind: "rows", epoch: message.epoch, from: message.from, rows });
        return;
      }
      case "findFailure": {
        const found = await list.findFailure(message.from, message.direction);
        if (list !== this.list) return;
        this.post(
          found ? { kind: "failure", epoch: message.epoch, ...found } : { kind: "noFailure", epoch: message.epoch },
        );
        return;
      }
      case "open":
        return await this.openDetails(message.index);
      case "copy": {
        const [row] = await list.rows(message.index, message.index + 1);
        if (!row) return;
        await vscode.env.clipboard.writeText(this.parts.redact(formatEventRow(row)));
        vscode.window.setStatusBarMessage("Event copied.", 3000);
        return;
      }
      case "more":
        return list.more();
      case "stop":
        return list.stop();
      default:
        assertNever(message);
    }
  }

  private async openDetails(index: number): Promise<void> {
    const [row] = (await this.list?.rows(index, index + 1)) ?? [];
    const dir = row?.run?.dir ?? this.dir;
    if (!row || dir === undefined) return;
    await vscode.commands.executeCommand("runtrail.openDetails", { kind: "event", dir, step: row.step, seq: row.seq });
  }

  private begin(filter: TimelineFilter, anchor: number | undefined): void {
    this.endList();
    this.filter = filter;
    this.anchor = anchor;
    this.epoch += 1;
    this.lastList = "";
    this.list = this.timeline.list(filter, () => this.tellSoon());
    this.tell();
  }

  private endList(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.list?.dispose();
    this.list = undefined;
  }

  private tellSoon(): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.tell();
    }, pause);
  }

  /** Only what is another than before. */
  private tell(): void {
    this.panel.title = this.timeline.tabTitle;
    const { list } = this;
    if (!this.isReady || !list) return;
    const subject = this.timeline.subject();
    const subjectText = JSON.stringify(subject);
    if (subjectText !== this.lastSubject) this.post(subject);
    this.lastSubject = subjectText;
    const anchor = this.anchor === undefined ? undefined : list.indexOf(this.anchor);
    const { count, isBusy, hasMore, problem } = list;
    const state = { count, isBusy, hasMore, ...(problem !== undefined && { problem }) };
    const listText = JSON.stringify([state, anchor]);
    if (listText !== this.lastList)
      this.post({ kind: "list", epoch: this.epoch, ...state, ...(anchor !== undefined && { anchor }) });
    this.lastList = listText;
    if (anchor !== undefined) this.anchor = undefined;
  }

  private post(message: ToPage): void {
    void this.panel.webview.postMessage(message);
  }
}
