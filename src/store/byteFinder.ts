/**
 * Finds a short text in bytes, sixteen places at a time, with or without case: two of its bytes are compared by vector
 * instructions, which JavaScript itself has not, and the rest where both fit.
 */

/** Of each byte of what is sought: between which it is once the bits of its mask are set. */
export interface BytePattern {
  bytes: readonly number[];
  /** 0x20 makes capital and small letters the same. */
  masks: readonly number[];
  /** How much greater it may be; default: not at all. */
  spans?: readonly number[];
  /** Whether it is only sought in numbers: those that stand behind a colon, a comma, a bracket or a blank. */
  isInNumber?: boolean;
  /** Whether all its bytes are the same. */
  isRun?: boolean;
}

export interface ByteFinder {
  /** Takes a copy: `next` is about these bytes. */
  load(bytes: Buffer): void;
  /**
   * The next place at `from` or behind it, -1 where there is none: of one of the patterns, or of an escape of a plain
   * letter (`\u0041`), in which it may be hidden.
   */
  next(from: number): number;
}

/** `undefined` where the machine has no vector instructions. */
export function createByteFinder(patterns: readonly BytePattern[]): ByteFinder | undefined {
  const scanner = createScanner();
  if (!scanner) return undefined;
  const { memory, find } = scanner;
  let view = new Uint8Array(memory.buffer);
  let length = 0;
  const seekers = patterns.map((pattern) => ({ pattern, ends: undefined as Ends | undefined, next: -1 }));
  const seek = ({ pattern, ends }: (typeof seekers)[number], from: number): number => {
    for (let at = from; ends; at += 1) {
      at = find(at, length, ...ends);
      if (at >= length) break;
      const wrong = wrongIn(view, at, pattern);
      if (wrong === -1 || isEscape(view, at)) return at;
      // A run of digits does not begin before what is none.
      if (pattern.isRun) at += wrong;
    }
    return length;
  };
  return {
    load(chunk) {
      const missing = chunk.length + padding - memory.buffer.byteLength;
      if (missing > 0) {
        memory.grow(Math.ceil(missing / pageBytes));
        view = new Uint8Array(memory.buffer);
      }
      view.set(chunk);
      // What an earlier chunk left there is no part of this one.
      view.fill(0, chunk.length, chunk.length + padding);
      length = chunk.length;
      for (const seeker of seekers) {
        seeker.ends ??= rarestOf(seeker.pattern, chunk.subarray(0, sampleBytes));
        seeker.next = -1;
      }
    },
    next(from) {
      let nearest = length;
      for (const seeker of seekers) {
        if (seeker.next < from) seeker.next = seek(seeker, from);
        nearest = Math.min(nearest, seeker.next);
      }
      return nearest < length ? nearest : -1;
    },
  };
}

const pageBytes = 64 * 1024;
/** Vectors reach beyond the end, by as much as the longest pattern and one of them. */
const padding = 512;
const sampleBytes = 64 * 1024;
/** Of a longer text only the beginning is sought. */
export const longestPattern = 256;

/** Of two bytes: where in the pattern, its mask, the least and how much more it may be. */
type Ends = [...first: [number, number, number, number], ...second: [number, number, number, number]];

/** Those that are the rarest in the sample. */
function rarestOf({ bytes, masks, spans }: BytePattern, sample: Uint8Array): Ends {
  const counts = new Uint32Array(256);
  for (const byte of sample) counts[byte] = (counts[byte] ?? 0) + 1;
  const countOf = (index: number) => {
    const [byte = 0, mask = 0, span = 0] = [bytes[index], masks[index], spans?.[index]];
    if (span > 0) return sample.length;
    return (counts[byte] ?? 0) + (mask === 0 ? 0 : (counts[byte & ~mask] ?? 0));
  };
  const sorted = bytes.map((_, index) => index).sort((a, b) => countOf(a) - countOf(b));
  const [first = 0] = sorted;
  // The same letter twice, or at once, tells little more.
  const second = sorted.find((index) => bytes[index] !== bytes[first]) ?? sorted.at(-1) ?? first;
  const testAt = (index: number): [number, number, number, number] =>
    [...[index, masks[index] ?? 0, bytes[index] ?? 0], spans?.[index] ?? 0] as [number, number, number, number];
  return [...testAt(first), ...testAt(second)];
}

/** The first byte of the pattern that is not there, -1 where all are. */
function wrongIn(view: Uint8Array, at: number, { bytes, masks, spans, isInNumber = false }: BytePattern): number {
  for (let index = 0; index < bytes.length; index += 1) {
    const more = ((view[at + index] ?? 0) | (masks[index] ?? 0)) - (bytes[index] ?? 0);
    if (more < 0 || more > (spans?.[index] ?? 0)) return index;
  }
  return !isInNumber || isNumber(view, at) ? -1 : 0;
}

/** Before its digits, points and signs stands what a value stands behind. */
function isNumber(view: Uint8Array, at: number): boolean {
  let before = at - 1;
  for (; before >= 0 && at - before < longestPattern; before -= 1) {
    const byte = view[before] ?? 0;
    if (byte < 0x2b || byte === 0x2c || byte > 0x39) break;
  }
  const byte = view[before] ?? 0;
  return at - before >= longestPattern || byte <= 0x20 || byte === 0x2c || byte === 0x3a || byte === 0x5b;
}

/** `\u00` and a digit from 2 to 7: what our own writer never escapes so. */
function isEscape(view: Uint8Array, at: number): boolean {
  const [digit = 0] = [view[at + 4]];
  return view[at] === 0x5c && view[at + 1] === 0x75 && view[at + 2] === 0x30 && digit >= 0x32 && digit <= 0x37;
}

interface Scanner {
  memory: { buffer: ArrayBuffer; grow(pages: number): void };
  find(at: number, end: number, ...ends: Ends): number;
}

/** The types of Node do not tell of it. */
interface Assembly {
  Module: new (code: Uint8Array) => object;
  Instance: new (module: object) => { exports: unknown };
}

function createScanner(): Scanner | undefined {
  try {
    const { WebAssembly } = globalThis as unknown as { WebAssembly: Assembly };
    return new WebAssembly.Instance(new WebAssembly.Module(scannerModule())).exports as Scanner;
  } catch {
    return undefined;
  }
}

/**
 * `find` as WebAssembly: the next place where both bytes, or a backslash, `u`, any and `0`, stand; `end` or more: none.
 * Sixteen places are compared at once; of each byte the mask is set, the least subtracted, and the rest is not too large.
 */
function scannerModule(): Uint8Array {
  const i32 = 0x7f;
  const v128 = 0x7b;
  const none = 0x40;
  const [at, end, first, second] = [0, 1, 2, 6];
  const found = 10;
  // Vectors of each test's mask, least and span, and of what an escape begins with.
  const [firstVectors, secondVectors, backslashes, us, zeros] = [11, 14, 17, 18, 19];
  const get = (local: number) => [0x20, local];
  const set = (local: number) => [0x21, local];
  const add = [0x6a];
  const load = (offset = 0) => [0xfd, 0x00, 0, offset];
  const and = [0xfd, 0x4e];
  const or = [0xfd, 0x50];
  const equal = [0xfd, 0x23];
  const minus = [0xfd, 0xf1, 0x00];
  const isAtMost = [0xfd, 0x2a];
  const splat = [0xfd, 0x0f];
  const giveBack = [0x0f];
  const unless0 = [0x04, none];
  const endOfBlock = [0x0b];
  /** In one or two bytes, below 8192. */
  const constant = (value: number) => [0x41, (value & 0x7f) | 0x80, value >> 7];
  const spread = (from: number[], to: number) => [...from, ...splat, ...set(to)];
  const spreadTest = (test: number, vectors: number) =>
    [0, 1, 2].flatMap((index) => spread(get(test + 1 + index), vectors + index));
  const isFit = (test: number, vectors: number) =>
    [
      ...[get(at), get(test), add, load()],
      ...[get(vectors), or, get(vectors + 1), minus, get(vectors + 2), isAtMost],
    ].flat();
  const body = [
    [2, 1, i32, 9, v128],
    spreadTest(first, firstVectors),
    spreadTest(second, secondVectors),
    spread(constant(0x5c), backslashes),
    spread(constant(0x75), us),
    spread(constant(0x30), zeros),
    [0x03, none],
    [get(at), get(end), [0x4f], unless0, get(end), giveBack, endOfBlock].flat(),
    [isFit(first, firstVectors), isFit(second, secondVectors), and].flat(),
    [get(at), load(), get(backslashes), equal].flat(),
    [get(at), load(1), get(us), equal, and].flat(),
    [get(at), load(3), get(zeros), equal, and].flat(),
    [or, [0xfd, 0x64], [0x22, found]].flat(),
    [unless0, get(at), get(found), [0x68], add, giveBack, endOfBlock].flat(),
    [get(at), constant(16), add, set(at), [0x0c, 0]].flat(),
    [endOfBlock, [0x00], endOfBlock].flat(),
  ].flat();
  const sized = (content: number[]) => [(content.length & 0x7f) | 0x80, content.length >> 7, ...content];
  const section = (kind: number, content: number[]) => [kind, ...sized(content)];
  const name = (text: string) => [text.length, ...Buffer.from(text)];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, 10, ...Array.from({ length: 10 }, () => i32), 1, i32]),
    ...section(3, [1, 0]),
    ...section(5, [1, 0, 17]),
    ...section(7, [2, ...name("memory"), 2, 0, ...name("find"), 0, 0]),
    ...section(10, [1, ...sized(body)]),
  ]);
}
