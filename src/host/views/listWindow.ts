/** Which piece of a long list is shown: so much of its beginning or end as was asked for, or what lies around a place in it. */

/** So many rows are shown at first, and added each time. */
export const pageSize = 500;

export interface List {
  /** Of the row that holds it. */
  id: string;
  length: number;
  keyAt(index: number): string | number;
  /** Where the newest are: shown unless something else is asked for. */
  newest: "first" | "last";
  /** How many of them; default: a page. */
  size?: number;
}

/** From `start` up to, but not including, `end`. */
export interface Piece {
  start: number;
  end: number;
  /** Whether it is neither at the beginning nor at the end where the newest are. */
  isAway: boolean;
}

export type Direction = "before" | "after";

interface Window {
  size: number;
  /** What it begins with; absent: it is where the newest are, and follows them. */
  first?: string | number;
}

/** What is shown of each list, for as long as the view lives. */
export class ListWindows {
  private readonly windows = new Map<string, Window>();

  pieceOf(list: List): Piece {
    const { size = list.size ?? pageSize, first } = this.windows.get(list.id) ?? {};
    const start = first === undefined ? -1 : indexOf(list, first);
    if (start !== -1) return { start, end: Math.min(list.length, start + size), isAway: true };
    return list.newest === "first"
      ? { start: 0, end: Math.min(list.length, size), isAway: false }
      : { start: Math.max(0, list.length - size), end: list.length, isAway: false };
  }

  /** Shows one page more; what is shown already stays. */
  grow(list: List, direction: Direction): void {
    const { start, end } = this.pieceOf(list);
    if (direction === "before") this.show(list, Math.max(0, start - pageSize), end);
    else this.show(list, start, Math.min(list.length, end + pageSize));
  }

  /** Shows the page around the key, where it is not shown already; whether that changed something. */
  include(list: List, key: string | number): boolean {
    const { start, end } = this.pieceOf(list);
    const index = indexOf(list, key);
    if (index === -1 || (index >= start && index < end)) return false;
    const from = Math.max(0, Math.min(index - pageSize / 2, list.length - pageSize));
    this.show(list, from, Math.min(list.length, from + pageSize));
    return true;
  }

  /** Back to where the newest are. */
  reset(id: string): void {
    this.windows.delete(id);
  }

  private show(list: List, start: number, end: number): void {
    const isAtNewest = list.newest === "first" ? start === 0 : end === list.length;
    this.windows.set(list.id, { size: end - start, ...(!isAtNewest && { first: list.keyAt(start) }) });
  }
}

function indexOf(list: List, key: string | number): number {
  for (let index = 0; index < list.length; index += 1) if (list.keyAt(index) === key) return index;
  return -1;
}
