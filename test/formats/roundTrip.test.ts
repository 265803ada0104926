/** What a format writes it reads back: the runs of its own samples, and of ours as far as that system can tell. */
import { mkdtemp, readFile, realpath } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { RunReport } from "../../src/cli/logSummary";
import type { ForeignRun, ForeignRuns, Format, FormatName, RunToWrite } from "../../src/formats/format";
import { formats } from "../../src/formats/index";
import type { RunEvent } from "../../src/model/events";
import { type Run, runOf, type StepItem } from "../../src/model/run";
import { anyEvents } from "../model/arbitraryEvents";
import { projectRun } from "../support/formatCases";
import { doRun, randomRun } from "../support/randomRuns";
import { filesOf, listSamples } from "../support/sampleCopies";
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

function projected(runs: readonly ForeignRun[]): [string, unknown][] {
  const reports = runs.map((run): [string, unknown] => [run.runId, projectRun(run)]);
  return reports.sort(([a], [b]) => (a < b ? -1 : 1));
}

function originsOf(runs: readonly ForeignRun[]): Map<string, unknown> {
  return new Map(runs.map(({ runId, events }) => [runId, runOf(events)?.origin]));
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
  const samples = listSamples().filter((sample) => sample.format === format);

  it.each(samples.map((sample) => [sample.name, sample] as const))(
    "are the same when they are written and read: %s",
    async (_, { input }) => {
      const first = await format.read(input);
      const again = await writeAndRead(format, first.runs);
      expect(projected(again.runs)).toEqual(projected(first.runs));
      if (name === "perstack") expect(originsOf(again.runs)).toEqual(originsOf(first.runs));
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
      fc.asyncProperty(randomRun, randomRun, async (random, other) => {
        // Perstack is killed where ours is cancelled: of what was under way then it tells nothing.
        const one = name === "perstack" ? { ...random, cancelledAt: undefined } : random;
        const own = [await doRun(one)];
        const parent = { runId: "run", toolCallId: "call" };
        if (kept.includes("parent")) own.push(await doRun(other, { runId: "second", parent }));
        const { runs } = await writeAndRead(
          format,
          own.map((events) => ({ events, jobId: "job" })),
        );
        const outlines = (all: readonly Pick<ForeignRun, "events">[]) =>
          all.map((run) => outlineOf(run.events, kept)).sort(([a], [b]) => (String(a) < String(b) ? -1 : 1));
        expect(outlines(runs)).toEqual(outlines(own.map((events) => ({ events }))));
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

interface Look {
  report: Partial<RunReport>;
  run: Run;
}

/** What of a run is looked at; times are whole milliseconds. */
const looks = {
  id: ({ report }) => report.id,
  title: ({ report }) => report.title,
  query: ({ run }) => run.query.replace(/^run: /u, ""),
  parent: ({ report }) => report.parentRunId,
  status: ({ report }) => [report.status, report.stopReason],
  steps: ({ report }) => report.steps,
  /** Steps, and answers that were none and asked for again in the same one. */
  rounds: ({ report, run }) =>
    (report.steps ?? 0) + run.steps.flatMap(({ items }) => items.filter(isAskedAgain)).length,
  toolCalls: ({ report }) => report.toolCalls,
  /** Made by the answers, begun or not. */
  callsMade: ({ run }) =>
    run.steps.flatMap(({ items }) =>
      items.flatMap((item) => (item.kind === "generation" ? item.toolCalls.map(({ tool }) => tool) : [])),
    ),
  failures: ({ report }) => report.failures?.map(({ class: errorClass }) => errorClass),
  /** But for attempts that were silently made again; in any order. */
  toldFailures: ({ run }) => {
    const silent = run.steps.flatMap(({ items }) => items.flatMap((item) => (isSilentRetry(item) ? [item.seq] : [])));
    return run.failures
      .filter(({ seq }) => !silent.includes(seq))
      .map(({ grade, class: what, reason }) => [grade, what, what === "max_steps" ? "" : reason].join(" "))
      .sort();
  },
  /** With where they happened and what was said. */
  exactFailures: ({ report }) => report.failures,
  /** But for those of tools, and for what was under way when the run was stopped. */
  attempts: ({ run }) =>
    run.failures
      .filter(({ toolCallId, class: errorClass }) => toolCallId === undefined && errorClass !== "interrupted")
      .map(({ step, grade, class: errorClass }) => [step, grade, errorClass]),
  /** What the run ended with. */
  end: ({ run }) =>
    run.failures.flatMap(({ grade, step, class: errorClass }) => (grade === "fatal" ? [[step, errorClass]] : [])),
  usage: ({ report }) => report.usage?.totalTokens ?? 0,
  times: ({ report }) => [report.startedAt, report.finishedAt],
} satisfies Record<string, (look: Look) => unknown>;
type LookName = keyof typeof looks;

function isAskedAgain(item: StepItem, at: number, items: readonly StepItem[]): boolean {
  const isRetry = item.kind === "note" && item.event.type === "retryGeneration" && !isSilentRetry(item);
  return isRetry && items.slice(at).some(({ kind }) => kind === "generation");
}

function isSilentRetry(item: StepItem): boolean {
  return item.kind === "note" && item.event.type === "retryGeneration" && item.event.feedback === undefined;
}

function outlineOf(events: readonly RunEvent[], kept: readonly LookName[]): [runId: string, ...unknown[]] {
  const run = runOf(events);
  if (!run) throw new Error("A run without events.");
  const look = { report: projectRun({ events: [...events] }), run };
  return [run.runId, ...kept.map((what) => [what, looks[what](look)])];
}

/** What each system can tell of a run of ours, and why it cannot tell the rest. */
const keeps: Partial<Record<FormatName, readonly LookName[]>> = {
  // It takes a step more for each answer that was none. An attempt that is silently made again is inside of one generation,
  // whose end alone is told; results come in the order of their calls; running out of steps has no words of its own there.
  perstack: ["id", "title", "query", "status", "rounds", "callsMade", "toolCalls", "toldFailures", "usage", "times"],
  otel: ["id", "title", "status", "steps", "toolCalls", "failures", "usage", "times"],
  // It keeps what an agent prints: whether a call was begun before the run was cancelled is not said there.
  conductor: ["id", "title", "query", "parent", "status", "steps", "callsMade", "exactFailures", "usage", "times"],
  // One log knows one run, its steps and their attempts: no expert, parent, tool or token is in it. The step in which a run
  // was stopped has no end there, and is read as broken off.
  runner: ["id", "query", "status", "steps", "attempts", "end", "times"],
  // It has no record of tools, nor of attempts but the last: those stand in the activities of a node, for a person.
  openexpertise: ["id", "title", "query", "parent", "status", "steps", "end", "usage", "times"],
};

describe.each(named(sinks))("a live sink of %s", (_, format) => {
  it("leaves what is written in one go", async () => {
    await fc.assert(
      fc.asyncProperty(randomRun, async (random) => {
        const events = await doRun(random);
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
