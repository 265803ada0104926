/** Parses the events of a log where its index says they stand, and notices when another log stands there now. */
import type { FileHandle } from "node:fs/promises";
import { parseJson } from "../base/lines";
import { parseEvent, type RunEvent } from "../model/events";
import type { EventIndex } from "./eventIndex";
import { EventScanner, eventTypes } from "./eventScanner";

/** The log was cut off or replaced: its index tells of another one. */
export class LogReplaced extends Error {
  override readonly name = "LogReplaced";
}

/** Read at once: the events that are wanted mostly stand near each other. */
const chunkBytes = 256 * 1024;

export class IndexedEvents {
  private buffer = Buffer.alloc(0);
  private from = 0;
  private to = 0;
  private readonly scanner = new EventScanner();

  constructor(
    private readonly handle: FileHandle,
    readonly index: EventIndex,
  ) {}

  /** `undefined` where only its head is sound. Throws `LogReplaced`. */
  async read(at: number): Promise<RunEvent | undefined> {
    const { index } = this;
    const [offset, length] = [index.offsetOf(at), index.lengthOf(at)];
    if (offset < this.from || offset + length > this.to) await this.load(offset, length);
    const start = offset - this.from;
    const text = this.buffer.toString("utf8", start, start + length);
    const parsed = parseEvent(parseJson(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text));
    if ("event" in parsed && this.isAt(at, parsed.event)) return parsed.event;
    this.scanner.use(this.buffer);
    const isEvent = this.scanner.scan(start, start + length);
    const { seq, step, type } = this.scanner;
    if (isEvent && this.isAt(at, { seq, step, type: eventTypes[type] ?? "foreignEvent" })) return undefined;
    throw new LogReplaced(`Another event stands where event ${at} stood.`);
  }

  private isAt(at: number, { seq, step, type }: Pick<RunEvent, "seq" | "step" | "type">): boolean {
    const { index } = this;
    return index.seqOf(at) === seq && index.stepOf(at) === step && index.typeOf(at) === type;
  }

  private async load(offset: number, length: number): Promise<void> {
    const size = Math.max(length, chunkBytes);
    if (this.buffer.length < size || this.buffer.length > 16 * chunkBytes) this.buffer = Buffer.allocUnsafe(size);
    const { bytesRead } = await this.handle.read(this.buffer, 0, this.buffer.length, offset);
    if (bytesRead < length) throw new LogReplaced("The log is shorter than it was.");
    this.from = offset;
    this.to = offset + bytesRead;
  }
}
