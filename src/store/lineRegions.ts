/** A log in pieces of whole lines, from its beginning or from its end, however large it is. */
import type { FileHandle } from "node:fs/promises";
import { longestLine } from "./readLines";

const lf = 10;
const seekBytes = 64 * 1024;
const nothing = Buffer.alloc(0);

export interface LineRegion {
  /** Whole lines, each with its LF; the memory is used again afterwards. */
  bytes: Buffer;
  /** In the file. */
  offset: number;
}

export interface RegionOptions {
  /** Bytes of the file that are looked at; a line that is not whole in them is left out. */
  from: number;
  to: number;
  chunkBytes: number;
  /** Hears of lines that are too long to be read: where one begins, and the next one. */
  onLongLine(offset: number, next: number): void;
}

/** The next piece is read while one is looked at. */
export async function* regionsForward(handle: FileHandle, options: RegionOptions): AsyncGenerator<LineRegion> {
  const { to, onLongLine } = options;
  let at = options.from;
  const chunkBytes = Math.min(options.chunkBytes, to - at);
  let size = chunkBytes;
  let spare: Buffer | undefined;
  const begin = () => {
    if (at >= to) return Promise.resolve(nothing);
    return readAhead(handle, spare?.length === size ? spare : Buffer.allocUnsafeSlow(size), at, to);
  };
  let reading = begin();
  try {
    while (at < to) {
      const bytes = await reading;
      if (bytes.length === 0) return;
      const end = bytes.lastIndexOf(lf) + 1;
      if (end === 0) {
        if (bytes.length < size) return;
        spare = undefined;
        if (size < longestLine) size = Math.min(size * 4, longestLine);
        else {
          const next = await findLineStart(handle, at + bytes.length, to);
          onLongLine(at, next);
          at = next;
          size = chunkBytes;
        }
        reading = begin();
        continue;
      }
      const offset = at;
      at += end;
      size = chunkBytes;
      reading = begin();
      yield { bytes: bytes.subarray(0, end), offset };
      spare = bytes.buffer.byteLength === chunkBytes ? Buffer.from(bytes.buffer) : undefined;
    }
  } finally {
    await reading.catch(() => undefined);
  }
}

/** The same, the last piece first. */
export async function* regionsBackward(handle: FileHandle, options: RegionOptions): AsyncGenerator<LineRegion> {
  const { from, onLongLine } = options;
  let end = await findLineEnd(handle, options.to, from);
  const chunkBytes = Math.min(options.chunkBytes, end - from);
  let size = chunkBytes;
  let spare: Buffer | undefined;
  const begin = () => {
    if (end <= from) return Promise.resolve(nothing);
    const start = Math.max(from, end - size);
    return readAhead(handle, spare?.length === size ? spare : Buffer.allocUnsafeSlow(size), start, end);
  };
  let reading = begin();
  try {
    while (end > from) {
      const start = Math.max(from, end - size);
      const bytes = await reading;
      // Cut off under the reader: what is left of it is before this.
      if (bytes.length < end - start) return;
      const first = start === from ? 0 : bytes.indexOf(lf) + 1;
      if (first === bytes.length || (first === 0 && start > from)) {
        spare = undefined;
        if (size < longestLine) size = Math.min(size * 4, longestLine);
        else {
          const next = end;
          end = await findLineEnd(handle, start, from);
          onLongLine(end, next);
          size = chunkBytes;
        }
        reading = begin();
        continue;
      }
      end = start + first;
      size = chunkBytes;
      reading = begin();
      yield { bytes: bytes.subarray(first), offset: end };
      spare = bytes.buffer.byteLength === chunkBytes ? Buffer.from(bytes.buffer) : undefined;
    }
  } finally {
    await reading.catch(() => undefined);
  }
}

/** Where the first line begins that begins at `at` or behind it; `to` where there is none. */
export async function findLineStart(handle: FileHandle, at: number, to: number): Promise<number> {
  if (at <= 0) return 0;
  const buffer = Buffer.allocUnsafe(seekBytes);
  for (let position = at - 1; position < to; position += seekBytes) {
    const bytes = await readAhead(handle, buffer, position, to);
    const found = bytes.indexOf(lf);
    if (found !== -1) return position + found + 1;
    if (bytes.length < seekBytes) break;
  }
  return to;
}

/** Behind the last LF before `at`; `from` where there is none. */
export async function findLineEnd(handle: FileHandle, at: number, from: number): Promise<number> {
  const buffer = Buffer.allocUnsafe(seekBytes);
  for (let end = at; end > from; ) {
    const start = Math.max(from, end - seekBytes);
    const bytes = await readAhead(handle, buffer, start, end);
    const found = bytes.lastIndexOf(lf);
    if (found !== -1) return start + found + 1;
    end = start;
  }
  return from;
}

/** One read, so that no line is put together from what stood in the file at two moments. */
async function readAhead(handle: FileHandle, buffer: Buffer, from: number, to: number): Promise<Buffer> {
  const { bytesRead } = await handle.read(buffer, 0, Math.min(buffer.length, to - from), from);
  return buffer.subarray(0, bytesRead);
}
