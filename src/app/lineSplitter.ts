/** Makes whole lines of the chunks of a file; of a line that is too long nothing is kept. */

/** Larger than any event: large results lie beside the journal. */
export const longestLine = 16 * 1024 * 1024;

const lf = 10;

export interface SplitLine {
  /** Without LF, CR and BOM; `undefined` where it is too long. */
  text: string | undefined;
  /** With its LF. */
  bytes: number;
}

export class LineSplitter {
  private parts: Buffer[] = [];
  private length = 0;

  /** The lines that end in the chunk, whose memory may be used again afterwards. */
  push(chunk: Buffer): SplitLine[] {
    const lines: SplitLine[] = [];
    let from = 0;
    for (let at = chunk.indexOf(lf); at !== -1; at = chunk.indexOf(lf, from)) {
      this.keep(chunk.subarray(from, at));
      from = at + 1;
      const text = this.length > longestLine ? undefined : textOfLine(Buffer.concat(this.parts));
      lines.push({ text, bytes: this.length + 1 });
      this.parts = [];
      this.length = 0;
    }
    this.keep(chunk.subarray(from));
    return lines;
  }

  private keep(bytes: Buffer): void {
    this.length += bytes.length;
    if (this.length > longestLine) this.parts = [];
    else if (bytes.length > 0) this.parts.push(Buffer.from(bytes));
  }
}

/** A CR before the LF and a leading BOM are dropped. */
export function textOfLine(bytes: Buffer): string {
  const text = bytes.toString("utf8");
  return text.slice(text.charCodeAt(0) === 0xfeff ? 1 : 0, text.endsWith("\r") ? -1 : undefined);
}
