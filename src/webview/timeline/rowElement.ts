/** One row of the list: an element that is used again and again, for whichever event is in its place. */
import type { EventRow } from "../../model/eventRow";
import { iconOfType, kindOfType, wordsOfGrade } from "../../model/eventRowKinds";
import { formatCost, formatDuration, formatTime, formatTokens } from "../../model/formatting";
import { element } from "./element";
import { formatExactTime, formatOffset } from "./timeTexts";

/** What a row needs to know of the list it is in. */
export interface RowSetting {
  /** The run's folder; absent: the rows are of several runs. */
  dir: string | undefined;
  axis: { from: number; to: number } | undefined;
  /** Rows of the whole list. */
  count: number;
}

export class RowElement {
  private readonly cells = {
    run: cell("run"),
    time: cell("time"),
    step: cell("step"),
    event: cell("event"),
    duration: cell("duration"),
    tokens: cell("tokens"),
    cost: cell("cost"),
    track: cell("track"),
  };
  private readonly icon = element("span", { "aria-hidden": "true" });
  private readonly text = element("span", { class: "text" });
  private readonly bar = element("span", { class: "bar" });
  readonly root: HTMLElement;
  private shown: { row: EventRow | undefined; index: number } | undefined;

  constructor(id: string) {
    this.cells.event.append(this.icon, this.text);
    this.cells.track.append(this.bar);
    this.cells.track.setAttribute("aria-hidden", "true");
    this.root = element("div", { class: "row", role: "row", id }, ...Object.values(this.cells));
  }

  place(y: number): void {
    this.root.style.transform = `translateY(${y}px)`;
  }

  /** @param row absent while it is on its way */
  show(index: number, row: EventRow | undefined, isSelected: boolean, setting: RowSetting): void {
    if (this.shown?.index !== index || this.shown.row !== row) this.write(index, row, setting);
    if (row) this.placeBar(row, setting.axis);
    this.root.setAttribute("aria-selected", String(isSelected));
    this.root.classList.toggle("selected", isSelected);
    this.shown = { row, index };
  }

  /** What is to be written anew even where the event is the same. */
  forget(): void {
    this.shown = undefined;
  }

  private write(index: number, row: EventRow | undefined, setting: RowSetting): void {
    const { root, cells } = this;
    // The header is the first row.
    root.setAttribute("aria-rowindex", String(index + 2));
    root.classList.toggle("odd", index % 2 === 1);
    root.classList.toggle("waiting", row === undefined);
    root.dataset.grade = row?.grade ?? "";
    root.dataset.kind = row ? kindOfType(row.type) : "";
    root.dataset.level = row?.level ?? "";
    if (!row) {
      root.setAttribute("aria-label", `Event ${index + 1}, not read yet`);
      root.removeAttribute("data-vscode-context");
      for (const each of [cells.run, cells.time, cells.step, cells.duration, cells.tokens, cells.cost]) write(each, "");
      write(this.text, "");
      this.icon.className = "";
      this.bar.hidden = true;
      return;
    }
    const { run, type, grade } = row;
    const from = run?.startedAt ?? setting.axis?.from;
    const offset = formatOffset(row.time, from);
    write(
      cells.run,
      run ? `${run.expertKey} · ${run.runId.slice(0, 4)}` : "",
      run && `${run.expertKey}, run ${run.runId}`,
    );
    write(
      cells.time,
      run ? formatTime(row.time) : offset,
      run ? `${offset} after the run began` : formatExactTime(row.time),
    );
    write(cells.step, row.step > 0 ? String(row.step) : "");
    this.icon.className = `codicon codicon-${iconOfType(type, grade)}`;
    write(this.text, row.text, `${type}: ${row.text}`);
    write(cells.duration, formatDuration(row.durationMs));
    write(cells.tokens, row.tokens === undefined ? "" : formatTokens(row.tokens));
    write(cells.cost, formatCost(row.cost));
    root.setAttribute("aria-label", spokenRow(row, offset));
    root.dataset.vscodeContext = contextOf(row, setting.dir);
  }

  private placeBar({ time, durationMs = 0 }: EventRow, axis: RowSetting["axis"]): void {
    const length = axis ? axis.to - axis.from : 0;
    this.bar.hidden = !axis || length <= 0 || time <= 0;
    if (!axis || this.bar.hidden) return;
    const start = Math.min(1, Math.max(0, (time - durationMs - axis.from) / length));
    const end = Math.min(1, Math.max(start, (time - axis.from) / length));
    this.bar.classList.toggle("moment", durationMs <= 0);
    // What happened last is at the very end, and still to be seen.
    this.bar.style.left = `min(${(start * 100).toFixed(3)}%, 100% - 3px)`;
    this.bar.style.width = `${((end - start) * 100).toFixed(3)}%`;
  }
}

/** For the editor's context menu. */
export function contextOf(row: EventRow, dir: string | undefined): string {
  return JSON.stringify({
    webviewSection: "event",
    preventDefaultContextMenuItems: true,
    kind: "event",
    dir: row.run?.dir ?? dir,
    step: row.step,
    seq: row.seq,
  });
}

function spokenRow(row: EventRow, offset: string): string {
  return [
    row.run?.expertKey,
    row.grade && wordsOfGrade(row.grade),
    row.text,
    row.step > 0 ? `step ${row.step}` : "",
    offset && `at ${offset}`,
    row.durationMs === undefined ? "" : `took ${formatDuration(row.durationMs)}`,
    row.tokens === undefined ? "" : `${formatTokens(row.tokens)} tokens`,
    formatCost(row.cost),
  ]
    .filter(Boolean)
    .join(", ");
}

function cell(name: string): HTMLElement {
  return element("span", { class: `cell ${name}`, role: "gridcell" });
}

function write(target: HTMLElement, text: string, title?: string): void {
  target.textContent = text;
  if (title) target.title = title;
  else target.removeAttribute("title");
}
