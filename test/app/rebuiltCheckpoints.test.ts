import { rm } from "node:fs/promises";
import { dirname } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readRecordedRun } from "../../src/app/goOnWith";
import type { Checkpoint } from "../../src/model/checkpoint";
import { listCheckpoints, readBeginning } from "../../src/store/checkpoints";
import { namedCheckpoints } from "../support/namedCheckpoints";
import { randomJourney, type Travelled, travel } from "../support/randomJourneys";

/** The checkpoints that are had, by id, with what was saved under that id. */
async function compare({ dir, saved }: Travelled): Promise<{ had: unknown; was: unknown }[]> {
  const { events, findCheckpoint } = await readRecordedRun(dir);
  const pairs = namedCheckpoints(events).map(async (id) => ({ had: await findCheckpoint(id), was: saved.get(id) }));
  return await Promise.all(pairs);
}

async function removeSnapshots(dir: string): Promise<number> {
  const { events } = await readRecordedRun(dir);
  const base = await readBeginning(dir, events[0]);
  const snapshots = (await listCheckpoints(dir)).filter(({ id }) => id !== base?.id);
  for (const { file } of snapshots) await rm(file);
  return snapshots.length;
}

const rounds = 80;

describe("the checkpoints of a run", () => {
  it("are what they were, whether a snapshot is left or the journal gives them back", async () => {
    const seen = new Map<string, number>();
    let rebuilt = 0;
    await fc.assert(
      fc.asyncProperty(randomJourney, randomJourney, fc.nat(), async (first, second, from) => {
        const travelled = [await travel(first)];
        const checkpoints = [...(travelled[0]?.saved.values() ?? [])];
        const start: Checkpoint | undefined = checkpoints[from % checkpoints.length];
        if (start) travelled.push(await travel(second, start));
        for (const each of travelled) {
          for (const { had, was } of await compare(each)) expect(had).toEqual(was);
          await removeSnapshots(each.dir);
          for (const { had, was } of await compare(each)) {
            expect(had).toEqual(was);
            const status = (was as Checkpoint).status;
            seen.set(status, (seen.get(status) ?? 0) + 1);
            rebuilt += 1;
          }
          await rm(dirname(dirname(dirname(each.dir))), { recursive: true });
        }
      }),
      { numRuns: rounds },
    );
    expect(rebuilt).toBeGreaterThan(rounds);
    for (const status of [
      "proceeding",
      "completed",
      "stoppedByInteractiveTool",
      "stoppedByDelegate",
      "stoppedByExceededMaxSteps",
      "stoppedByError",
    ]) {
      expect([status, seen.get(status) ?? 0]).not.toEqual([status, 0]);
    }
  }, 120_000);
});
