/**
 * A program that keeps a log, for tests that kill it, run two of it, or leave it no room: `<file> <from> <to> [flush]`
 * appends these numbers and tells each of them once it is appended, in the end why it stopped before.
 */
import { writeSync } from "node:fs";
import { type FlushMode, openJournal } from "../../src/store/journal";
import { numberedEvent } from "./numberedEvents";

const [path = "", from = "", to = "", flush] = process.argv.slice(2);

try {
  const journal = await openJournal(path, from === "1" ? "create" : "continue", flush as FlushMode | undefined);
  for (let seq = Number(from); seq <= Number(to); seq += 1) {
    journal.append(numberedEvent(seq));
    writeSync(1, `${seq}\n`);
  }
  await journal.close();
} catch (error) {
  writeSync(1, `${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
