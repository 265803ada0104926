/** The lines of a file that comes in pieces: LF alone ends one; no more is held than the line that has begun. */
import { isUtf8 } from "node:buffer";

export interface SourceLine {
  text: string;
  /** Counted from 1. */
  number: number;
  /** In the file, of its first byte. */
  offset: number;
  /** Whether no LF ends it: it may not have been written to its end. */
  isTorn: boolean;
}

const lf = 10;

/** @param tell of a line that is damaged, or, with its bytes, left out because it is longer than `lineBytes` */
export function splitSource(lineBytes: number, tell: (line: number, bytes?: number) => void) {
  let number = 0;
  let start = 0;
  let parts: Buffer[] = [];
  let length = 0;
  const keep = (bytes: Buffer) => {
    length += bytes.length;
    if (length > lineBytes) parts = [];
    // The piece's memory is used again.
    else if (bytes.length > 0) parts.push(Buffer.from(bytes));
  };
  /** @param last what the line has beyond what is kept */
  const finish = (last: Buffer, isTorn: boolean): SourceLine | undefined => {
    number += 1;
    const size = length + last.length;
    const bytes = parts.length > 0 ? Buffer.concat([...parts, last]) : last;
    const offset = start;
    start += size + 1;
    parts = [];
    length = 0;
    if (size > lineBytes) {
      tell(number, size);
      return undefined;
    }
    // The end of a torn line may be in the middle of a character.
    if (!isUtf8(isTorn ? withoutCutCharacter(bytes) : bytes)) tell(number);
    return { text: withoutMarks(bytes.toString("utf8"), number === 1), number, offset, isTorn };
  };
  return {
    /** Takes all of the piece, whose memory may be used again when the next line is asked for after it. */
    *take(piece: Buffer): Iterable<SourceLine> {
      let from = 0;
      for (let at = piece.indexOf(lf); at !== -1; at = piece.indexOf(lf, from)) {
        const line = finish(piece.subarray(from, at), false);
        from = at + 1;
        if (line) yield line;
      }
      keep(piece.subarray(from));
    },
    /** Of the line that has begun. */
    pendingBytes: () => length,
    /** What stands behind the last LF. */
    end(): SourceLine | undefined {
      return length > 0 ? finish(Buffer.alloc(0), true) : undefined;
    },
  };
}

function withoutMarks(text: string, isFirst: boolean): string {
  const from = isFirst && text.charCodeAt(0) === 0xfeff ? 1 : 0;
  return text.slice(from, text.endsWith("\r") ? -1 : undefined);
}

function withoutCutCharacter(bytes: Buffer): Buffer {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 0x80) break;
    if (byte < 0xc0) continue;
    const wanted = byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
    return back < wanted ? bytes.subarray(0, bytes.length - back) : bytes;
  }
  return bytes;
}
