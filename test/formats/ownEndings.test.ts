/** Every way in which a run of ours can end, written for a system whose words are fewer, and read back. */
import { mkdtemp, realpath } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { conductor } from "../../src/formats/conductor/conductor";
import { openexpertise } from "../../src/formats/openexpertise/openexpertise";
import { runner } from "../../src/formats/runner/runner";
import type { EventPayload, RunEvent } from "../../src/model/events";
import { ErrorClass } from "../../src/model/failure";
import { projectRun } from "../support/formatCases";
import { checkLaws } from "./foreignRunLaws";

const at = Date.UTC(2026, 2, 1, 10);

/** Two steps; what happens to the second one is the end. */
function runThat(...end: (EventPayload & { step?: number })[]): RunEvent[] {
  const payloads: (EventPayload & { step?: number })[] = [
    { type: "startRun", query: "Do it", step: 0 },
    { type: "startGeneration", attempt: 1, step: 1 },
    { type: "finishGeneration", attempt: 1, finishReason: "toolCalls", text: "I look.", toolCalls: [], step: 1 },
    { type: "finishStep", step: 1 },
    { type: "startGeneration", attempt: 1 },
    ...end,
  ];
  return payloads.map(({ step = 2, ...payload }, index) => ({
    ...{ id: `event-${index}`, timestamp: at + index * 1000, jobId: "job", runId: "own", seq: index + 1 },
    ...{ expertKey: "tester", step },
    ...(payload as EventPayload),
  }));
}

describe.each([conductor, runner, openexpertise].map((format) => [format.name, format] as const))("%s", (_, format) => {
  async function writeAndRead(events: readonly RunEvent[]): Promise<{ events: RunEvent[] }> {
    const folder = await realpath(await mkdtemp(join(tmpdir(), "runtrail-endings-")));
    await format.write?.([{ events }], folder);
    const [unit = folder] = (await format.accepts(folder)) ? [folder] : await format.find(folder);
    const { runs, problems } = await format.read(unit);
    checkLaws(runs);
    expect([problems, ...runs.map((run) => run.problems)].flat()).toEqual([]);
    expect(runs).toHaveLength(1);
    return runs[0] ?? { events: [] };
  }

  it.each(ErrorClass.options)(
    "tells that a run failed with %s, where, when and with which words",
    async (errorClass) => {
      for (const message of ["A fault\nof two lines", "internal: as somebody says", "timed out"]) {
        const events = runThat({
          type: "errorRun",
          error: { name: "Fault", message, class: errorClass, isRetryable: false },
          durationMs: 5000,
        });
        const read = await writeAndRead(events);
        const again = await writeAndRead(read.events);
        for (const run of [read, again]) {
          const { status, failures, steps, startedAt, finishedAt } = projectRun(run);
          const fatal = failures?.filter(({ grade }) => grade === "fatal");
          expect([status, steps, startedAt, finishedAt]).toEqual(["failed", 2, at, at + 5000]);
          expect(fatal).toMatchObject([{ step: 2, class: errorClass }]);
          expect(fatal?.[0]?.reason).toContain(message.split("\n")[0]);
        }
      }
    },
  );

  it.each(["maxSteps", "input", "cancelled", "budget"] as const)(
    "tells that a run was stopped, and that it was for %s",
    async (reason) => {
      for (const message of [undefined, "no longer needed"]) {
        const events = runThat({
          type: "stopRun",
          reason,
          durationMs: 5000,
          ...(message !== undefined && { message }),
        });
        const read = await writeAndRead(events);
        const again = await writeAndRead(read.events);
        expect(again.events.map(({ type }) => type)).toEqual(read.events.map(({ type }) => type));
        for (const run of [read, again]) {
          const { status, stopReason, startedAt, finishedAt } = projectRun(run);
          expect([status, stopReason, startedAt, finishedAt]).toEqual(["stopped", reason, at, at + 5000]);
          if (message !== undefined) expect(run.events.at(-1)).toMatchObject({ type: "stopRun", message });
        }
      }
    },
  );
});
