/** Offsets of a text as lines and columns, counted as editors count them: UTF-16 units, a BOM is no column. */
import type { TextRange } from "./definition";

/** Offsets in UTF-16 units, `end` exclusive. */
export interface Span {
  start: number;
  end: number;
}

export type RangeOf = (span: Span) => TextRange;

/** Spans outside the text are cut to it. */
export function createRangeOf(text: string): RangeOf {
  const lineStarts = [0, ...Array.from(text.matchAll(/\r\n|\n|\r/gu), (match) => match.index + match[0].length)];
  const bom = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  const inside = (offset: number) => Math.max(bom, Math.min(offset, text.length));
  const placeOf = (offset: number) => {
    const line = lineAt(lineStarts, offset);
    const start = line === 1 ? bom : (lineStarts[line - 1] ?? 0);
    return { line, column: offset - start + 1 };
  };
  return (span) => {
    const start = inside(span.start);
    const end = Math.max(start, inside(span.end));
    const { line: endLine, column: endColumn } = placeOf(end);
    return { start, end, ...placeOf(start), endLine, endColumn };
  };
}

/** Counted from 1. */
function lineAt(lineStarts: readonly number[], offset: number): number {
  let [low, high] = [0, lineStarts.length];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((lineStarts[middle] ?? Number.POSITIVE_INFINITY) <= offset) low = middle;
    else high = middle;
  }
  return low + 1;
}
