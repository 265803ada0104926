/**
 * Journals of short runs, many at a time, without waiting for the system: on a thread of its own asking it takes a fraction
 * of what a turn to wait for its answer takes.
 */
import { closeSync, constants, fstatSync, openSync, readdirSync, readSync, type Stats, statSync } from "node:fs";
import { join, sep } from "node:path";
import { parseJson } from "../base/lines";
import { parseEvent, type RunEvent } from "../model/events";
import { type JournalStanding, standingOf } from "./journalStamp";
import { layout } from "./layout";
import { isFolderOfId } from "./runFolders";

/** Larger ones take their time, and so are waited for. Bytes. */
const mostBytes = 64 * 1024;

export interface SmallJournal extends JournalStanding {
  /** Absent where it stands as it is known, or is not small. */
  events?: RunEvent[];
}

export class SmallJournals {
  private readonly buffer = Buffer.allocUnsafeSlow(mostBytes);

  /** The folders of a job's runs. */
  list(jobDir: string): string[] {
    const runs = join(jobDir, "runs");
    try {
      return readdirSync(runs, { withFileTypes: true })
        .filter(isFolderOfId)
        .map(({ name }) => runs + sep + name);
    } catch {
      return [];
    }
  }

  /** @returns `undefined` where there is none */
  read(runDir: string, knownStamp: string | undefined): SmallJournal | undefined {
    const path = layout.journal(runDir);
    try {
      const standing = standingOfFile(statSync(path));
      const isRead = standing === undefined || standing.stamp === knownStamp || standing.size > mostBytes;
      return isRead ? standing : this.readFile(path);
    } catch {
      return undefined;
    }
  }

  private readFile(path: string): SmallJournal | undefined {
    const { O_RDONLY, O_NONBLOCK = 0 } = constants;
    const file = openSync(path, O_RDONLY | O_NONBLOCK);
    try {
      // As it stands now: what is read is at least that.
      const standing = standingOfFile(fstatSync(file));
      if (!standing || standing.size > mostBytes) return standing;
      let length = 0;
      for (let read = -1; read !== 0 && length < mostBytes; length += read) {
        read = readSync(file, this.buffer, length, mostBytes - length, length);
      }
      return { ...standing, events: eventsOf(this.buffer.toString("utf8", 0, length)) };
    } finally {
      closeSync(file);
    }
  }
}

function standingOfFile(stats: Stats): JournalStanding | undefined {
  return stats.isFile() ? standingOf(stats) : undefined;
}

/** The same as `readJournal` gives: what no LF ends is not there yet, and JSON does not mind a CR. */
function eventsOf(text: string): RunEvent[] {
  const lines = text.replace(/^\uFEFF/u, "").split("\n");
  return lines.slice(0, -1).flatMap((line) => {
    const parsed = parseEvent(parseJson(line));
    return "event" in parsed ? [parsed.event] : [];
  });
}
