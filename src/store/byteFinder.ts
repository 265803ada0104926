/**
 * Finds a short text in bytes, sixteen places at a time, with or without case: two of its bytes are compared by vector
 * instructions, which JavaScript itself has not, and the rest where both fit.
 */

/** Of each byte of what is sought: what it is once these bits are set. */
export interface BytePattern {
  bytes: readonly number[];
  /** 0x20 makes capital and small letters the same. */
  masks: readonly number[];
}

export interface ByteFinder {
  /** Takes a copy: `next` is about these bytes. */
  load(bytes: Buffer): void;
  /**
   * The next place at `from` or behind it, -1 where there is none: of the pattern, or of an escape of a plain letter
   * (`\u0041`), in which it may be hidden.
   */
  next(from: number): number;
}

/** `undefined` where the machine has no vector instructions. */
export function createByteFinder(pattern: BytePattern): ByteFinder | undefined {
  const scanner = createScanner();
  if (!scanner) return undefined;
  const { memory, find } = scanner;
  const { bytes, masks } = pattern;
  let view = new Uint8Array(memory.buffer);
  let length = 0;
  let places: [first: number, second: number] | undefined;
  const isHere = (at: number) => bytes.every((byte, index) => ((view[at + index] ?? 0) | (masks[index] ?? 0)) === byte);
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
      places ??= rarestPlaces(pattern, chunk.subarray(0, sampleBytes));
    },
    next(from) {
      const [first, second] = places ?? [0, 0];
      const [firstByte = 0, firstMask = 0] = [bytes[first], masks[first]];
      const [secondByte = 0, secondMask = 0] = [bytes[second], masks[second]];
      for (let at = from; ; at += 1) {
        at = find(at, length, first, firstByte, firstMask, second, secondByte, secondMask);
        if (at >= length) return -1;
        if (isHere(at) || isEscape(view, at)) return at;
      }
    },
  };
}

const pageBytes = 64 * 1024;
/** Vectors reach beyond the end, by as much as the longest pattern and one of them. */
const padding = 512;
const sampleBytes = 64 * 1024;
/** Of a longer text only the beginning is sought. */
export const longestPattern = 256;

/** The two bytes of the pattern that are the rarest in the sample. */
function rarestPlaces({ bytes, masks }: BytePattern, sample: Uint8Array): [number, number] {
  const counts = new Uint32Array(256);
  for (const byte of sample) counts[byte] = (counts[byte] ?? 0) + 1;
  const countOf = (index: number) => {
    const [byte = 0, mask = 0] = [bytes[index], masks[index]];
    return (counts[byte] ?? 0) + (mask === 0 ? 0 : (counts[byte & ~mask] ?? 0));
  };
  const sorted = bytes.map((_, index) => index).sort((a, b) => countOf(a) - countOf(b));
  const [first = 0] = sorted;
  // The same letter twice tells little more.
  return [first, sorted.find((index) => bytes[index] !== bytes[first]) ?? sorted[1] ?? first];
}

/** `\u00` and a digit from 2 to 7: what our own writer never escapes so. */
function isEscape(view: Uint8Array, at: number): boolean {
  const [digit = 0] = [view[at + 4]];
  return view[at] === 0x5c && view[at + 1] === 0x75 && view[at + 2] === 0x30 && digit >= 0x32 && digit <= 0x37;
}

interface Scanner {
  memory: { buffer: ArrayBuffer; grow(pages: number): void };
  find(
    ...args: [
      at: number,
      end: number,
      first: number,
      firstByte: number,
      firstMask: number,
      second: number,
      secondByte: number,
      secondMask: number,
    ]
  ): number;
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

/** `find` as WebAssembly: the next place where both bytes, or a backslash, `u`, any and `0`, stand; `end` or more: none. */
function scannerModule(): Uint8Array {
  const i32 = 0x7f;
  const v128 = 0x7b;
  const none = 0x40;
  const [at, end, first, firstByte, firstMask, second, secondByte, secondMask] = [0, 1, 2, 3, 4, 5, 6, 7];
  const found = 8;
  const [firstBytes, firstMasks, secondBytes, secondMasks, backslashes, us, zeros] = [9, 10, 11, 12, 13, 14, 15];
  const get = (local: number) => [0x20, local];
  const set = (local: number) => [0x21, local];
  const add = [0x6a];
  const load = (offset = 0) => [0xfd, 0x00, 0, offset];
  const and = [0xfd, 0x4e];
  const or = [0xfd, 0x50];
  const equal = [0xfd, 0x23];
  const splat = [0xfd, 0x0f];
  const giveBack = [0x0f];
  const unless0 = [0x04, none];
  const endOfBlock = [0x0b];
  /** In one or two bytes, below 8192. */
  const constant = (value: number) => [0x41, (value & 0x7f) | 0x80, value >> 7];
  const spread = (from: number[], to: number) => [...from, ...splat, ...set(to)];
  const isByte = (place: number, masks: number, bytes: number) =>
    [get(at), get(place), add, load(), get(masks), or, get(bytes), equal].flat();
  const body = [
    [2, 1, i32, 7, v128],
    spread(get(firstByte), firstBytes),
    spread(get(firstMask), firstMasks),
    spread(get(secondByte), secondBytes),
    spread(get(secondMask), secondMasks),
    spread(constant(0x5c), backslashes),
    spread(constant(0x75), us),
    spread(constant(0x30), zeros),
    [0x03, none],
    [get(at), get(end), [0x4f], unless0, get(end), giveBack, endOfBlock].flat(),
    [isByte(first, firstMasks, firstBytes), isByte(second, secondMasks, secondBytes), and].flat(),
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
    ...section(1, [1, 0x60, 8, ...Array.from({ length: 8 }, () => i32), 1, i32]),
    ...section(3, [1, 0]),
    ...section(5, [1, 0, 17]),
    ...section(7, [2, ...name("memory"), 2, 0, ...name("find"), 0, 0]),
    ...section(10, [1, ...sized(body)]),
  ]);
}
