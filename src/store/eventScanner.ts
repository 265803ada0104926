/** Reads the head of an event's line from its bytes: what the index wants to know, without parsing the rest. */
import { parseJson } from "../base/lines";
import { type EventType, parseEvent, payloads } from "../model/events";
import { failureOf } from "../model/failures";

/** By these numbers the index knows the types. */
export const eventTypes = Object.keys(payloads) as readonly EventType[];

/**
 * One for a log, used again for each line: after `scan` its fields tell of the line.
 *
 * What it promises: of each line that `parseEvent` takes it says the same as `parseEvent` and `failureOf`. Of a head in
 * exactly the shape that our runtime writes, that takes no parsing; any other line is parsed. What it cannot see: whether
 * behind such a head the line is sound JSON, with the payload of its type (then it is an event here, and none for who parses
 * it), and whether it says something again there that its head said (JSON takes the last; no JSON writer does it).
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
  private end = 0;
  /** The last number that was read. */
  private number = 0;

  /** The chunk in which the next lines stand. */
  use(bytes: Buffer): void {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Whether an event stands there, from `start` up to `end`, where its LF is, or a CR before that. */
  scan(start: number, end: number): boolean {
    this.end = end;
    this.wasParsed = !this.scanHead(start);
    return this.wasParsed ? this.parse(this.bytes.toString("utf8", start, end)) : true;
  }

  /** The slow way, which is always right. */
  private parse(text: string): boolean {
    const parsed = parseEvent(parseJson(text));
    if ("problem" in parsed) {
      this.problem = parsed.problem;
      return false;
    }
    const { type, seq, step, timestamp } = parsed.event;
    this.type = codes[type];
    // What is written as -0 counts as 0.
    this.seq = seq + 0;
    this.step = step + 0;
    this.timestamp = timestamp + 0;
    this.isFailure = failureOf(parsed.event) !== undefined;
    return true;
  }

  private scanHead(start: number): boolean {
    const { bytes, end } = this;
    // A line that was cut off has not even this.
    if (bytes[end - 1] !== closingBrace) return false;
    const at = this.scanEnvelope(start);
    if (at === none) return false;
    this.isFailure = false;
    return bytes[at] === comma ? this.scanPayload(at) : at === end - 1;
  }

  /** From the brace up to the quote behind the type; gives what is behind that, as all of these do, or `none`. */
  private scanEnvelope(start: number): number {
    let at = this.skip(beforeTimestamp, this.skipText(this.skip(opening, start)));
    at = this.readNumber(at);
    if (at === none) return none;
    this.timestamp = this.number;
    const behindIdentity = this.skip(this.identity, at);
    at = this.readNumber(behindIdentity === none ? this.learnIdentity(at) : behindIdentity);
    if (at === none) return none;
    this.seq = this.number;
    const behindAuthor = this.skip(this.author, at);
    at = this.readNumber(behindAuthor === none ? this.learnAuthor(at) : behindAuthor);
    if (at === none) return none;
    this.step = this.number;
    const type = this.skip(beforeType, at);
    at = this.skipText(type);
    if (at === none) return none;
    this.type = this.typeAt(type, at);
    return at + 1;
  }

  /** Whether it can be told, without parsing, if the event is a failure. */
  private scanPayload(at: number): boolean {
    switch (this.type) {
      case codes.finishToolCall:
        return this.scanToolCall(at);
      case codes.stopRun:
        this.isFailure = this.skip(stoppedByLimit, at) !== none || this.skip(stoppedByBudget, at) !== none;
        return this.isFailure || this.skip(stoppedForInput, at) !== none || this.skip(stoppedByUser, at) !== none;
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

  private scanToolCall(start: number): boolean {
    let at = this.skipText(this.skip(beforeCallId, start));
    at = this.skipText(this.skip(beforeSkill, at));
    at = this.skipText(this.skip(beforeTool, at));
    if (this.skip(succeeded, at) !== none) return true;
    this.isFailure = this.skip(failed, at) !== none || this.skip(blocked, at) !== none;
    return this.isFailure;
  }

  private learnIdentity(start: number): number {
    let at = this.skipText(this.skip(beforeJobId, start));
    at = this.skipText(this.skip(beforeRunId, at));
    at = this.skip(beforeSeq, at);
    if (at !== none) this.identity = patternOf(this.bytes.subarray(start, at));
    return at;
  }

  private learnAuthor(start: number): number {
    const at = this.skip(beforeStep, this.skipText(this.skip(beforeExpert, start)));
    if (at !== none) this.author = patternOf(this.bytes.subarray(start, at));
    return at;
  }

  /** Behind these bytes. */
  private skip({ bytes, words }: Pattern, start: number): number {
    if (start === none || start + bytes.length > this.end) return none;
    const { view } = this;
    let at = start;
    // Four at a time: most of a head is the same in all lines.
    for (let index = 0; index < words.length; index += 1, at += 4) {
      if (view.getInt32(at) !== words[index]) return none;
    }
    for (let index = at - start; index < bytes.length; index += 1, at += 1) {
      if (this.bytes[at] !== bytes[index]) return none;
    }
    return at;
  }

  /** At the closing quote of a text without escapes. */
  private skipText(start: number): number {
    if (start === none) return none;
    const { bytes, end } = this;
    let at = start;
    while (isPlain[byteAt(bytes, at)] === 1) at += 1;
    return at < end && bytes[at] === quote ? at : none;
  }

  /** Behind the digits, if there are no more than are exact. That nothing else belongs to the number, the next `skip` sees. */
  private readNumber(start: number): number {
    if (start === none) return none;
    const { bytes, end } = this;
    let at = start;
    let value = 0;
    let low = 0;
    let scale = 1;
    // In two halves, for whole numbers of 32 bits are quicker.
    for (; at < end && at < start + 9; at += 1) {
      const digit = byteAt(bytes, at) - zero;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
    }
    if (at === start + 9) {
      for (; at < end && at < start + 15; at += 1) {
        const digit = byteAt(bytes, at) - zero;
        if (digit < 0 || digit > 9) break;
        low = low * 10 + digit;
        scale *= 10;
      }
    }
    this.number = value * scale + low;
    return at === start || (bytes[start] === zero && at > start + 1) ? none : at;
  }

  private typeAt(start: number, end: number): number {
    const { bytes } = this;
    for (const { code, pattern } of typesByKey[typeKey(byteAt(bytes, start), byteAt(bytes, end - 1), end - start)] ??
      []) {
      if (pattern.bytes.length === end - start && this.skip(pattern, start) === end) return code;
    }
    // As `parseEvent` has it.
    return codes.foreignEvent;
  }
}

const none = -1;

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

const [quote, backslash, comma, closingBrace, zero] = [34, 92, 44, 125, 48] as const;

/** What stands in a text as it is: no quote, no backslash, no control character (JSON has none of them in a text). */
const isPlain = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= 32 && byte !== quote && byte !== backslash ? 1 : 0,
);

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
/** Few types have the same. */
function typeKey(first: number, last: number, length: number): number {
  return (first + last * 5 + length * 11) & 127;
}

const typesByKey = eventTypes.reduce<{ code: number; pattern: Pattern }[][]>(
  (table, type, code) => {
    const pattern = patternOf(type);
    const key = typeKey(byteAt(pattern.bytes, 0), byteAt(pattern.bytes, type.length - 1), type.length);
    table[key] = [...(table[key] ?? []), { code, pattern }];
    return table;
  },
  Array.from({ length: 128 }, () => []),
);
