/**
 * Reads files that anyone may have written: never throws for what is there, never waits for what is no file, never leaves
 * the folder by a link, never holds more in memory than a limit, and remembers where it looked.
 */
import { type FileHandle, lstat, open, readdir, realpath, stat } from "node:fs/promises";
import { dirname, join, sep } from "node:path";
import { codeOf, messageOf } from "../base/errors";
import type { FormatProblem } from "./format";

export interface SourceLine {
  text: string;
  /** Counted from 1. */
  number: number;
  /** In the file, of its first byte. */
  offset: number;
  /** Whether no LF ends it: it may not have been written to its end. */
  isTorn: boolean;
}

export interface SourceFiles {
  /** What could not be read so far. */
  readonly problems: FormatProblem[];
  /** Where it looked so far. */
  readonly files: readonly string[];
  /** Sorted names; none where there is no such folder. Links that lead out of the root are left out. */
  list(folder: string): Promise<{ name: string; kind: "file" | "folder" }[]>;
  /** Unix ms and bytes of a regular file; `undefined` where there is none. */
  look(file: string): Promise<{ modifiedAt: number; size: number } | undefined>;
  /** The whole text, without a BOM; `undefined` where there is no such file, or with a problem where it is too large. */
  text(file: string): Promise<string | undefined>;
  /** One line after the other, without LF, CRLF and BOM; a line that is too long is a problem. */
  lines(file: string): AsyncIterable<SourceLine>;
  /** Throws the signal's reason where it is aborted. */
  check(): void;
}

export interface SourceLimits {
  /** Of a file that is read whole. */
  fileBytes: number;
  lineBytes: number;
}

const usualLimits: SourceLimits = { fileBytes: 32 * 1024 * 1024, lineBytes: 16 * 1024 * 1024 };
const chunkBytes = 256 * 1024;
const lf = 10;

/** @param root the path that is read, a folder or a file; what links lead to outside of it is not read */
export function openSourceFiles(
  root: string,
  signal?: AbortSignal,
  { fileBytes, lineBytes }: SourceLimits = usualLimits,
): SourceFiles {
  const problems: FormatProblem[] = [];
  const files = new Set<string>();
  let bounds: Promise<string> | undefined;
  const check = () => signal?.throwIfAborted();
  const tell = (file: string, reason: string, line?: number) =>
    problems.push({ file, ...(line !== undefined && { line }), reason });

  /** The real path of the folder that holds everything: of a file, the one it lies in. */
  const findBounds = async () => {
    const real = await realpath(root).catch(() => root);
    const isFolder = await stat(real).then(
      (stats) => stats.isDirectory(),
      () => false,
    );
    return isFolder ? real : dirname(real);
  };
  const isInside = async (path: string) => {
    bounds ??= findBounds();
    const real = await realpath(path).catch(() => undefined);
    const folder = await bounds;
    return real !== undefined && (real === folder || real.startsWith(folder.endsWith(sep) ? folder : folder + sep));
  };
  const kindOf = async (path: string): Promise<"file" | "folder" | undefined> => {
    const stats = await lstat(path).catch(() => undefined);
    const target = stats?.isSymbolicLink() ? await stat(path).catch(() => undefined) : stats;
    const kind = target?.isFile() ? "file" : target?.isDirectory() ? "folder" : undefined;
    return kind !== undefined && (!stats?.isSymbolicLink() || path === root || (await isInside(path)))
      ? kind
      : undefined;
  };
  /** Opening what is no regular file may wait for ever. */
  const openFile = async (file: string): Promise<FileHandle | undefined> => {
    check();
    files.add(file);
    if ((await kindOf(file)) !== "file") {
      if (file === root)
        tell(file, (await lstat(file).catch(() => undefined)) ? "Not a file." : "There is no such file.");
      return undefined;
    }
    try {
      return await open(file, "r");
    } catch (error) {
      if (codeOf(error) !== "ENOENT") tell(file, messageOf(error));
      return undefined;
    }
  };
  const decode = (bytes: Buffer, file: string, line?: number): string => {
    const text = bytes.toString("utf8");
    const isDamaged = text.includes("\ufffd") && !bytes.includes("\ufffd");
    if (isDamaged) tell(file, "Not valid UTF-8: the damaged characters are shown as \ufffd.", line);
    return text;
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
      const names = await readdir(folder).catch(() => []);
      const entries: { name: string; kind: "file" | "folder" }[] = [];
      for (const name of names.sort()) {
        const kind = await kindOf(join(folder, name));
        if (kind) entries.push({ name, kind });
      }
      return entries;
    },
    async look(file) {
      check();
      files.add(file);
      if ((await kindOf(file)) !== "file") return undefined;
      const stats = await stat(file).catch(() => undefined);
      return stats && { modifiedAt: Math.floor(stats.mtimeMs), size: stats.size };
    },
    async text(file) {
      const handle = await openFile(file);
      if (!handle) return undefined;
      try {
        const { size } = await handle.stat();
        if (size > fileBytes) {
          tell(file, `Too large to be read: ${size} bytes, the limit is ${fileBytes}.`);
          return undefined;
        }
        return withoutBom(decode(await handle.readFile(), file));
      } catch (error) {
        tell(file, messageOf(error));
        return undefined;
      } finally {
        await handle.close();
      }
    },
    async *lines(file) {
      const handle = await openFile(file);
      if (!handle) return;
      let [number, offset, start] = [0, 0, 0];
      let parts: Buffer[] = [];
      let length = 0;
      let isTooLong = false;
      const keep = (bytes: Buffer) => {
        length += bytes.length;
        if (length > lineBytes) isTooLong = true;
        if (isTooLong) parts = [];
        // The chunk's memory is used again.
        else if (bytes.length > 0) parts.push(Buffer.from(bytes));
      };
      const take = (isTorn: boolean): SourceLine | undefined => {
        number += 1;
        const text = isTooLong ? undefined : decode(Buffer.concat(parts), file, number);
        if (text === undefined) tell(file, `A line of ${length} bytes is left out; the limit is ${lineBytes}.`, number);
        const line = { number, offset: start, isTorn };
        start = offset;
        parts = [];
        length = 0;
        isTooLong = false;
        if (text === undefined) return undefined;
        const whole = number === 1 ? withoutBom(text) : text;
        return { text: whole.endsWith("\r") ? whole.slice(0, -1) : whole, ...line };
      };
      try {
        const buffer = Buffer.allocUnsafe(chunkBytes);
        for (;;) {
          check();
          const { bytesRead } = await handle.read(buffer, 0, chunkBytes, null);
          if (bytesRead === 0) break;
          const chunk = buffer.subarray(0, bytesRead);
          let from = 0;
          for (let at = chunk.indexOf(lf); at !== -1; at = chunk.indexOf(lf, from)) {
            keep(chunk.subarray(from, at));
            offset += at + 1 - from;
            from = at + 1;
            const line = take(false);
            if (line) yield line;
          }
          keep(chunk.subarray(from));
          offset += bytesRead - from;
        }
        const last = length > 0 ? take(true) : undefined;
        if (last) yield last;
      } catch (error) {
        check();
        tell(file, messageOf(error));
      } finally {
        await handle.close();
      }
    },
  };
}

function withoutBom(text: string): string {
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}
