/** What a stream of a process said: its first bytes kept, the rest counted out, and all of it decoded across chunks. */

export class CappedOutput {
  private readonly chunks: Buffer[] = [];
  private readonly live = new TextDecoder("utf-8", { ignoreBOM: true });
  private size = 0;
  truncated = false;

  /** @param onText hears the text as it comes, up to the cap. Must not throw. */
  constructor(
    private readonly limit: number,
    private readonly onText: ((text: string) => void) | undefined,
  ) {}

  add(chunk: Buffer): void {
    const room = this.limit - this.size;
    if (chunk.length > room) this.truncated = true;
    if (room <= 0 || chunk.length === 0) return;
    // A copy where it is cut, because a slice would keep the whole chunk in memory.
    const kept = chunk.length > room ? Buffer.from(chunk.subarray(0, room)) : chunk;
    this.chunks.push(kept);
    this.size += kept.length;
    const text = this.live.decode(kept, { stream: true });
    if (text !== "") this.onText?.(text);
  }

  /** What is no UTF-8 becomes U+FFFD; a character that the cap cut in two is left out. */
  text(): string {
    return new TextDecoder("utf-8", { ignoreBOM: true }).decode(Buffer.concat(this.chunks), { stream: this.truncated });
  }
}
