/** The rows that were given lately, in pages; asks for what is to be seen and not there yet. */
import type { EventRow } from "../../model/eventRow";

export const pageSize = 100;
const keptPages = 60;
/** What is scrolled past is not asked for: only so many pages are on their way. */
const atOnce = 4;

export class RowPages {
  private readonly pages = new Map<number, readonly EventRow[]>();
  private readonly asked = new Set<number>();

  constructor(private readonly ask: (from: number, to: number) => void) {}

  get(index: number): EventRow | undefined {
    return this.pages.get(Math.floor(index / pageSize))?.[index % pageSize];
  }

  /** Rows `from` to `to` are to be seen; there are `count`. */
  want(from: number, to: number, count: number): void {
    if (count === 0) return;
    const last = Math.floor((count - 1) / pageSize);
    for (let page = Math.floor(from / pageSize); page <= Math.min(last, Math.floor((to - 1) / pageSize)); page += 1) {
      const rows = this.pages.get(page);
      if (rows) this.touch(page, rows);
      const whole = Math.min(pageSize, count - page * pageSize);
      if ((rows?.length ?? 0) >= whole || this.asked.has(page) || this.asked.size >= atOnce) continue;
      this.asked.add(page);
      this.ask(page * pageSize, page * pageSize + whole);
    }
  }

  /** Gives whether anything is new. */
  take(from: number, rows: readonly EventRow[]): boolean {
    const page = Math.floor(from / pageSize);
    this.asked.delete(page);
    // Fewer than before: of a list that grew, an older answer.
    if (rows.length <= (this.pages.get(page)?.length ?? 0)) return false;
    this.touch(page, rows);
    return true;
  }

  clear(): void {
    this.pages.clear();
    this.asked.clear();
  }

  get size(): number {
    return this.pages.size;
  }

  private touch(page: number, rows: readonly EventRow[]): void {
    this.pages.delete(page);
    this.pages.set(page, rows);
    for (const oldest of this.pages.keys()) if (this.pages.size > keptPages) this.pages.delete(oldest);
  }
}
