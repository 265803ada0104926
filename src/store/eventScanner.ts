/** Reads the head of an event's line from its bytes: what the index wants to know, without parsing the rest. */
import { parseJson } from "../base/lines";
import { type EventType, parseEvent, payloads } from "../model/events";
import { failureOf } from "../model/failures";

/** By these numbers the index knows the types. */
export const eventTypes = Object.keys(payloads) as readonly EventType[];

/**
 * One for a log, used again for each line: after `scan` its fields tell of the line.
 *
 * What it promises: the head says what `parseEvent` would say of it, for each line that `parseEvent` takes and that has no
 * key of the head twice. Heads in exactly the shape that our runtime writes are read byte by byte; of any other the whole
 * line is parsed. Whether what stands behind such a head is sound JSON, and the payload of its type, only parsing can tell:
 * whoever does it asks `agreesWith`.
 */
export class EventScanner {
  /** Place in `eventTypes`. */
  type = 0;
  seq = 0;
  step = 0;
  /** Unix ms. */
  timestamp = 0;
  /** Whether `failureOf` makes a failure of it. */
  isFailure = false;
  /** Why the line is no event, where `scan` says so. */
  problem = "";
  /** Whether the last line had to be parsed. */
  wasParsed = false;
  /** Of the last line: between `timestamp` and `seq`, and between `seq` and `step`. The next one has mostly the same. */
  private identity = patternOf(`,"jobId":"","runId":"","seq":`);
  private author = patternOf(`,"expertKey":"","step":`);
  private bytes: Buffer = Buffer.alloc(0);
  private view: DataView = new DataView(new ArrayBuffer(0));
  private at = 0;
  private end = 0;

  /** The chunk in which the next lines stand. */
  use(bytes: Buffer): void {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Whether an event stands there, from `start` up to `end`, where its LF is, or a CR before that. */
  scan(start: number, end: number): boolean {
    this.at = start;
    this.end = end;
    this.wasParsed = !this.scanHead();
    return this.wasParsed ? this.parse(this.bytes.toString("utf8", start, end)) : true;
  }

  /** Only the head, of a line that goes on behind `end`: `false` where the whole line must be parsed. */
  scanBeginning(start: number, end: number): boolean {
    this.at = start;
    this.end = end;
    return this.scanEnvelope() && this.bytes[this.at] === comma && this.scanPayload();
  }

  /** The slow way, which is always right. */
  parse(text: string): boolean {
    const parsed = parseEvent(parseJson(text));
    if ("problem" in parsed) {
      this.problem = parsed.problem;
      return false;
    }
    const { type, seq, step, timestamp } = parsed.event;
    this.type = eventTypes.indexOf(type);
    // What is written as -0 counts as 0.
    this.seq = seq + 0;
    this.step = step + 0;
    this.timestamp = timestamp + 0;
    this.isFailure = failureOf(parsed.event) !== undefined;
    return true;
  }

  private scanHead(): boolean {
    // A line that was cut off has not even this.
    if (this.bytes[this.end - 1] !== closingBrace) return false;
    if (!this.scanEnvelope()) return false;
    const next = this.bytes[this.at];
    return next === comma ? this.scanPayload() : next === closingBrace && this.at === this.end - 1;
  }

  /** From the brace up to the quote behind the type. */
  private scanEnvelope(): boolean {
    if (!this.skip(opening) || !this.skipText() || !this.skip(beforeTimestamp)) return false;
    const timestamp = this.readNumber();
    if (timestamp < 0 || !(this.skip(this.identity) || this.learnIdentity())) return false;
    const seq = this.readNumber();
    if (seq < 0 || !(this.skip(this.author) || this.learnAuthor())) return false;
    const step = this.readNumber();
    if (step < 0 || !this.skip(beforeType)) return false;
    const start = this.at;
    if (!this.skipText()) return false;
    this.timestamp = timestamp;
    this.seq = seq;
    this.step = step;
    this.type = this.typeAt(start, this.at);
    this.at += 1;
    return true;
  }

  /** Whether it is known, without parsing, if the event is a failure. */
  private scanPayload(): boolean {
    this.isFailure = false;
    switch (this.type) {
      case codes.finishToolCall:
        return this.scanToolCall();
      case codes.stopRun:
        this.isFailure = this.skip(stoppedByLimit) || this.skip(stoppedByBudget);
        return this.isFailure || this.skip(stoppedForInput) || this.skip(stoppedByUser);
      case codes.errorRun:
      case codes.retryGeneration:
      case codes.failNode:
      case codes.failGate:
        this.isFailure = true;
        return true;
      default:
        return true;
    }
  }

  private scanToolCall(): boolean {
    if (!this.skip(beforeCallId) || !this.skipText()) return false;
    if (!this.skip(beforeSkill) || !this.skipText()) return false;
    if (!this.skip(beforeTool) || !this.skipText()) return false;
    if (this.skip(succeeded)) return true;
    this.isFailure = this.skip(failed) || this.skip(blocked);
    return this.isFailure;
  }

  /** Whether these bytes come next; then it is behind them. */
  private skip({ words, bytes }: Pattern): boolean {
    const { at, view } = this;
    if (at + bytes.length > this.end) return false;
    // Four at a time: most of a head is the same in all lines.
    for (let index = 0; index < words.length; index += 1) {
      if (view.getInt32(at + index * 4) !== words[index]) return false;
    }
    for (let index = words.length * 4; index < bytes.length; index += 1) {
      if (this.bytes[at + index] !== bytes[index]) return false;
    }
    this.at = at + bytes.length;
    return true;
  }

  /** Up to the closing quote of a text without escapes. */
  private skipText(): boolean {
    const { bytes } = this;
    let { at } = this;
    while (isPlain[byteAt(bytes, at)] === 1) at += 1;
    this.at = at;
    return at < this.end && bytes[at] === quote;
  }

  /** Digits alone, as many as are exact; -1 where anything else stands there. What must come next is looked at by `skip`. */
  private readNumber(): number {
    const { bytes } = this;
    const start = this.at;
    let at = start;
    let value = 0;
    for (let digit = byteAt(bytes, at) - zero; digit >= 0 && digit <= 9; digit = byteAt(bytes, at) - zero) {
      value = value * 10 + digit;
      at += 1;
    }
    const length = at - start;
    this.at = at;
    return length === 0 || length > 15 || (length > 1 && bytes[start] === zero) ? -1 : value;
  }

  private learnIdentity(): boolean {
    const start = this.at;
    const isThere =
      this.skip(beforeJobId) && this.skipText() && this.skip(beforeRunId) && this.skipText() && this.skip(beforeSeq);
    if (isThere) this.identity = patternOf(this.bytes.subarray(start, this.at));
    return isThere;
  }

  private learnAuthor(): boolean {
    const start = this.at;
    const isThere = this.skip(beforeExpert) && this.skipText() && this.skip(beforeStep);
    if (isThere) this.author = patternOf(this.bytes.subarray(start, this.at));
    return isThere;
  }

  private typeAt(start: number, end: number): number {
    for (const code of codesByLength[end - start] ?? []) {
      if (this.isTypeAt(start, code)) return code;
    }
    // As `parseEvent` has it.
    return codes.foreignEvent;
  }

  private isTypeAt(start: number, code: number): boolean {
    const name = typeNames[code];
    if (!name) return false;
    for (let index = 0; index < name.length; index += 1) {
      if (this.bytes[start + index] !== name[index]) return false;
    }
    return true;
  }
}

/** Bytes to compare with, also as words of four. */
interface Pattern {
  bytes: Uint8Array;
  words: Int32Array;
}

function patternOf(text: string | Uint8Array): Pattern {
  const bytes = Uint8Array.from(typeof text === "string" ? Buffer.from(text) : text);
  const view = new DataView(bytes.buffer);
  const words = Int32Array.from({ length: bytes.length >> 2 }, (_, index) => view.getInt32(index * 4));
  return { bytes, words };
}

function byteAt(bytes: Uint8Array, at: number): number {
  return bytes[at] ?? 0;
}

const [quote, comma, closingBrace, zero] = [34, 44, 125, 48] as const;

/** What stands in a text as it is: no quote, no backslash, no control character (JSON has none of them in a text). */
const isPlain = Uint8Array.from({ length: 256 }, (_, byte) => (byte >= 32 && byte !== quote && byte !== 92 ? 1 : 0));

const opening = patternOf('{"id":"');
const beforeTimestamp = patternOf('","timestamp":');
const beforeJobId = patternOf(',"jobId":"');
const beforeRunId = patternOf('","runId":"');
const beforeSeq = patternOf('","seq":');
const beforeExpert = patternOf(',"expertKey":"');
const beforeStep = patternOf('","step":');
const beforeType = patternOf(',"type":"');
const beforeCallId = patternOf(',"toolCallId":"');
const beforeSkill = patternOf('","skill":"');
const beforeTool = patternOf('","tool":"');
const succeeded = patternOf('","isError":false,"result":');
const failed = patternOf('","isError":true,');
const blocked = patternOf('","isError":false,"blockedBy":"');
const stoppedByLimit = patternOf(',"reason":"maxSteps"');
const stoppedByBudget = patternOf(',"reason":"budget"');
const stoppedForInput = patternOf(',"reason":"input"');
const stoppedByUser = patternOf(',"reason":"cancelled"');

const codes = Object.fromEntries(eventTypes.map((type, code) => [type, code])) as Readonly<Record<EventType, number>>;
const typeNames = eventTypes.map((type) => Uint8Array.from(Buffer.from(type)));
const codesByLength = typeNames.reduce<number[][]>((table, { length }, code) => {
  table[length] = [...(table[length] ?? []), code];
  return table;
}, []);
