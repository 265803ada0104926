/**
 * A program that keeps a log, for tests that kill it, run two of it, or leave it no room: `<file> <from> <to>` appends these
 * numbers and tells each of them once it is appended, in the end why it stopped before; with `wait`, once its input ends.
 */
import { writeSync } from "node:fs";
import { openJournal } from "../../src/store/journal";
import { numberedEvent } from "./numberedEvents";

const [path = "", from = "", to = "", wait] = process.argv.slice(2);

try {
  const journal = await openJournal(path, from === "1" ? "create" : "continue");
  if (wait) {
    writeSync(1, "ready\n");
    await new Promise((resolve) => process.stdin.resume().once("end", resolve));
  }
  for (let seq = Number(from); seq <= Number(to); seq += 1) {
    journal.append(numberedEvent(seq));
    writeSync(1, `${seq}\n`);
  }
  await journal.close();
} catch (error) {
  writeSync(1, `${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
