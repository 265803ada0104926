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
  /** Of the last line: between two numbers, and between two texts of a call. The next one has mostly the same. */
  private identity = patternOf(',"jobId":"","runId":"","seq":');
  private author = patternOf(',"expertKey":"","step":');
  private skill = patternOf('","skill":"","tool":"');
  /** The first eight digits of the last timestamp, as they stand there and as a number. */
  private era = Number.NaN;
  private eraValue = 0;
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
    return this.scanHead(start) || this.parse(this.bytes.toString("utf8", start, end));
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
    let at = this.skip(beforeTimestamp, this.skipText(this.skipOpening(start)));
    at = this.readTimestamp(at);
    if (at === none) return none;
    const behindIdentity = this.skip(this.identity, at);
    at = this.readNumber(behindIdentity === none ? this.learnIdentity(at) : behindIdentity);
    if (at === none) return none;
    this.seq = this.number;
    const behindAuthor = this.skip(this.author, at);
    at = this.readNumber(behindAuthor === none ? this.learnAuthor(at) : behindAuthor);
    if (at === none) return none;
    this.step = this.number;
    return this.readType(this.skip(beforeType, at));
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
    if (at === none) return false;
    const behindSkill = this.skip(this.skill, at);
    at = this.skipText(behindSkill === none ? this.learnSkill(at) : behindSkill);
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

  private learnSkill(start: number): number {
    const at = this.skip(beforeTool, this.skipText(this.skip(beforeSkill, start)));
    if (at !== none) this.skill = patternOf(this.bytes.subarray(start, at));
    return at;
  }

  private skipOpening(start: number): number {
    const { view } = this;
    const isThere =
      start + 7 <= this.end && view.getInt32(start) === openingWord && view.getInt32(start + 3) === idWord;
    return isThere ? start + 7 : none;
  }

  /** Behind these bytes, of which there are at least eight. */
  private skip({ length, words }: Pattern, start: number): number {
    if (start === none || start + length > this.end) return none;
    const { view } = this;
    const last = start + length - 8;
    // Eight at a time, for most of a head is the same in all lines; the last ones may overlap with those before.
    for (let index = 0, at = start; index < words.length; index += 1, at += 8) {
      if (view.getFloat64(Math.min(at, last), true) !== words[index]) return none;
    }
    return start + length;
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
    const { bytes } = this;
    let at = start;
    let value = 0;
    for (let digit = byteAt(bytes, at) - zero; digit >= 0 && digit <= 9; digit = byteAt(bytes, at) - zero) {
      value = value * 10 + digit;
      at += 1;
    }
    this.number = value;
    const length = at - start;
    return length === 0 || length > mostDigits || (length > 1 && bytes[start] === zero) ? none : at;
  }

  /** The last digits alone where the first ones are those of the line before. */
  private readTimestamp(start: number): number {
    if (start === none || start + 8 > this.end) return none;
    const { bytes } = this;
    const era = this.view.getFloat64(start, true);
    if (era !== this.era) return this.learnEra(start, era);
    let at = start + 8;
    let value = 0;
    let scale = 1;
    for (let digit = byteAt(bytes, at) - zero; digit >= 0 && digit <= 9; digit = byteAt(bytes, at) - zero) {
      value = value * 10 + digit;
      scale *= 10;
      at += 1;
    }
    this.timestamp = this.eraValue * scale + value;
    return at - start > mostDigits ? none : at;
  }

  private learnEra(start: number, era: number): number {
    const at = this.readNumber(start);
    if (at === none) return none;
    this.timestamp = this.number;
    if (at >= start + 8) {
      this.era = era;
      this.eraValue = Math.floor(this.number / 10 ** (at - start - 8));
    }
    return at;
  }

  private readType(start: number): number {
    if (start === none || start + 8 > this.end) return none;
    const { view } = this;
    for (const { code, pattern } of typesByKey[typeKey(view.getInt32(start), view.getInt32(start + 4))] ?? []) {
      const at = this.skip(pattern, start);
      if (at === none) continue;
      this.type = code;
      return at;
    }
    // As `parseEvent` has it.
    this.type = codes.foreignEvent;
    const at = this.skipText(start);
    return at === none ? none : at + 1;
  }
}

const none = -1;

/**
 * Bytes to compare with, as numbers of eight bytes: equal numbers are equal bytes, for no text in a head has a zero in it.
 * (Some bytes that are no UTF-8 make a number that equals nothing: then the line is looked at more slowly.)
 */
interface Pattern {
  length: number;
  words: Float64Array;
}

function patternOf(text: string | Uint8Array): Pattern {
  const bytes = Uint8Array.from(typeof text === "string" ? Buffer.from(text) : text);
  const { length } = bytes;
  const view = new DataView(bytes.buffer);
  const words = Float64Array.from({ length: Math.ceil(length / 8) }, (_, index) =>
    view.getFloat64(Math.min(index * 8, length - 8), true),
  );
  return { length, words };
}

function byteAt(bytes: Uint8Array, at: number): number {
  return bytes[at] ?? 0;
}

const [quote, backslash, comma, closingBrace, zero] = [34, 92, 44, 125, 48] as const;

/** What stands in a text as it is: no quote, no backslash, no control character (JSON has none of them in a text). */
const isPlain = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= 32 && byte !== quote && byte !== backslash ? 1 : 0,
);

const mostDigits = 15;
/** `{"id` and `d":"`, which overlap. */
const [openingWord, idWord] = [0x7b226964, 0x64223a22] as const;
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
/** Few types have the same: of their first eight bytes, which each has with the quote behind it. */
function typeKey(first: number, second: number): number {
  return (first + Math.imul(second, 0x9e3779b1)) >>> 25;
}

const typesByKey = eventTypes.reduce<{ code: number; pattern: Pattern }[][]>(
  (table, type, code) => {
    const bytes = Buffer.from(`${type}"`);
    const key = typeKey(bytes.readInt32BE(0), bytes.readInt32BE(4));
    table[key] = [...(table[key] ?? []), { code, pattern: patternOf(bytes) }];
    return table;
  },
  Array.from({ length: 128 }, () => []),
);
