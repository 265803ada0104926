/** Every sample folder that Perstack wrote: read from its files and from its output, both as the output tells. */
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, realpath, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { ForeignRun } from "../../src/formats/format";
import { perstack } from "../../src/formats/perstack/perstack";
import { readPerstackCheckpoints } from "../../src/formats/perstack/readCheckpoints";
import { conversationOf, messagesOf } from "../../src/model/conversation";
import type { RunEvent } from "../../src/model/events";
import { type Run, runOf } from "../../src/model/run";
import { projectRoot } from "../support/projectPaths";
import { checkLaws, eventsIn, withoutIds } from "./foreignRunLaws";
import { parseRaw, type RawRun, rawRuns, saysFailure } from "./rawStream";

const fixtures = join(projectRoot, "..", "shared", "fixtures");

async function samples(): Promise<{ name: string; dir: string }[]> {
  const sets = ["perstack", "perstack-legacy"].filter((set) => existsSync(join(fixtures, set)));
  const found = await Promise.all(
    sets.map(async (set) => {
      const entries = await readdir(join(fixtures, set), { withFileTypes: true });
      const folders = entries.filter((entry) => entry.isDirectory());
      return folders.map(({ name }) => ({ name: `${set}/${name}`, dir: join(fixtures, set, name) }));
    }),
  );
  return found.flat();
}

/** The calls of the command on one workspace; the runtime alone and the library print, but say nothing of a workspace. */
async function streamsOf(dir: string): Promise<{ all: string[]; stored: string[] }> {
  const calls = ["", ...(await readdir(dir)).filter((name) => /^run-\d+$/u.test(name)).sort()];
  const all = calls.map((call) => join(dir, call, "stdout.jsonl")).filter((path) => existsSync(path));
  const stored: string[] = [];
  for (const path of all) {
    const { cli } = JSON.parse(await readFile(join(path, "..", "command.json"), "utf8"));
    if (cli !== "runtime") stored.push(path);
  }
  return { all, stored };
}

const runsOf = (list: readonly ForeignRun[]) =>
  list.map((foreign) => {
    const run = runOf(foreign.events);
    if (!run) throw new Error("a run without events");
    return { foreign, run };
  });

/** The reading of each of Perstack's runs: the one that tells of its events. */
function readingOf(raw: RawRun, readings: readonly { foreign: ForeignRun; run: Run }[]) {
  const found = readings.filter(({ foreign }) => foreign.events.some(({ id }) => raw.ids.includes(id)));
  expect(found, `readings of ${raw.runId}`).toHaveLength(1);
  return found[0] as { foreign: ForeignRun; run: Run };
}

const statuses: Record<string, [string, string | undefined]> = {
  completeRun: ["finished", undefined],
  stopRunByError: ["failed", undefined],
  stopRunByInteractiveTool: ["stopped", "input"],
  stopRunByExceededMaxSteps: ["stopped", "maxSteps"],
};

function expectAsTold(told: readonly RawRun[], list: readonly ForeignRun[]): void {
  const readings = runsOf(list);
  const parts = new Map(told.map((raw) => [raw, readingOf(raw, readings)]));
  expect(new Set(parts.values()).size, "as many runs as were begun").toBe(readings.length);
  for (const reading of readings) {
    const { run, foreign } = reading;
    const own = told.filter((raw) => parts.get(raw) === reading);
    const last = own.at(-1) as RawRun;
    expect(own.filter(({ isStart }) => isStart).length).toBeLessThanOrEqual(1);
    expect(run.expertKey).toBe(last.expert);
    expect(run.steps.map(({ step }) => step)).toEqual([...new Set(own.flatMap(({ steps }) => steps))]);
    if (last.text !== undefined) expect(run.text).toBe(last.text);
    if (last.error) expect(run.error).toMatchObject(last.error);
    expect(eventsIn(foreign, "retryGeneration")).toHaveLength(own.reduce((sum, { retries }) => sum + retries, 0));
    expectResults(foreign, own);
    expectDelegations(reading, own, told, parts);
    const ending = statuses[last.last];
    if (ending) expect([run.status, run.stopReason]).toEqual(ending);
    else if (last.last !== "stopRunByDelegate") expect(run.status).toBe("running");
    const children = readings.filter(({ run: { parent } }) => parent?.runId === run.runId);
    const spent = own.reduce((sum, { tokens }) => sum + tokens, 0);
    const below = children.reduce((sum, child) => sum + (child.run.usage?.totalTokens ?? 0), 0);
    expect(run.usage?.totalTokens ?? 0).toBe(spent + below);
  }
}

function expectResults(foreign: ForeignRun, own: readonly RawRun[]): void {
  const finished = eventsIn(foreign, "finishToolCall");
  for (const { id, text } of own.flatMap(({ toolResults }) => toolResults)) {
    const event = finished.find(({ toolCallId }) => toolCallId === id);
    expect(event?.isError, text).toBe(saysFailure(text));
    expect(event?.blockedBy, text).toBe(text.startsWith('{"remainingTodos":[{') ? "todos" : undefined);
  }
  const ids = finished.map(({ toolCallId }) => toolCallId);
  expect(new Set(ids).size).toBe(ids.length);
}

function expectDelegations(
  reading: { foreign: ForeignRun; run: Run },
  own: readonly RawRun[],
  told: readonly RawRun[],
  parts: ReadonlyMap<RawRun, { foreign: ForeignRun; run: Run }>,
): void {
  const by = own[0]?.delegatedBy;
  const parent = told.find(({ stopCheckpointId }) => by && stopCheckpointId === by.checkpointId);
  expect(reading.run.parent).toEqual(
    by && parent ? { runId: parts.get(parent)?.run.runId, toolCallId: by.toolCallId } : undefined,
  );
  const stops = new Set(own.map(({ stopCheckpointId }) => stopCheckpointId));
  const children = told.filter(({ delegatedBy }) => delegatedBy && stops.has(delegatedBy.checkpointId));
  const started = eventsIn(reading.foreign, "startDelegation").map(({ toolCallId, childRunId }) => [
    toolCallId,
    childRunId,
  ]);
  const expected = children.map((child) => [child.delegatedBy?.toolCallId, parts.get(child)?.run.runId]);
  expect(started.sort()).toEqual(expected.sort());
  expect(eventsIn(reading.foreign, "finishDelegation")).toHaveLength(children.length);
}

/** What only one of the two sources knows: skills and settings are not stored, folders have a place. */
function comparable({ events }: ForeignRun): unknown[] {
  const common = events.filter(({ type }) => !/Skill$|^foreignEvent$/u.test(type));
  return common.map((event) => {
    const { timestamp: _, seq: __, ...rest } = event as RunEvent & Record<string, unknown>;
    for (const key of ["limits", "model", "provider", "runtimeVersion", "workspace", "definition", "durationMs"]) {
      delete rest[key];
    }
    return rest;
  });
}

describe.skipIf(!existsSync(fixtures))("the samples of Perstack", async () => {
  const list = await samples();

  it("are there", () => expect(list.length).toBeGreaterThan(20));

  it.each(list)("$name is read as its output tells", async ({ dir }) => {
    for (const path of (await streamsOf(dir)).all) {
      const raw = await readFile(path, "utf8");
      expect(await perstack.accepts(path)).toBe(raw !== "");
      const { runs, problems } = await perstack.read(path);
      expect(problems).toEqual([]);
      checkLaws(runs);
      expectAsTold(rawRuns(parseRaw(raw)), runs);
    }
  });

  it.each(list)("$name is read from its files as from its output", async ({ dir }) => {
    const { stored } = await streamsOf(dir);
    const raw = (await Promise.all(stored.map((path) => readFile(path, "utf8")))).join("");
    const whole = join(await realpath(await mkdtemp(join(tmpdir(), "runtrail-perstack-"))), "stdout.jsonl");
    await writeFile(whole, raw);
    const printed = await perstack.read(whole);
    const workspace = join(dir, "workspace");
    expect(await perstack.accepts(workspace)).toBe(true);
    const files = await perstack.read(workspace);
    checkLaws(files.runs);
    expectAsTold(rawRuns(parseRaw(raw)), files.runs);
    const ordered = (list: readonly ForeignRun[]) =>
      [...list].sort((a, b) => (a.runId < b.runId ? -1 : 1)).map(comparable);
    expect(ordered(files.runs)).toEqual(ordered(printed.runs));
    const damaged = [...files.problems, ...files.runs.flatMap(({ problems }) => problems)];
    expect(damaged.every(({ file }) => /event-\d+-\d+-stream\w+\.json$/u.test(file))).toBe(true);
  });

  it.each(list)("$name keeps the conversation that its checkpoints hold", async ({ dir }) => {
    const { runs } = await perstack.read(join(dir, "workspace"));
    const jobs = join(dir, "workspace", "perstack", "jobs");
    for (const jobId of await readdir(jobs)) {
      const { checkpoints, problems } = await readPerstackCheckpoints(join(jobs, jobId));
      expect(problems).toEqual([]);
      const byId = new Map(checkpoints.map(({ checkpoint }) => [checkpoint.id, checkpoint]));
      const ofJob = runs.filter((run) => run.jobId === jobId);
      expect(ofJob.length).toBeGreaterThan(0);
      for (const { events, base, checkpointIds } of ofJob) {
        const last = byId.get(checkpointIds.at(-1) ?? "");
        // A run that was killed before its first step was done has none.
        if (!last) continue;
        const upTo = events.findLastIndex((event) => "checkpointId" in event && event.checkpointId === last.id);
        const conversation = conversationOf(events.slice(0, upTo + 1), base);
        expect(withoutIds(conversation)).toEqual(withoutIds(messagesOf(last)));
      }
    }
  });
});
