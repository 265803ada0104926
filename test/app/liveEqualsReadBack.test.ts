import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { conversationOf, messagesOf } from "../../src/model/conversation";
import { endsRun } from "../../src/model/eventKinds";
import type { Message } from "../../src/model/message";
import { type Run, reduceRun, runOf } from "../../src/model/run";
import { layout } from "../../src/store/layout";
import { readJournal, readSpilled } from "../../src/store/readJournal";
import { createRunFolder } from "../../src/store/runFolder";
import { runLoop } from "../support/loopHarness";
import { randomTurns } from "../support/randomRuns";
import { scriptedModel } from "../support/scriptedModel";

describe("a run watched live", () => {
  it("equals the run read back, event for event and view for view, however it went", async () => {
    const root = await mkdtemp(join(tmpdir(), "runtrail-live-"));
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(randomTurns, fc.nat(30), async (turns, cancelAt) => {
        runs += 1;
        const folder = await createRunFolder(root, { jobId: "j", runId: `r${runs}` }, () => `t${Math.random()}`);
        const controller = new AbortController();
        let watched: Run | undefined;
        let heard = 0;
        const { events, checkpoints } = await runLoop(scriptedModel(turns), {
          folder,
          signal: controller.signal,
          onEvent(event) {
            watched = reduceRun(watched, event);
            heard += 1;
            if (heard === cancelAt) controller.abort();
          },
        });
        await folder.close();
        const read = await readJournal(layout.journal(folder.dir));
        expect(read).toEqual({ events, problems: [] });
        expect(runOf(read.events)).toEqual(watched);
        expect(read.events.filter(endsRun)).toHaveLength(1);
        expect(read.events.at(-1) && endsRun(read.events.at(-1) ?? never())).toBe(true);
        const whole = await Promise.all(read.events.map((event) => readSpilled(folder.dir, event)));
        const last = checkpoints.at(-1);
        const end = whole.findIndex((event) => event.type === "finishStep" && event.checkpointId === last?.id);
        expect(withoutIds(conversationOf(end < 0 ? whole : whole.slice(0, end)))).toEqual(
          withoutIds(last ? messagesOf(last) : []),
        );
      }),
      { numRuns: 150 },
    );
  });
});

/** The results of a step that is not whole stand apart in a checkpoint, and have other ids when they are put back. */
function withoutIds(messages: readonly Message[]): unknown {
  return JSON.parse(JSON.stringify(messages, (key, value: unknown) => (key === "id" ? undefined : value)));
}

function never(): never {
  throw new Error("There is no event");
}
