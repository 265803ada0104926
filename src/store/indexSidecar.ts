/** The index of a large log kept beside it, `events.idx`: a copy of its columns that is believed only where it fits the log. */
import { type FileHandle, readdir, rm, stat } from "node:fs/promises";
import { endianness } from "node:os";
import { dirname, join } from "node:path";
import { crc32 } from "node:zlib";
import * as z from "zod";
import { parseJson } from "../base/lines";
import { bytesPerBlock, EventColumns, eventsPerBlock } from "./eventColumns";
import { EventScanner, eventTypes } from "./eventScanner";
import type { LogProof } from "./logProof";
import { longestLine, openToRead } from "./readLines";
import { replaceFile } from "./replaceFile";

/**
 * magic · length of the description · description (JSON) · blocks of columns · checksum of all that. Numbers and columns
 * stand as this machine has them in memory; on one that has them the other way round it is made again.
 */
const magic = Buffer.from(`runtrail.idx.2.${endianness()}\n`);
const numberBytes = 4;
const longestDescription = 8 * 1024 * 1024;
/** Of what does not fit into the columns: an index with more is not kept. */
const mostWide = 50_000;

/** Positions and values. */
const Wide = z.array(z.tuple([z.number().int().nonnegative(), z.number()]));

const Description = z.object({
  /** Their order gives the numbers in the columns. */
  types: z.literal(eventTypes.join(" ")),
  count: z.number().int().nonnegative(),
  lines: z.number().int().nonnegative(),
  problems: z.array(z.object({ line: z.number().int(), reason: z.string() })),
  wide: z.object({ offsets: Wide, timestamps: Wide, lengths: Wide, seqs: Wide, steps: Wide }),
  proof: z.object({
    inode: z.string(),
    size: z.number().int(),
    changedAt: z.string(),
    bytes: z.number().int().nonnegative(),
    seal: z.string(),
  }),
});
type Description = z.infer<typeof Description>;

/** Whether it is worth it: what is in columns is quickly read, and nothing else. */
export function mayBeKept({ wide }: EventColumns): boolean {
  return Object.values(wide).reduce((sum, { size }) => sum + size, 0) <= mostWide;
}

export function sidecarOf(log: string): string {
  return log.replace(/(?:\.jsonl)?$/u, ".idx");
}

/** By its name, one that is just being written included. */
export function isSidecar(name: string): boolean {
  return /\.idx(?:\.[^.]+\.tmp)?$/u.test(name);
}

/** What is written is the index as it stands at the call, whatever comes to it until it is done. */
export function snapshotSidecar(
  columns: EventColumns,
  proof: LogProof,
): (log: string, suffix: string) => Promise<void> {
  const { count, lines } = columns;
  const problems = columns.told.map(({ line = 0, reason }) => ({ line, reason }));
  const { offsets, timestamps, lengths, seqs, steps } = columns.wide;
  const wide = {
    ...{ offsets: [...offsets], timestamps: [...timestamps], lengths: [...lengths] },
    ...{ seqs: [...seqs], steps: [...steps] },
  };
  const description: Description = { types: eventTypes.join(" "), count, lines, problems, wide, proof };
  const text = Buffer.from(JSON.stringify(description));
  const parts = [magic, bytesOf(text.length), text, ...columns.copyBlocks()];
  return async (log, suffix) => {
    const checksum = parts.reduce((sum, part) => crc32(part, sum), 0);
    await replaceFile(sidecarOf(log), [...parts, bytesOf(checksum)], { suffix, durable: false });
    await removeTorn(dirname(log));
  };
}

/** What a process that was killed left half written; a young one may still be written by another. */
async function removeTorn(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!isSidecar(name) || !name.endsWith(".tmp")) continue;
    const { mtimeMs } = await stat(join(folder, name));
    if (mtimeMs < Date.now() - longestWrite) await rm(join(folder, name), { force: true });
  }
}

const longestWrite = 3_600_000;

/** `undefined` where there is none, or it is damaged or of another kind. Whether it fits the log is another question. */
export async function loadSidecar(log: string): Promise<{ columns: EventColumns; proof: LogProof } | undefined> {
  let handle: FileHandle | undefined;
  try {
    handle = await openToRead(sidecarOf(log));
    return await load(handle, log);
  } catch {
    return undefined;
  } finally {
    await handle?.close();
  }
}

async function load(handle: FileHandle, log: string): Promise<{ columns: EventColumns; proof: LogProof } | undefined> {
  const { size } = await handle.stat();
  const head = await readAt(handle, 0, magic.length + numberBytes);
  if (!head.subarray(0, magic.length).equals(magic)) return undefined;
  const textLength = numberOf(head.subarray(magic.length));
  if (textLength > longestDescription) return undefined;
  const text = await readAt(handle, head.length, textLength);
  const parsed = Description.safeParse(parseJson(text.toString("utf8")));
  if (!parsed.success) return undefined;
  const { count, lines, problems, wide, proof } = parsed.data;
  const start = head.length + text.length;
  // Before memory is taken for it: the file must be as long as it says.
  if (size !== start + Math.ceil(count / eventsPerBlock) * bytesPerBlock + numberBytes) return undefined;
  const columns = new EventColumns(log);
  const blocks = columns.makeBlocks(count);
  let at = start;
  let checksum = crc32(text, crc32(head));
  for (const block of blocks) {
    const { bytesRead } = await handle.read(block, 0, block.length, at);
    if (bytesRead < block.length) return undefined;
    at += block.length;
    checksum = crc32(block, checksum);
  }
  if (checksum !== numberOf(await readAt(handle, at, numberBytes))) return undefined;
  for (const key of ["offsets", "timestamps", "lengths", "seqs", "steps"] as const) {
    for (const [position, value] of wide[key]) columns.wide[key].set(position, value);
  }
  columns.adopt(count);
  columns.lines = lines;
  columns.bytes = proof.bytes;
  columns.tornBytes = proof.size - proof.bytes;
  columns.told.push(...problems.map((problem) => ({ file: log, ...problem })));
  return { columns, proof };
}

const places = 16;

/** Whether the log says, here and there, what the index says of it. */
export async function agreesInPlaces(columns: EventColumns, handle: FileHandle): Promise<boolean> {
  const scanner = new EventScanner();
  for (let place = 0; place < Math.min(places, columns.count); place += 1) {
    const at = Math.floor((columns.count * place) / places);
    const [offset, length] = [columns.offsetOf(at), columns.lengthOf(at)];
    if (length > longestLine || offset + length > columns.bytes) return false;
    // With the LF before it.
    const from = Math.max(0, offset - 1);
    const bytes = await readAt(handle, from, offset + length - from);
    if (offset > 0 && at > 0 && bytes[0] !== 10) return false;
    scanner.use(bytes);
    if (!scanner.scan(offset - from, bytes.length)) return false;
    if (scanner.seq !== columns.seqOf(at) || scanner.step !== columns.stepOf(at)) return false;
    if (eventTypes[scanner.type] !== columns.typeOf(at) || scanner.timestamp !== columns.timestampOf(at)) return false;
  }
  return true;
}

/** Throws where there is not so much. */
async function readAt(handle: FileHandle, from: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  const { bytesRead } = await handle.read(bytes, 0, length, from);
  if (bytesRead < length) throw new Error("The file ends too early.");
  return bytes;
}

function bytesOf(value: number): Buffer {
  return Buffer.from(new Uint32Array([value]).buffer);
}

function numberOf(bytes: Buffer): number {
  return new DataView(bytes.buffer, bytes.byteOffset, numberBytes).getUint32(0, endianness() === "LE");
}
