/**
 * The lines of a file that may grow, be cut off or be replaced meanwhile, forward or backward, a piece at a time. Each line
 * comes from one read: none is ever put together from what stood in the file at two moments.
 */
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";

export interface FileLine {
  /** Without LF, CR and BOM; `undefined` where it is longer than `longestLine`. */
  text: string | undefined;
  /** In the file, of its first byte and of what stands behind its LF. */
  start: number;
  end: number;
  /** Whether it is the last one and no LF ends it. */
  isTorn: boolean;
}

export interface LineOptions {
  /** Bytes read at once, as long as a line is not longer. */
  chunkBytes?: number;
  /** Bytes; no line is held that is longer. */
  longest?: number;
}

/** Larger than any event: large results lie beside the journal. */
export const longestLine = 64 * 1024 * 1024;

const usualChunk = 64 * 1024;
/** Holds the last events that people look at. */
const firstChunkBackward = 16 * 1024;
const lf = 10;

/** Never waits for what is no file, such as a pipe; reading it then throws. */
export async function openToRead(path: string): Promise<FileHandle> {
  const { O_RDONLY, O_NONBLOCK = 0 } = constants;
  return await open(path, O_RDONLY | O_NONBLOCK);
}

/** The lines from the byte `from` on, as many at a time as one read gives. Throws the system's error. */
export async function* readLines(
  handle: FileHandle,
  from = 0,
  { chunkBytes = usualChunk, longest = longestLine }: LineOptions = {},
): AsyncGenerator<FileLine[], undefined> {
  let buffer = Buffer.allocUnsafe(chunkBytes);
  let start = from;
  for (;;) {
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, start);
    const lines: FileLine[] = [];
    let begin = 0;
    for (let at = indexOfLf(buffer, 0, bytesRead); at !== -1; at = indexOfLf(buffer, begin, bytesRead)) {
      lines.push(lineOf(buffer, start, { begin, stop: at, end: at + 1, longest }));
      begin = at + 1;
    }
    start += begin;
    if (lines.length > 0) yield lines;
    else if (bytesRead < buffer.length) {
      if (bytesRead > 0) yield [lineOf(buffer, start, { begin: 0, stop: bytesRead, end: bytesRead, longest })];
      return;
    } else if (buffer.length <= longest) buffer = Buffer.allocUnsafe(Math.min(buffer.length * 2, longest + 1));
    else {
      const line = await passLine(handle, buffer, start);
      yield [line];
      if (line.isTorn) return;
      start = line.end;
    }
  }
}

/**
 * The lines before the byte `upTo`, last to first, as many at a time as one read gives; ends early where the file is cut
 * off meanwhile. Throws the system's error.
 */
export async function* readLinesBackward(
  handle: FileHandle,
  upTo: number,
  { chunkBytes = firstChunkBackward, longest = longestLine }: LineOptions = {},
): AsyncGenerator<FileLine[], undefined> {
  let buffer = Buffer.allocUnsafe(chunkBytes);
  let end = upTo;
  while (end > 0) {
    const from = Math.max(0, end - buffer.length);
    const length = end - from;
    if ((await handle.read(buffer, 0, length, from)).bytesRead < length) return;
    const lines: FileLine[] = [];
    for (let stop = length; stop > 0; ) {
      const body = buffer[stop - 1] === lf ? stop - 1 : stop;
      const before = body === 0 ? -1 : buffer.lastIndexOf(lf, body - 1);
      if (before === -1 && from > 0) break;
      lines.push(lineOf(buffer, from, { begin: before + 1, stop: body, end: stop, longest }));
      stop = before + 1;
      end = from + stop;
    }
    if (lines.length > 0) {
      yield lines;
      if (buffer.length < usualChunk && chunkBytes === firstChunkBackward) buffer = Buffer.allocUnsafe(usualChunk);
    } else if (buffer.length < longest + 2) {
      // With its own LF and that of the line before it.
      buffer = Buffer.allocUnsafe(Math.min(buffer.length * 2, longest + 2));
    } else {
      const isTorn = buffer[length - 1] !== lf;
      const start = await passLineBackward(handle, buffer, from);
      if (start === undefined) return;
      yield [{ text: undefined, start, end, isTorn }];
      end = start;
    }
  }
}

function indexOfLf(buffer: Buffer, from: number, to: number): number {
  const at = buffer.indexOf(lf, from);
  return at < to ? at : -1;
}

function lineOf(buffer: Buffer, offset: number, { begin, stop, end, longest }: Place): FileLine {
  const place = { start: offset + begin, end: offset + end, isTorn: stop === end };
  if (stop - begin > longest) return { text: undefined, ...place };
  const text = buffer.toString("utf8", begin, stop);
  const from = place.start === 0 && text.charCodeAt(0) === 0xfeff ? 1 : 0;
  return { text: text.slice(from, text.endsWith("\r") ? -1 : undefined), ...place };
}

/** Of a line in what was read. */
interface Place {
  begin: number;
  stop: number;
  /** Behind its LF. */
  end: number;
  longest: number;
}

/** A line that is too long: only its end is looked for. */
async function passLine(handle: FileHandle, buffer: Buffer, start: number): Promise<FileLine> {
  for (let end = start + buffer.length; ; ) {
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, end);
    const at = indexOfLf(buffer, 0, bytesRead);
    if (at !== -1) return { text: undefined, start, end: end + at + 1, isTorn: false };
    if (bytesRead === 0) return { text: undefined, start, end, isTorn: true };
    end += bytesRead;
  }
}

/** Where a line begins that is too long; `undefined` where it is cut off meanwhile. */
async function passLineBackward(handle: FileHandle, buffer: Buffer, upTo: number): Promise<number | undefined> {
  for (let end = upTo; end > 0; ) {
    const from = Math.max(0, end - buffer.length);
    if ((await handle.read(buffer, 0, end - from, from)).bytesRead < end - from) return undefined;
    const at = buffer.subarray(0, end - from).lastIndexOf(lf);
    if (at !== -1) return from + at + 1;
    end = from;
  }
  return 0;
}
