/** The list of events: only the rows in sight are elements, and they are used again; one row is the current one. */
import type { EventRow } from "../../model/eventRow";
import { element } from "./element";
import { contextOf, RowElement, type RowSetting } from "./rowElement";
import { RowPages } from "./rowPages";
import { ScrollSpace } from "./scrollSpace";

export const rowHeight = 22;
/** Rows beyond those in sight, on either side. */
const spare = 8;

export interface EventListParts {
  ask(from: number, to: number): void;
  onOpen(index: number): void;
  onSelect(): void;
  /** The user, or the list's growth, moved it; whether it is at its end now. */
  onScroll(isAtEnd: boolean): void;
}

export class EventList {
  /** Takes the focus: rows come and go. */
  readonly grid = element("div", { class: "grid", role: "grid", tabindex: 0, "aria-label": "Events" });
  private readonly viewport = element("div", { class: "viewport", role: "rowgroup", tabindex: -1 });
  private readonly space = element("div", { class: "space", role: "presentation" });
  private readonly scroll = new ScrollSpace(rowHeight);
  private readonly pages: RowPages;
  private readonly rows: RowElement[] = [];
  private setting: RowSetting = { dir: undefined, axis: undefined, count: 0 };
  private current: number | undefined;
  /** Whether its end stays in sight, however it grows. */
  private isFollowing = false;
  private frame: number | undefined;

  constructor(
    header: HTMLElement,
    private readonly parts: EventListParts,
  ) {
    this.pages = new RowPages(parts.ask);
    this.viewport.append(this.space);
    this.grid.append(header, this.viewport);
    this.viewport.addEventListener("scroll", () => this.scrolled());
    this.viewport.addEventListener("wheel", (event) => this.wheeled(event), { passive: false });
    this.viewport.addEventListener("click", (event) => this.clicked(event));
    this.viewport.addEventListener("contextmenu", (event) => this.selectAt(event.clientY));
    new ResizeObserver(() => this.resized()).observe(this.viewport);
  }

  get count(): number {
    return this.setting.count;
  }

  get selected(): number | undefined {
    return this.current;
  }

  get selectedRow(): EventRow | undefined {
    return this.current === undefined ? undefined : this.pages.get(this.current);
  }

  get isAtEnd(): boolean {
    return this.scroll.isAtEnd;
  }

  /** Elements of rows; for tests and measurements. */
  get elementCount(): number {
    return this.rows.length;
  }

  /** Another list: nothing of before holds. */
  reset(): void {
    this.pages.clear();
    this.current = undefined;
    this.scroll.moveTo(0);
    for (const row of this.rows) row.forget();
  }

  set(setting: RowSetting): void {
    const isOther = setting.dir !== this.setting.dir || setting.axis?.from !== this.setting.axis?.from;
    if (isOther) for (const row of this.rows) row.forget();
    this.setting = setting;
    this.grid.setAttribute("aria-rowcount", String(setting.count + 1));
    this.resized();
  }

  take(from: number, rows: readonly EventRow[]): void {
    if (!this.pages.take(from, rows)) return;
    this.drawSoon();
    this.tellContext();
  }

  select(index: number): void {
    if (this.count === 0) return;
    this.current = Math.min(Math.max(0, index), this.count - 1);
    this.scroll.reveal(this.current);
    this.parts.onSelect();
    this.follow();
  }

  /** Moves the current row; the first move takes the row at the top. */
  move(rows: number): void {
    const { from, to } = this.scroll.range();
    const start = this.current ?? (rows > 0 ? from - 1 : to);
    this.select(start + rows);
  }

  movePage(direction: 1 | -1): void {
    this.move(direction * Math.max(1, this.scroll.pageRows - 1));
  }

  followEnd(isFollowing: boolean): void {
    this.isFollowing = isFollowing;
    if (!isFollowing) return;
    this.scroll.moveTo(Number.MAX_SAFE_INTEGER);
    this.follow();
  }

  focus(): void {
    this.grid.focus();
  }

  private wheeled(event: WheelEvent): void {
    // What is not scaled scrolls by itself.
    if (!this.scroll.isScaled || event.ctrlKey || event.deltaY === 0) return;
    event.preventDefault();
    const unit = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? rowHeight : 1;
    this.scroll.moveBy(event.deltaY * unit);
    this.follow();
    this.parts.onScroll(this.scroll.isAtEnd);
  }

  private scrolled(): void {
    const before = this.scroll.scrollTop;
    if (Math.abs(this.viewport.scrollTop - before) >= 1) {
      this.scroll.scrolled(this.viewport.scrollTop);
      this.parts.onScroll(this.scroll.isAtEnd);
    }
    this.drawSoon();
  }

  private clicked({ clientY }: MouseEvent): void {
    const index = this.selectAt(clientY);
    if (index !== undefined) this.parts.onOpen(index);
  }

  private selectAt(clientY: number): number | undefined {
    const y = clientY - this.viewport.getBoundingClientRect().top + this.viewport.scrollTop;
    const { from } = this.scroll.range();
    const index = from + Math.floor((y - this.scroll.yOf(from)) / rowHeight);
    if (index >= this.count) return undefined;
    this.select(index);
    return index;
  }

  private resized(): void {
    const { clientHeight, offsetWidth, clientWidth } = this.viewport;
    this.grid.style.setProperty("--scrollbar", `${offsetWidth - clientWidth}px`);
    this.scroll.resize(this.count, clientHeight);
    if (this.isFollowing) this.scroll.moveTo(Number.MAX_SAFE_INTEGER);
    this.follow();
  }

  /** The element after what is wished. */
  private follow(): void {
    const height = `${this.scroll.height}px`;
    if (this.space.style.height !== height) this.space.style.height = height;
    if (Math.abs(this.viewport.scrollTop - this.scroll.scrollTop) >= 1) this.viewport.scrollTop = this.scroll.scrollTop;
    this.drawSoon();
  }

  private drawSoon(): void {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = undefined;
      this.draw();
    });
  }

  private draw(): void {
    const seen = this.scroll.range();
    const from = Math.max(0, seen.from - spare);
    const to = Math.min(this.count, seen.to + spare);
    this.pages.want(seen.from, seen.to, this.count);
    this.pages.want(from, to, this.count);
    // One more than can be seen, so that each index has an element of its own.
    const needed = this.scroll.pageRows + 2 + 2 * spare;
    while (this.rows.length < needed) {
      const row = new RowElement(`row-${this.rows.length}`);
      this.rows.push(row);
      this.space.append(row.root);
    }
    const used = new Set<RowElement>();
    for (let index = from; index < to; index += 1) {
      const row = this.rowAt(index);
      if (!row) continue;
      used.add(row);
      row.root.hidden = false;
      row.place(this.scroll.yOf(index));
      row.show(index, this.pages.get(index), index === this.current, this.setting);
    }
    for (const row of this.rows) if (!used.has(row)) row.root.hidden = true;
    const current = this.current !== undefined && this.current >= from && this.current < to;
    const active = current && this.current !== undefined ? this.rowAt(this.current)?.root.id : undefined;
    if (active === undefined) this.grid.removeAttribute("aria-activedescendant");
    else this.grid.setAttribute("aria-activedescendant", active);
    this.tellContext();
  }

  private rowAt(index: number): RowElement | undefined {
    return this.rows[index % this.rows.length];
  }

  /** A context menu that is opened by key is about the current row. */
  private tellContext(): void {
    const row = this.selectedRow;
    if (row) this.grid.dataset.vscodeContext = contextOf(row, this.setting.dir);
    else this.grid.removeAttribute("data-vscode-context");
  }
}
