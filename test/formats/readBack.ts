/** A job of ours, written as a folder of Perstack's and read from there. */
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { readJobRuns } from "../../src/app/jobRuns";
import { perstack } from "../../src/formats/perstack/perstack";
import { readPerstackCheckpoints } from "../../src/formats/perstack/readCheckpoints";
import { writePerstackJob } from "../../src/formats/perstack/writePerstackJob";
import { conversationOf } from "../../src/model/conversation";
import type { Message } from "../../src/model/message";
import { type Run, runOf } from "../../src/model/run";
import { layout } from "../../src/store/layout";
import { listRunsOfJob } from "../../src/store/runFolders";
import { CheckpointShape } from "../support/perstackShapes";
import { checkLaws, withoutIds } from "./foreignRunLaws";

/** Written as a folder and read again, the job's runs are the same. */
export async function expectReadBack(root: string, jobId: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "runtrail-export-"));
  const places = await listRunsOfJob(layout.job(root, jobId));
  const { runs } = await readJobRuns(places.map(({ dir }) => dir));
  await writePerstackJob(runs, folder);
  const read = await perstack.read(folder);
  expect(read.problems).toEqual([]);
  expect(read.runs.flatMap(({ problems }) => problems)).toEqual([]);
  checkLaws(read.runs);
  const { checkpoints, problems } = await readPerstackCheckpoints(layout.job(folder, jobId));
  expect(problems).toEqual([]);
  expect(checkpoints.length).toBeGreaterThan(0);
  for (const { checkpoint } of checkpoints) expect(CheckpointShape.safeParse(checkpoint).error).toBeUndefined();
  const again = new Map(read.runs.map((run) => [run.runId, run]));
  expect(read.runs.map(({ runId }) => runId).toSorted()).toEqual(places.map(({ runId }) => runId).toSorted());
  for (const { events, base } of runs) {
    const run = runOf(events);
    const foreign = again.get(run?.runId ?? "");
    const copy = runOf(foreign?.events ?? []);
    const outline = (each: Run | undefined) => ({
      ...{
        expert: each?.expertKey,
        query: each?.query,
        status: each?.status,
        stop: each?.stopReason,
        text: each?.text,
      },
      parent: each?.parent,
      generations: each?.steps.flatMap(({ items }) => items.filter(({ kind }) => kind === "generation")).length,
      calls: each?.steps
        .flatMap(({ items }) =>
          items.flatMap((item) => (item.kind === "toolCall" ? [[item.toolCallId, item.result, item.childRunId]] : [])),
        )
        .sort(([a], [b]) => String(a).localeCompare(String(b))),
      tokens: each?.usage?.totalTokens,
      times: [each?.startedAt, each?.finishedAt],
      // That it goes on from the newest checkpoint is all that tells a continuation from a resumption there.
      origin: each?.origin && [each.origin.runId, each.origin.checkpointId],
      ends: each?.failures.flatMap(({ grade, class: errorClass, reason }) =>
        grade === "fatal" ? [[errorClass, reason]] : [],
      ),
    });
    const silent = events.filter((event) => event.type === "retryGeneration" && event.feedback === undefined).length;
    const told = outline(run);
    expect(outline(copy)).toEqual({ ...told, generations: (told.generations ?? 0) - silent });
    expect(comparable(conversationOf(foreign?.events ?? [], foreign?.base))).toEqual(
      comparable(conversationOf(events, base ?? [])),
    );
  }
}

/** Without what has no meaning: ids, and the order of calls that are made side by side. */
function comparable(messages: readonly Message[]): unknown {
  const sorted = messages.map((message) => {
    if (message.type !== "expertMessage" && message.type !== "toolMessage") return message;
    const idOf = (part: object) => ("toolCallId" in part ? String(part.toolCallId) : "");
    return { ...message, contents: [...message.contents].sort((a, b) => idOf(a).localeCompare(idOf(b))) } as Message;
  });
  return withoutIds(sorted);
}
