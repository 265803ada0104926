/** Bytes of a stream to lines, in memory that does not grow with them. */

export class LineSplitter {
  private parts: Buffer[] = [];
  private size = 0;
  private isCut = false;

  /**
   * @param limit bytes kept of a line
   * @param onLine hears each line without its end; `isCut` where it was longer. Must not throw.
   * @param onOverflow hears at once that a line has become longer.
   */
  constructor(
    private readonly limit: number,
    private readonly onLine: (line: string, isCut: boolean) => void,
    private readonly onOverflow?: () => void,
  ) {}

  push(chunk: Buffer): void {
    let start = 0;
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
      this.keep(chunk.subarray(start, end));
      this.finish();
      start = end + 1;
    }
    if (start < chunk.length) this.keep(chunk.subarray(start));
  }

  /** The stream has ended: what is left is a line, too. */
  end(): void {
    if (this.size > 0) this.finish();
  }

  private keep(piece: Buffer): void {
    const room = this.limit - this.size;
    if (piece.length <= room) {
      if (piece.length > 0) this.parts.push(piece);
      this.size += piece.length;
      return;
    }
    // A copy, because a slice would keep the whole chunk in memory.
    if (room > 0) this.parts.push(Buffer.from(piece.subarray(0, room)));
    this.size = this.limit;
    if (this.isCut) return;
    this.isCut = true;
    this.onOverflow?.();
  }

  private finish(): void {
    const { parts, isCut } = this;
    this.parts = [];
    this.size = 0;
    this.isCut = false;
    // A character that the cut went through is left out.
    const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(Buffer.concat(parts), { stream: isCut });
    this.onLine(text.endsWith("\r") ? text.slice(0, -1) : text, isCut);
  }
}
