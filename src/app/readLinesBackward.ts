/** The lines of a file from the last one to the first, a piece at a time. */
import { open } from "node:fs/promises";
import { longestLine, textOfLine } from "./lineSplitter";

export interface BackwardLine {
  /** Without LF, CR and BOM; `undefined` where it is too long. */
  text: string | undefined;
  /** In the file, of what stands behind it. */
  end: number;
  /** Whether it is the last one and no LF ends it. */
  isTorn: boolean;
}

const chunkBytes = 64 * 1024;
const lf = 10;

/**
 * Throws the system's error where the file cannot be read.
 * @param upTo bytes; what stands behind them is not read
 */
export async function* readLinesBackward(
  file: string,
  upTo: number = Number.POSITIVE_INFINITY,
): AsyncIterable<BackwardLine> {
  const handle = await open(file, "r");
  try {
    const size = Math.min(upTo, (await handle.stat()).size);
    let parts: Buffer[] = [];
    let length = 0;
    let end = size;
    let isTorn = true;
    const keep = (bytes: Buffer) => {
      length += bytes.length;
      if (length > longestLine) parts = [];
      else if (bytes.length > 0) parts.unshift(Buffer.from(bytes));
    };
    const take = (): BackwardLine => {
      const line = { text: length > longestLine ? undefined : textOfLine(Buffer.concat(parts)), end, isTorn };
      parts = [];
      length = 0;
      return line;
    };
    const buffer = Buffer.allocUnsafe(chunkBytes);
    for (let position = size; position > 0; ) {
      const from = Math.max(0, position - chunkBytes);
      const { bytesRead } = await handle.read(buffer, 0, position - from, from);
      if (bytesRead < position - from) return;
      let stop = bytesRead;
      while (stop > 0) {
        const at = buffer.lastIndexOf(lf, stop - 1);
        keep(buffer.subarray(at + 1, stop));
        if (at === -1) break;
        // Behind the last LF stands a torn line, or nothing.
        if (!isTorn || length > 0) yield take();
        end = from + at + 1;
        isTorn = false;
        stop = at;
      }
      position = from;
    }
    if (length > 0) yield take();
  } finally {
    await handle.close();
  }
}
