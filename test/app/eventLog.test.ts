/** The log of a run from outside: all of it, its end, what comes to it; and the documented ways of the shell. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { appendFile, mkdir, mkdtemp, readFile, realpath, rename, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { EventLog, type FollowOptions } from "../../src/app/library";
import { newId } from "../../src/app/newId";
import type { RunEvent } from "../../src/model/events";
import { healJournal } from "../../src/store/readJournal";
import { createRunFolder, type RunFolder } from "../../src/store/runFolder";
import { anyEvents } from "../model/arbitraryEvents";
import { waitUntil } from "../support/waitUntil";

let dir = "";
let file = "";
let children: ChildProcess[] = [];

beforeEach(async () => {
  dir = await realpath(await mkdtemp(join(tmpdir(), "runtrail-event-log-")));
  file = join(dir, "events.jsonl");
  children = [];
});
afterEach(() => {
  for (const child of children) child.kill("SIGKILL");
});

function event(seq: number, text = `line ${seq}`): RunEvent {
  const envelope = { id: `e${seq}`, timestamp: 1000 + seq, jobId: "j", runId: "r", seq, expertKey: "demo", step: 1 };
  return { ...envelope, type: "logSkill", skill: "s", line: text };
}

function lineOf(each: RunEvent): string {
  return `${JSON.stringify(each)}\n`;
}

const seqs = (events: readonly RunEvent[]) => events.map(({ seq }) => seq);

/** Follows until it is stopped; a poll that never comes shows that changes are told of. */
function follow(options: FollowOptions = {}, log = EventLog.open(file, { pollMs: 60_000 })) {
  const heard: RunEvent[] = [];
  const stop = new AbortController();
  const events = log.follow({ ...options, signal: stop.signal });
  const done = (async () => {
    for await (const each of events) heard.push(each);
  })();
  return {
    log,
    heard,
    async until(last: number) {
      await waitUntil(`event ${last}`, () => heard.some(({ seq }) => seq === last), { describe: () => seqs(heard) });
    },
    async stop() {
      stop.abort();
      await done;
    },
  };
}

describe("the whole log and its end", () => {
  it("are read from a run's folder or from its file, with problems instead of exceptions", async () => {
    await writeFile(file, `${lineOf(event(1))}oops\n\n${lineOf(event(2))}{"torn`);
    const heard: unknown[] = [];
    const log = EventLog.open(dir, { onProblem: (problem) => heard.push(problem) });
    expect(seqs(await log.readAll())).toEqual([1, 2]);
    expect(seqs(await EventLog.open(file).readAll())).toEqual([1, 2]);
    expect(log.problems).toEqual([
      { file, line: 2, reason: expect.any(String) },
      { file, line: 5, reason: "The last record is torn (6 bytes)." },
    ]);
    await log.readAll();
    expect(heard).toEqual(log.problems);
    const none = EventLog.open(join(dir, "none"));
    expect([await none.readAll(), await none.tail(3)]).toEqual([[], []]);
    expect(none.problems).toEqual([{ file: join(dir, "none", "events.jsonl"), reason: "There is no journal here." }]);
  });

  it("agree, however many of the last are asked for", async () => {
    const sizes = fc.array(fc.oneof(fc.nat(200), fc.integer({ min: 65_000, max: 66_000 }), fc.constant(200_000)), {
      maxLength: 8,
    });
    const junk = fc.constantFrom("", "{}\n", "\n", "oops\r\n");
    const end = fc.constantFrom("", '{"torn');
    await fc.assert(
      fc.asyncProperty(sizes, junk, end, fc.nat(10), async (lengths, noise, tail, count) => {
        const lines = lengths.map((length, index) => lineOf(event(index + 1, "ü".repeat(length))) + noise);
        await writeFile(file, lines.join("") + tail);
        const all = await EventLog.open(file).readAll();
        expect(await EventLog.open(file).tail(count)).toEqual(count === 0 ? [] : all.slice(-count));
      }),
      { numRuns: 30 },
    );
  });

  it("are what was written, whatever the events are", async () => {
    await fc.assert(
      fc.asyncProperty(anyEvents, async (events) => {
        await writeFile(file, events.map(lineOf).join(""));
        const all = await EventLog.open(file).readAll();
        expect(seqs(all)).toEqual(seqs(events));
        expect(await EventLog.open(file).tail(5)).toEqual(all.slice(-5));
      }),
      { numRuns: 30 },
    );
  });

  it("take no more of a long log than the end", async () => {
    const many = Array.from({ length: 20_000 }, (_, index) => lineOf(event(index + 1))).join("");
    await writeFile(file, many);
    const before = performance.now();
    expect(seqs(await EventLog.open(file).tail(2))).toEqual([19_999, 20_000]);
    const took = performance.now() - before;
    const whole = performance.now();
    await EventLog.open(file).readAll();
    expect(took).toBeLessThan((performance.now() - whole) / 2);
  });
});

describe("a log that is followed", () => {
  it("gives what comes, from the end, the start or a seq", async () => {
    await writeFile(file, [1, 2, 3].map((seq) => lineOf(event(seq))).join(""));
    const followers = [follow(), follow({ from: "start" }), follow({ from: 3 }), follow({ from: 5 })];
    await followers[1]?.until(3);
    await appendFile(file, lineOf(event(4)) + lineOf(event(5)));
    for (const each of followers) await each.until(5);
    for (const each of followers) await each.stop();
    expect(followers.map(({ heard }) => seqs(heard))).toEqual([[4, 5], [1, 2, 3, 4, 5], [3, 4, 5], [5]]);
  });

  it("gives whole lines only, each once and in order, whatever pieces they come in", async () => {
    const pieces = fc.array(fc.integer({ min: 1, max: 120 }), { minLength: 5, maxLength: 25 });
    await fc.assert(
      fc.asyncProperty(pieces, async (lengths) => {
        await writeFile(file, "");
        const follower = follow({ from: "start" });
        const events = Array.from({ length: 6 }, (_, index) => event(index + 1, "é☃".repeat(index * 5)));
        let bytes = Buffer.from(events.map(lineOf).join(""));
        for (const length of lengths) {
          await appendFile(file, bytes.subarray(0, length));
          bytes = bytes.subarray(length);
        }
        await appendFile(file, bytes);
        await follower.until(6);
        await follower.stop();
        expect(follower.heard).toEqual(events);
        expect(follower.log.problems).toEqual([]);
      }),
      { numRuns: 15 },
    );
  });

  it("survives a torn last line that is mended, and says nothing of it twice", async () => {
    await writeFile(file, lineOf(event(1)) + lineOf(event(2)).slice(0, 40));
    const follower = follow({ from: "start" });
    await follower.until(1);
    expect(await healJournal(file)).toContain("cut away");
    await appendFile(file, lineOf(event(2)).slice(0, -1));
    expect(await healJournal(file)).toContain("line feed");
    await follower.until(2);
    await truncate(file, lineOf(event(1)).length);
    await appendFile(file, lineOf(event(2)) + lineOf(event(3)));
    await follower.until(3);
    await follower.stop();
    expect(seqs(follower.heard)).toEqual([1, 2, 3]);
  });

  it("gives nothing again where the log is written anew or replaced", async () => {
    await writeFile(file, [1, 2].map((seq) => lineOf(event(seq))).join(""));
    const follower = follow();
    await appendFile(file, lineOf(event(3)));
    await follower.until(3);
    const whole = [1, 2, 3, 4].map((seq) => lineOf(event(seq))).join("");
    await writeFile(join(dir, "other"), whole);
    await rename(join(dir, "other"), file);
    await follower.until(4);
    await writeFile(file, lineOf(event(1)));
    await writeFile(file, whole + lineOf(event(5)));
    await follower.until(5);
    await follower.stop();
    expect(seqs(follower.heard)).toEqual([3, 4, 5]);
  });

  it("waits for a log that is not there yet, by looking now and then where nothing tells of it", async () => {
    file = join(dir, "later", "deeper", "events.jsonl");
    const follower = follow({}, EventLog.open(dirname(file), { pollMs: 20 }));
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, lineOf(event(1)));
    await follower.until(1);
    await follower.stop();
    expect(follower.log.problems).toEqual([]);
  });

  it("goes over bad lines with a problem each, at their place", async () => {
    await writeFile(file, "");
    const follower = follow({ from: "start" });
    await appendFile(file, `oops\n${lineOf(event(1))}{"type":"finishRun"}\n${lineOf(event(2))}`);
    await follower.until(2);
    await follower.stop();
    expect(follower.log.problems.map(({ line }) => line)).toEqual([1, 3]);
  });

  it("ends where it is told to: before it begins, while it waits, and when the loop is left", async () => {
    await writeFile(file, lineOf(event(1)) + lineOf(event(2)));
    const log = EventLog.open(file);
    for await (const each of log.follow({ from: "start", signal: AbortSignal.abort() })) throw new Error(each.type);
    const waiting = follow();
    await waiting.stop();
    expect(waiting.heard).toEqual([]);
    for await (const each of log.follow({ from: "start" })) {
      expect(each.seq).toBe(1);
      break;
    }
  });

  it("hears what another process appends, as our own runs append it", async () => {
    const root = await realpath(await mkdtemp(join(tmpdir(), "runtrail-event-log-run-")));
    const folder = await createRunFolder(root, { jobId: "j", runId: "r" }, newId);
    file = join(folder.dir, "events.jsonl");
    const follower = follow();
    for (let seq = 1; seq <= 20; seq += 1) folder.append(event(seq));
    await follower.until(20);
    await folder.close();
    const script = `for (let n = 21; n <= 60; n += 1) require("node:fs").appendFileSync(process.argv[1], process.argv[2].replace('"seq":21', '"seq":' + n) + "\\n");`;
    children.push(spawn(process.execPath, ["-e", script, file, JSON.stringify(event(21))]));
    await follower.until(60);
    await follower.stop();
    expect(seqs(follower.heard)).toEqual(Array.from({ length: 60 }, (_, index) => index + 1));
  });
});

const hasTools = ["tail", "grep", "jq"].every((tool) => spawnSync(tool, ["--version"]).error === undefined);

describe.skipIf(!hasTools || process.platform === "win32")("the shell", () => {
  let folder: RunFolder;
  const gate = (seq: number, name: string): RunEvent => {
    const { id, timestamp, jobId, runId, expertKey, step } = event(seq);
    return { ...{ id, timestamp, jobId, runId, seq, expertKey, step }, type: "failGate", gate: name, measured: 1 };
  };

  beforeEach(async () => {
    folder = await createRunFolder(dir, { jobId: "j", runId: "r" }, newId);
    file = join(folder.dir, "events.jsonl");
    for (let seq = 1; seq <= 20; seq += 1) folder.append(event(seq, 'says "type":"failGate" ☃\u2028'));
  });
  afterEach(async () => {
    await folder.close();
  });

  it("shows gates that fail while a run goes on", async () => {
    const pattern = `"type":"failGate"`;
    const child = spawn("sh", ["-c", `tail -n +1 -f "$0" | grep --line-buffered -F '${pattern}'`, file], {
      detached: true,
    });
    try {
      let out = "";
      child.stdout.on("data", (data: Buffer) => {
        out += data.toString();
      });
      folder.append(gate(21, "coverage"));
      await waitUntil("the gate", () => out.includes("coverage"));
      folder.append(event(22));
      folder.append(gate(23, "lint"));
      await waitUntil("the second gate", () => out.includes("lint"));
      // A text that looks like it has its quotes escaped.
      expect(
        out
          .trim()
          .split("\n")
          .map((line) => JSON.parse(line).gate),
      ).toEqual(["coverage", "lint"]);
    } finally {
      if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    }
  });

  it("shows the last events readably", async () => {
    folder.append(gate(21, "coverage"));
    const { stdout, status } = spawnSync("sh", ["-c", `tail -n 10 "$0" | jq -c .seq`, file], { encoding: "utf8" });
    expect([status, stdout.trim().split("\n").map(Number)]).toEqual([0, [12, 13, 14, 15, 16, 17, 18, 19, 20, 21]]);
    const readable = spawnSync("sh", ["-c", `tail -n 1 "$0" | jq .`, file], { encoding: "utf8" });
    expect(JSON.parse(readable.stdout)).toEqual(gate(21, "coverage"));
    expect(readable.stdout).toContain('\n  "type": "failGate"');
  });

  it("is documented as it works", async () => {
    const text = await readFile(join(import.meta.dirname, "../../docs/event-log.md"), "utf8");
    for (const part of [`tail -f events.jsonl | grep -F '"type":"failGate"'`, "tail -n 10 events.jsonl | jq ."]) {
      expect(text).toContain(part);
    }
  });
});
