/** A journal whose disk fills up, and two processes at one journal: its lines stay whole. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { beforeAll, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { newId } from "../../src/app/newId";
import type { RunEvent } from "../../src/model/events";
import { JournalError, openJournal } from "../../src/store/journal";
import { layout } from "../../src/store/layout";
import { healJournal, readJournal, scanJournal } from "../../src/store/readJournal";
import { createRunFolder } from "../../src/store/runFolder";
import { bundleProgram } from "../support/bundleProgram";
import { numberedEvent, numberedEvents } from "../support/numberedEvents";
import { runningInfo } from "../support/runningInfo";
import { canMount, onSmallDisk } from "../support/smallDisk";
import { waitUntil } from "../support/waitUntil";

const programs = { journal: "", goOn: "" };
beforeAll(async () => {
  programs.journal = await bundleProgram("journalProgram");
  programs.goOn = await bundleProgram("goOnProgram");
});

let path = "";
beforeEach(async () => {
  path = join(await mkdtemp(join(tmpdir(), "runtrail-journal-")), "events.jsonl");
});

function start(program: keyof typeof programs, ...args: string[]) {
  const child = spawn(process.execPath, [programs[program], ...args], { stdio: ["pipe", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  let told = "";
  child.stdout.setEncoding("utf8");
  child.stdout.on("data", (chunk: string) => {
    told += chunk;
  });
  const closed = once(child, "close");
  return { child, told: () => told.split("\n").slice(0, -1), closed };
}

const short = (seq: number, length = 0): RunEvent => {
  const { id, timestamp, jobId, runId, expertKey, step } = numberedEvent(seq);
  return {
    ...{ id, timestamp, jobId, runId, seq, expertKey, step },
    ...{ type: "logSkill", skill: "s", line: "é".repeat(length) },
  };
};

describe("a journal without room", () => {
  it.skipIf(process.platform !== "linux")("says so at every append, and leaves what is no file alone", async () => {
    const journal = await openJournal("/dev/full", "continue", "event");
    for (const seq of [1, 2]) expect(() => journal.append(short(seq))).toThrow(/ENOSPC|no space/);
    await journal.close();
  });

  it.skipIf(process.platform === "win32")("ends with a whole line, and goes on where there is room again", async () => {
    // A limit of the size of files: the writer's write comes to its end in the middle of a line.
    const args = ["-c", 'ulimit -f 300; exec "$0" "$@"', process.execPath, programs.journal, path, "1", "1000000"];
    const child = spawn("sh", args, { stdio: ["ignore", "pipe", "inherit"] });
    const [said, [code]] = await Promise.all([text(child.stdout), once(child, "close")]);
    const told = said.trim().split("\n");
    expect([code, told.pop()]).toEqual([1, expect.stringMatching(/could not be written: EFBIG/)]);
    const first = await readJournal(path);
    expect(first).toEqual({ events: numberedEvents(told.length), problems: [] });
    expect(await healJournal(path)).toBeUndefined();
    const next = start("journal", path, String(told.length + 1), String(told.length + 100));
    await next.closed;
    expect(await readJournal(path)).toEqual({ events: numberedEvents(told.length + 100), problems: [] });
  });

  it.runIf(canMount())("on a full disk takes a line back that did not fit, and of several at once all", async () => {
    await onSmallDisk(64, async (folder) => {
      const file = join(folder, "events.jsonl");
      let journal = await openJournal(file, "create");
      await writeFile(join(folder, "other"), "x".repeat(20_000));
      let seq = 0;
      const fill = () => {
        for (;;) {
          journal.append(short(seq + 1, 500), short(seq + 2, 500), short(seq + 3, 1_000));
          seq += 3;
        }
      };
      expect(fill).toThrow(JournalError);
      // Also what would have fitted: an event that was not recorded must not be followed by one that is.
      expect(() => journal.append(short(seq + 1))).toThrow(/ENOSPC/);
      await journal.close();
      const { events, problems } = await readJournal(file);
      expect([problems, events.length, seq > 5]).toEqual([[], seq, true]);
      await rm(join(folder, "other"));
      journal = await openJournal(file, "continue");
      journal.append(short(seq + 1, 1_000));
      await journal.close();
      expect((await readJournal(file)).events.map((event) => event.seq)).toEqual(
        Array.from({ length: seq + 1 }, (_, index) => index + 1),
      );
    });
  });

  it.runIf(canMount())("takes nothing from a file that has come into its place", async () => {
    await onSmallDisk(64, async (folder) => {
      const file = join(folder, "events.jsonl");
      const journal = await openJournal(file, "create");
      journal.append(short(1));
      await rename(file, join(folder, "events.jsonl.1"));
      const other = `${JSON.stringify(short(1))}\n${"y".repeat(40_000)}`;
      await writeFile(file, other);
      expect(() => journal.append(short(2, 40_000))).toThrow(JournalError);
      await journal.close();
      expect(await readFile(file, "utf8")).toBe(other);
    });
  });
});

describe("two processes", () => {
  it("that append to one journal, though they may not, leave whole lines: theirs, each in its order", async () => {
    await writeFile(path, "");
    const writers = [1, 2, 3].map((writer) => {
      const from = writer * 10_000 + 1;
      return { from, ...start("journal", path, String(from), String(from + 699), "wait") };
    });
    for (const { told } of writers) await waitUntil("a writer", () => told().includes("ready"));
    for (const { child } of writers) child.stdin?.end();
    for (const { closed } of writers) expect(await closed).toEqual([0, null]);
    const seen = new Map<number, number>();
    const wrong: number[] = [];
    const problems = await scanJournal(path, (event) => {
      const writer = Math.floor(event.seq / 10_000);
      const count = (seen.get(writer) ?? 0) + 1;
      seen.set(writer, count);
      const expected = numberedEvent(writer * 10_000 + count);
      if (JSON.stringify(event) !== JSON.stringify(expected)) wrong.push(event.seq);
    });
    expect({ problems, wrong, counts: [...seen.values()] }).toEqual({
      problems: [],
      wrong: [],
      counts: [700, 700, 700],
    });
  });

  it("that want to go on with one run: one gets it, the other is told, and gets it when the first has ended", async () => {
    const root = join(path, "..");
    const folder = await createRunFolder(root, { jobId: "j", runId: "r" }, newId);
    const gone = spawn(process.execPath, ["-e", ""]);
    await once(gone, "close");
    await folder.writeInfo(runningInfo(root, { pid: gone.pid ?? 0, host: hostname() }));
    folder.append(numberedEvent(1));
    await folder.close();
    const windows: { child: ChildProcess; told: () => string[] }[] = [1, 2].map(() => start("goOn", folder.dir));
    await waitUntil("both to be answered", () => windows.every(({ told }) => told().length > 0));
    const [winner, loser] = [...windows].sort(
      (a, b) => Number(b.told()[0] === "ours") - Number(a.told()[0] === "ours"),
    );
    expect(winner?.told()).toEqual(["ours"]);
    expect(loser?.told()).toEqual([expect.stringMatching(/goes on elsewhere already/)]);
    winner?.child.stdin?.end();
    if (winner) await once(winner.child, "close");
    const third = start("goOn", folder.dir);
    third.child.stdin?.end();
    await third.closed;
    expect(third.told()).toEqual(["ours"]);
    expect((await readJournal(layout.journal(folder.dir))).events).toHaveLength(1);
  });
});
