/**
 * Reads files that anyone may have written: never throws for what is there, never waits for what is no file, never leaves
 * the folder by a link, never holds more in memory than a limit, and remembers where it looked.
 */
import { isUtf8 } from "node:buffer";
import { constants, type Dirent } from "node:fs";
import { type FileHandle, lstat, open, readdir, realpath, stat } from "node:fs/promises";
import { dirname, join, sep } from "node:path";
import { codeOf, messageOf } from "../base/errors";
import type { FormatProblem } from "./format";
import { type SourceLine, splitSource } from "./splitSource";

export type { SourceLine } from "./splitSource";

export interface SourceFiles {
  /** What could not be read so far. */
  readonly problems: FormatProblem[];
  /** Where it looked so far. */
  readonly files: readonly string[];
  /**
   * Sorted names; none where there is no such folder. Links that lead out of the root are left out, and so are links to
   * folders: what is in one is found in its own place, once, and no circle is gone round.
   */
  list(folder: string): Promise<{ name: string; kind: "file" | "folder" }[]>;
  /** Unix ms and bytes of a regular file; `undefined` where there is none. */
  look(file: string): Promise<{ modifiedAt: number; size: number } | undefined>;
  /** The whole text, without a BOM; `undefined` where there is no such file, or with a problem where it is too large. */
  text(file: string): Promise<string | undefined>;
  /** One line after the other, without LF, CRLF and BOM; a line that is too long is a problem. */
  lines(file: string): AsyncIterable<SourceLine>;
  /** Several files side by side. */
  each(files: readonly string[], action: (file: string) => Promise<void>): Promise<void>;
  /** Throws the signal's reason where it is aborted. */
  check(): void;
}

export interface SourceLimits {
  /** Of a file that is read whole. */
  fileBytes: number;
  lineBytes: number;
}

const usualLimits: SourceLimits = { fileBytes: 32 * 1024 * 1024, lineBytes: 16 * 1024 * 1024 };
/** Small, so that the lines of one piece do not hold up everything else; of one line that goes on and on large. */
const chunkBytes = 64 * 1024;
const largeChunkBytes = 1024 * 1024;
/** Files read side by side. */
const width = 16;
/** Opening what is no regular file, such as a pipe, may else wait for ever. Windows has neither, nor what they are for. */
const { O_RDONLY, O_NONBLOCK = 0, O_NOFOLLOW = 0 } = constants;
const nothingThere: ReadonlySet<string | undefined> = new Set(["ENOENT", "ENOTDIR"]);

/** @param root the path that is read, a folder or a file; what links lead to outside of it is not read */
export function openSourceFiles(root: string, signal?: AbortSignal, limits: SourceLimits = usualLimits): SourceFiles {
  const problems: FormatProblem[] = [];
  const files = new Set<string>();
  const within = createBounds(root);
  const check = () => signal?.throwIfAborted();
  const tell = (file: string, reason: string, line?: number) =>
    problems.push({ file, ...(line !== undefined && { line }), reason });

  const openFile = async (file: string): Promise<FileHandle | undefined> => {
    check();
    files.add(file);
    const opened = await openRegular(file, within);
    if ("handle" in opened) return opened.handle;
    const { problem } = opened;
    if (problem !== undefined) tell(file, problem);
    else if (file === root)
      tell(file, (await lstat(file).catch(() => undefined)) ? "Not a file." : "There is no such file.");
    return undefined;
  };

  return {
    problems,
    get files() {
      return [...files];
    },
    check,
    async list(folder) {
      check();
      files.add(folder);
      if (!(await within.holdsFolder(folder))) return [];
      const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
        if (!nothingThere.has(codeOf(error))) tell(folder, messageOf(error));
        return [];
      });
      const found: { name: string; kind: "file" | "folder" }[] = [];
      for (const entry of entries.sort(byName)) {
        const isFile =
          entry.isFile() || (entry.isSymbolicLink() && (await within.linksToFile(join(folder, entry.name))));
        if (isFile) found.push({ name: entry.name, kind: "file" });
        else if (entry.isDirectory()) found.push({ name: entry.name, kind: "folder" });
      }
      return found;
    },
    async look(file) {
      check();
      files.add(file);
      if (!(await within.holdsFolder(dirname(file)))) return undefined;
      const own = await lstat(file).catch(() => undefined);
      const isLink = own?.isSymbolicLink() && (await within.linksToFile(file));
      const stats = isLink ? await stat(file).catch(() => undefined) : own;
      return stats?.isFile() ? { modifiedAt: Math.floor(stats.mtimeMs), size: stats.size } : undefined;
    },
    async text(file) {
      const handle = await openFile(file);
      if (!handle) return undefined;
      try {
        const bytes = await readWhole(handle, limits.fileBytes);
        if (typeof bytes === "number") {
          tell(file, `Too large to be read: ${bytes} bytes, the limit is ${limits.fileBytes}.`);
          return undefined;
        }
        if (!isUtf8(bytes)) tell(file, damaged);
        return withoutBom(bytes.toString("utf8"));
      } catch (error) {
        tell(file, messageOf(error));
        return undefined;
      } finally {
        await handle.close().catch(() => {});
      }
    },
    async *lines(file) {
      const handle = await openFile(file);
      if (!handle) return;
      const splitter = splitSource(limits.lineBytes, (number, bytes) =>
        tell(file, bytes === undefined ? damaged : tooLong(bytes, limits.lineBytes), number),
      );
      try {
        const small = Buffer.allocUnsafe(chunkBytes);
        let large: Buffer | undefined;
        for (;;) {
          check();
          const isLong = splitter.pendingBytes() > largeChunkBytes;
          if (isLong) large ??= Buffer.allocUnsafe(largeChunkBytes);
          const buffer = isLong && large ? large : small;
          const bytesRead = await readSome(handle, buffer).catch((error: unknown) => {
            tell(file, messageOf(error));
            return 0;
          });
          if (bytesRead === 0) break;
          for (const line of splitter.take(buffer.subarray(0, bytesRead))) yield line;
        }
        const last = splitter.end();
        if (last) yield last;
      } finally {
        await handle.close().catch(() => {});
      }
    },
    async each(paths, action) {
      const queue = paths.values();
      const work = async () => {
        for (const path of queue) {
          check();
          await action(path);
        }
      };
      await Promise.all(Array.from({ length: Math.min(width, paths.length) }, work));
    },
  };
}

const damaged = "Not valid UTF-8: the damaged characters are shown as \ufffd.";
const tooLong = (bytes: number, limit: number) => `A line of ${bytes} bytes is left out; the limit is ${limit}.`;

interface Bounds {
  /** Whether a folder is where its path says: links on the way to one below the root do not lead out of it. */
  holdsFolder(folder: string): Promise<boolean>;
  linksToFile(link: string): Promise<boolean>;
}

/** Where the root really lies: of a file, its folder. */
function createBounds(root: string): Bounds {
  const isBelow = (folder: string, path: string) =>
    path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
  const findBounds = async () => {
    const real = await realpath(root).catch(() => root);
    const stats = await stat(real).catch(() => undefined);
    return stats?.isDirectory() ? real : dirname(real);
  };
  let bounds: Promise<string> | undefined;
  const isInside = async (path: string) => {
    bounds ??= findBounds();
    const real = await realpath(path).catch(() => undefined);
    return real !== undefined && isBelow(await bounds, real);
  };
  const known = new Map<string, Promise<boolean>>();
  return {
    async holdsFolder(folder) {
      // A reader may well look at what lies beside what it was given.
      if (folder === root || !isBelow(root, folder)) return true;
      const told = known.get(folder) ?? isInside(folder);
      known.set(folder, told);
      return await told;
    },
    async linksToFile(link) {
      const target = await stat(link).catch(() => undefined);
      return (target?.isFile() ?? false) && (link === root || (await isInside(link)));
    },
  };
}

/** Neither a handle nor a problem where there is no regular file within the bounds. */
async function openRegular(file: string, within: Bounds): Promise<{ handle: FileHandle } | { problem?: string }> {
  if (!(await within.holdsFolder(dirname(file)))) return {};
  // Without the flag that tells links apart, they are looked for.
  const isLink = O_NOFOLLOW === 0 && (await lstat(file).catch(() => undefined))?.isSymbolicLink();
  const opened = isLink ? { code: "ELOOP" } : await tryOpen(file, O_RDONLY | O_NONBLOCK | O_NOFOLLOW);
  const isFollowed = "code" in opened && opened.code === "ELOOP" && (await within.linksToFile(file));
  const result = isFollowed ? await tryOpen(file, O_RDONLY | O_NONBLOCK) : opened;
  if (!("handle" in result)) return "message" in result ? { problem: result.message } : {};
  const stats = await result.handle.stat().catch(() => undefined);
  if (stats?.isFile()) return result;
  await result.handle.close().catch(() => {});
  return {};
}

/** That nothing is there, a link, or something that cannot be opened like a file is no problem by itself. */
async function tryOpen(
  file: string,
  flags: number,
): Promise<{ handle: FileHandle } | { code: string | undefined } | { message: string }> {
  try {
    return { handle: await open(file, flags) };
  } catch (error) {
    const code = codeOf(error);
    const isNone = nothingThere.has(code) || code === "ELOOP" || code === "ENXIO" || code === "EISDIR";
    return isNone ? { code } : { message: messageOf(error) };
  }
}

async function readSome(handle: FileHandle, buffer: Buffer, from = 0): Promise<number> {
  return (await handle.read(buffer, from, buffer.length - from, null)).bytesRead;
}

/** A file may grow while it is read. @returns how many bytes it has where those are too many */
async function readWhole(handle: FileHandle, limit: number): Promise<Buffer | number> {
  const { size } = await handle.stat();
  if (size > limit) return size;
  let buffer = Buffer.allocUnsafe(size + 1);
  let length = 0;
  for (;;) {
    const bytesRead = await readSome(handle, buffer, length);
    length += bytesRead;
    if (length > limit) return length;
    // Less than was asked for: there is no more.
    if (length < buffer.length) return buffer.subarray(0, length);
    const larger = Buffer.allocUnsafe(Math.min(limit + 1, buffer.length * 2 + chunkBytes));
    buffer.copy(larger, 0, 0, length);
    buffer = larger;
  }
}

function byName(a: Dirent, b: Dirent): number {
  return a.name < b.name ? -1 : 1;
}

function withoutBom(text: string): string {
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}
