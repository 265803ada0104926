/**
 * What was known of a workspace's runs when it was open last, kept outside of it: shown at once at the next start, and
 * believed only until the disk has been looked at. One file for each set of folders, replaced as a whole.
 */
import { createHash, webcrypto } from "node:crypto";
import { mkdir, readdir, readFile, rm, stat } from "node:fs/promises";
import { join, sep } from "node:path";
import { setImmediate } from "node:timers/promises";
import { codeOf } from "../base/errors";
import { parseJson } from "../base/lines";
import { isRecord } from "../model/toolText";
import { layout } from "../store/layout";
import { replaceFile } from "../store/replaceFile";
import { newId } from "./newId";
import type { RunSummary } from "./runIndex";

export interface CachedRun {
  /** How its journal stood. */
  stamp: string;
  summary: RunSummary;
}

/** With the program's version, in the file's first line: another one is not read. */
const cacheVersion = 1;
/** The newest are kept. */
const mostRuns = 20_000;
/** A row that is longer, such as one with a very long query, is read again. */
const mostRowChars = 64 * 1024;
const mostChars = 24 * 1024 * 1024;
/** Rows made or read at once: more would hold up the thread. */
const rowsAtOnce = 250;
/** Of other sets of folders. */
const mostFiles = 8;
const namePattern = /^runs-[0-9a-f]{16}\.jsonl/u;

export class RunCache {
  private readonly path: string;

  /**
   * @param folder may not be there yet
   * @param places the workspace folders
   */
  constructor(
    private readonly folder: string,
    private readonly places: readonly string[],
    private readonly programVersion: string,
  ) {
    const name = createHash("sha256")
      .update(JSON.stringify([...places].sort()))
      .digest("hex")
      .slice(0, 16);
    this.path = join(folder, `runs-${name}.jsonl`);
  }

  /** Newest first, some at a time; nothing where there is no cache, or it is not exactly as this program wrote it. */
  async *read(): AsyncGenerator<CachedRun[]> {
    const rows = await this.readRows();
    const insides = this.places.map((place) => layout.jobs(place) + sep);
    for (let at = 0; at < rows.length; at += rowsAtOnce) {
      if (at > 0) await setImmediate();
      yield rows.slice(at, at + rowsAtOnce).flatMap((row) => {
        const run = cachedRunOf(parseJson(row));
        return run && insides.some((inside) => run.summary.dir.startsWith(inside)) ? [run] : [];
      });
    }
  }

  /** @param runs newest first; taken some at a time */
  async write(runs: Iterable<CachedRun>): Promise<void> {
    const hash = createHash("sha256");
    const pieces: Buffer[] = [];
    for (const rows of rowsOf(runs)) {
      const piece = Buffer.from(rows.map((row) => `${row}\n`).join(""));
      hash.update(piece);
      pieces.push(piece);
      await setImmediate();
    }
    const head = { cache: cacheVersion, program: this.programVersion, hash: hash.digest("hex") };
    await mkdir(this.folder, { recursive: true });
    const content = [Buffer.from(`${JSON.stringify(head)}\n`), ...pieces];
    await replaceFile(this.path, content, { suffix: newId(), durable: false });
    await this.dropOld();
  }

  private async readRows(): Promise<string[]> {
    const content = await this.readContent();
    const end = content?.indexOf(10) ?? -1;
    if (!content || end < 0) return [];
    const head = parseJson(content.subarray(0, end).toString());
    const isOurs = isRecord(head) && head.cache === cacheVersion && head.program === this.programVersion;
    const body = content.subarray(end + 1);
    if (!isOurs || head.hash !== (await hashOf(body)) || body.length === 0) return [];
    return body.toString().trimEnd().split("\n");
  }

  private async readContent(): Promise<Buffer | undefined> {
    try {
      // A character may take four bytes.
      return (await stat(this.path)).size <= 4 * mostChars ? await readFile(this.path) : undefined;
    } catch (error) {
      if (codeOf(error) === "ENOENT") return undefined;
      throw error;
    }
  }

  /** The caches of folders that have not been open for the longest time, and what a crash left half written. */
  private async dropOld(): Promise<void> {
    const names = (await readdir(this.folder)).filter((name) => namePattern.test(name));
    if (names.length <= mostFiles) return;
    const files = await Promise.all(
      names.map(async (name) => {
        const path = join(this.folder, name);
        return { path, at: (await stat(path).catch(() => undefined))?.mtimeMs ?? 0 };
      }),
    );
    const old = files.sort((a, b) => b.at - a.at).slice(mostFiles);
    await Promise.all(old.map(({ path }) => rm(path, { force: true })));
  }
}

/** As many as are kept, some at a time. */
function* rowsOf(runs: Iterable<CachedRun>): Generator<string[]> {
  let rows: string[] = [];
  let [count, chars, taken] = [0, 0, 0];
  for (const { stamp, summary } of runs) {
    const row = JSON.stringify([stamp, summary]);
    taken += 1;
    if (row.length <= mostRowChars) {
      if (count === mostRuns || chars + row.length > mostChars) break;
      rows.push(row);
      count += 1;
      chars += row.length;
    }
    if (taken % rowsAtOnce !== 0) continue;
    yield rows;
    rows = [];
  }
  yield rows;
}

/** Away from this thread, as a cache may be large. */
async function hashOf(bytes: Buffer): Promise<string> {
  return Buffer.from(await webcrypto.subtle.digest("SHA-256", bytes)).toString("hex");
}

/** The hash tells that the row is as it was written, the version that it is of this kind: little is left to be looked at. */
function cachedRunOf(row: unknown): CachedRun | undefined {
  if (!Array.isArray(row)) return undefined;
  const [stamp, summary]: unknown[] = row;
  const isRow =
    typeof stamp === "string" &&
    isRecord(summary) &&
    typeof summary.startedAt === "number" &&
    typeof summary.steps === "number" &&
    [summary.dir, summary.jobId, summary.runId, summary.expertKey, summary.query, summary.status].every(
      (text) => typeof text === "string",
    );
  return isRow ? { stamp, summary: { ...(summary as unknown as RunSummary), isHere: false } } : undefined;
}
