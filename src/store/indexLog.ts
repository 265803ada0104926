/** One pass over what the index does not know yet of a log: line after line, without parsing what need not be parsed. */
import type { FileHandle } from "node:fs/promises";
import { setImmediate } from "node:timers/promises";
import type { EventColumns } from "./eventColumns";
import { EventScanner } from "./eventScanner";
import { type LineRegion, regionsForward } from "./lineRegions";

const chunkBytes = 2 * 1024 * 1024;
/** Then others on this thread have their turn. The clock is looked at after so many lines. */
const turnMs = 4;
const turnLines = 32;
const [lf, cr] = [10, 13] as const;
const byteOrderMark = Buffer.from("\ufeff");

/**
 * Takes in the whole lines from where the index ends up to the byte `size`. Where the signal is aborted it throws the
 * signal's reason, and the index is right about what it covers by then.
 */
export async function indexLog(
  columns: EventColumns,
  handle: FileHandle,
  size: number,
  signal?: AbortSignal,
): Promise<void> {
  const scanner = new EventScanner();
  const pass = (next: number) => {
    columns.lines += 1;
    columns.addProblem("A line is too long to be read.");
    columns.bytes = next;
  };
  let isLongAtEnd = false;
  const onLongLine = (_: number, next: number) => {
    if (next < size) pass(next);
    else isLongAtEnd = true;
  };
  const range = { from: columns.bytes, to: size, chunkBytes, onLongLine };
  for await (const region of regionsForward(handle, range)) {
    signal?.throwIfAborted();
    scanner.use(region.bytes);
    let at = takeLines(columns, scanner, region, 0);
    while (at < region.bytes.length) {
      await setImmediate();
      signal?.throwIfAborted();
      at = takeLines(columns, scanner, region, at);
    }
  }
  if (isLongAtEnd && (await endsWithLine(handle, size))) pass(size);
  columns.tornBytes = size - columns.bytes;
}

/** Gives where it stopped, behind a line: at the end, or earlier where it took long. */
function takeLines(columns: EventColumns, scanner: EventScanner, { bytes, offset }: LineRegion, from: number): number {
  const until = performance.now() + turnMs;
  let at = from;
  while (at < bytes.length) {
    if (columns.lines % turnLines === 0 && at > from && performance.now() > until) break;
    const end = bytes.indexOf(lf, at);
    const begin = at === 0 && offset === 0 && startsWithMark(bytes) ? byteOrderMark.length : at;
    const stop = end > begin && bytes[end - 1] === cr ? end - 1 : end;
    columns.lines += 1;
    if (stop > begin) {
      if (scanner.scan(begin, stop)) columns.push(offset + begin, stop - begin, scanner);
      else columns.addProblem(scanner.problem);
    }
    at = end + 1;
  }
  columns.bytes = offset + at;
  return at;
}

function startsWithMark(bytes: Buffer): boolean {
  return bytes.subarray(0, byteOrderMark.length).equals(byteOrderMark);
}

async function endsWithLine(handle: FileHandle, size: number): Promise<boolean> {
  const last = Buffer.alloc(1);
  await handle.read(last, 0, 1, size - 1);
  return last[0] === lf;
}
