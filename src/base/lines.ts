/** JSONL framing: LF alone ends a record (U+2028 may stand inside JSON strings); a last line without LF is torn. */

export interface Line {
  text: string;
  /** Counted from 1. */
  number: number;
}

/** Splits text into its whole lines and what stands behind the last LF. A CR before LF and a leading BOM are dropped. */
export function splitLines(content: string): { lines: Line[]; tail: string } {
  const lines: Line[] = [];
  let start = content.charCodeAt(0) === 0xfeff ? 1 : 0;
  for (let end = content.indexOf("\n", start); end !== -1; end = content.indexOf("\n", start)) {
    const stop = end > start && content.charCodeAt(end - 1) === 13 ? end - 1 : end;
    lines.push({ text: content.slice(start, stop), number: lines.length + 1 });
    start = end + 1;
  }
  return { lines, tail: content.slice(start) };
}

/** `undefined` where the text is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
