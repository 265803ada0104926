/** What a format writes it reads back: the runs of its own samples, and of ours as far as that system can tell. */
import { mkdtemp, readFile, realpath } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { RunReport } from "../../src/cli/logSummary";
import type { ForeignRun, ForeignRuns, Format, FormatName, RunToWrite } from "../../src/formats/format";
import { formats } from "../../src/formats/index";
import { anyEvents } from "../model/arbitraryEvents";
import { projectRun } from "../support/formatCases";
import { runLoop } from "../support/loopHarness";
import { randomTurns } from "../support/randomRuns";
import { evenly, filesOf, listSamples } from "../support/sampleCopies";
import { scriptedModel } from "../support/scriptedModel";
import { checkLaws } from "./foreignRunLaws";

type Writer = Format & Required<Pick<Format, "write">>;
const writers = formats.filter((format): format is Writer => format.write !== undefined);
const sinks = formats.filter(
  (format): format is Format & Required<Pick<Format, "openSink">> => format.openSink !== undefined,
);
const named = <T extends Format>(list: readonly T[]) => list.map((format) => [format.name, format] as const);

async function emptyFolder(): Promise<string> {
  return await realpath(await mkdtemp(join(tmpdir(), "runtrail-round-trip-")));
}

/** The runs of each job in a folder of its own, read again where they were written. */
async function writeAndRead(format: Writer, runs: readonly (RunToWrite & { jobId: string })[]): Promise<ForeignRuns> {
  const all: ForeignRuns = { source: "", runs: [], problems: [], files: [] };
  for (const jobId of new Set(runs.map((run) => run.jobId))) {
    const folder = await emptyFolder();
    await format.write(
      runs.filter((run) => run.jobId === jobId),
      folder,
    );
    for (const path of (await format.accepts(folder)) ? [folder] : await format.find(folder)) {
      const reading = await format.read(path);
      all.runs.push(...reading.runs);
      all.problems.push(...reading.problems, ...reading.runs.flatMap(({ problems }) => problems));
    }
  }
  checkLaws(all.runs);
  return all;
}

function projected(runs: readonly ForeignRun[], name: FormatName): [string, unknown][] {
  const reports = runs.map((run): [string, unknown] => {
    const report: Partial<RunReport> = projectRun(run);
    if (name !== "perstack") return [run.runId, report];
    const { id, title, status, stopReason, toolCalls, parentRunId, failures } = report;
    return [run.runId, { id, title, status, stopReason, toolCalls, parentRunId, failures: failures?.length }];
  });
  return reports.sort(([a], [b]) => (a < b ? -1 : 1));
}

const kindOf = ({ reason }: { reason: string }) => reason.replace(/\d+/gu, "#");

/** Ids are made anew, and where a run lies is another place. */
function essentials(runs: readonly ForeignRun[]): unknown {
  const own = [...runs].sort((a, b) => (a.runId < b.runId ? -1 : 1));
  return own.map(({ runId, events }) => [runId, events.map(({ id: _, ...event }) => withoutPlace(event))]);
}

function withoutPlace(event: object): object {
  const { definition: _, workspace: __, location: ___, ...rest } = event as Record<string, unknown>;
  return rest;
}

describe.each(named(writers))("runs of %s", (name, format) => {
  const samples = evenly(
    listSamples().filter((sample) => sample.format === format),
    24,
  );

  it.each(samples.map((sample) => [sample.name, sample] as const))(
    "are the same when they are written and read: %s",
    async (_, { input }) => {
      const first = await format.read(input);
      const again = await writeAndRead(format, first.runs);
      expect(projected(again.runs, name)).toEqual(projected(first.runs, name));
      // What contradicts itself still does.
      const reasons = [...first.problems, ...first.runs.flatMap(({ problems }) => problems)].map(kindOf);
      for (const problem of again.problems) expect(reasons).toContain(kindOf(problem));
      const third = await writeAndRead(format, again.runs);
      expect(essentials(third.runs)).toEqual(essentials(again.runs));
    },
  );

  it("of ours keep what the system can tell", async () => {
    const kept = keeps[name] ?? [];
    await fc.assert(
      fc.asyncProperty(randomTurns, async (turns) => {
        const { events } = await runLoop(scriptedModel(turns));
        const [first] = events;
        const own = projectRun({ events });
        const { runs } = await writeAndRead(format, [{ events, jobId: first?.jobId ?? "" }]);
        expect(runs).toHaveLength(1);
        const read = projectRun(runs[0] as ForeignRun);
        const outline = (report: Partial<RunReport>) => kept.map((what) => [what, looks[what](report)]);
        expect(outline(read)).toEqual(outline(own));
      }),
      { numRuns: 25 },
    );
  });

  it("of ours with anything in them are written, and read without harm", async () => {
    await fc.assert(
      fc.asyncProperty(anyEvents, async (events) => {
        const runs = await writeAndRead(format, [{ events, jobId: events[0]?.jobId ?? "" }]);
        for (const run of runs.runs) projectRun(run);
      }),
      { numRuns: 25 },
    );
  });
});

const looks = {
  id: ({ id }) => id,
  title: ({ title }) => title,
  status: ({ status, stopReason }) => [status, stopReason],
  steps: ({ steps }) => steps,
  toolCalls: ({ toolCalls }) => toolCalls,
  failures: ({ failures }) => failures?.map(({ class: errorClass }) => errorClass),
  usage: ({ usage }) => usage?.totalTokens ?? 0,
  times: ({ startedAt, finishedAt }) => [startedAt, finishedAt],
} satisfies Record<string, (report: Partial<RunReport>) => unknown>;
type Look = keyof typeof looks;

/** What each system can tell of a run of ours, told apart from what it has no words for. */
const keeps: Partial<Record<FormatName, readonly Look[]>> = {
  // Of an answer that was the last of too many retries it does not tell the usage.
  perstack: ["id", "title", "status", "toolCalls"],
  otel: ["id", "title", "status", "steps", "toolCalls", "failures", "usage", "times"],
  conductor: ["title", "toolCalls", "usage"],
  runner: [],
  openexpertise: ["id", "usage"],
};

describe.each(named(sinks))("a live sink of %s", (_, format) => {
  it("leaves what is written in one go", async () => {
    await fc.assert(
      fc.asyncProperty(randomTurns, async (turns) => {
        const { events } = await runLoop(scriptedModel(turns));
        const [live, whole] = [await emptyFolder(), await emptyFolder()];
        const sink = await format.openSink(live);
        for (const event of events) await sink.write(event);
        await sink.close();
        await format.write?.([{ events }], whole);
        expect(await contentOf(live)).toEqual(await contentOf(whole));
      }),
      { numRuns: 25 },
    );
  });
});

async function contentOf(folder: string): Promise<Record<string, string>> {
  const files = await filesOf(folder);
  const texts = files.map(
    async (file) => [relative(folder, file), (await readFile(file, "utf8")).replaceAll(folder, "(folder)")] as const,
  );
  return Object.fromEntries(await Promise.all(texts));
}
