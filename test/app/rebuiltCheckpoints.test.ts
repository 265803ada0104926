import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { exportRunsAs } from "../../src/app/exportJob";
import { readRecordedRun } from "../../src/app/goOnWith";
import { readJobRuns } from "../../src/app/jobRuns";
import type { Checkpoint } from "../../src/model/checkpoint";
import { listCheckpoints, readBeginning } from "../../src/store/checkpoints";
import { layout } from "../../src/store/layout";
import { readJournal } from "../../src/store/readJournal";
import { expertsToml, openJobBench } from "../support/jobs";
import type { ModelTurn } from "../support/modelServer";
import { namedCheckpoints, readNamedCheckpoints } from "../support/namedCheckpoints";
import { randomJourney, type Travelled, travel } from "../support/randomJourneys";

/** The checkpoints that are had, by id, with what was saved under that id. */
async function compare({ dir, saved }: Travelled): Promise<{ had: unknown; was: unknown }[]> {
  const { events, problems } = await readJournal(layout.journal(dir));
  expect(problems).toEqual([]);
  const { findCheckpoint } = await readRecordedRun(dir);
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

const rounds = 60;

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

  it("make no difference to what is read, forked or exported, whether they are there as files or not", async () => {
    const toml = expertsToml({ coordinator: 'delegates = ["worker", "other"]', worker: "", other: "" });
    const usage = { inputTokens: 100, outputTokens: 10 };
    const look: ModelTurn = { toolCalls: [{ name: "readTextFile", args: { path: "a.txt" } }], usage };
    const both = ["worker", "other"].map((name) => ({ id: `d-${name}`, name, args: { query: `Work, ${name}` } }));
    const end: ModelTurn = { text: "Done", usage };
    const script = { worker: [look, look, end], other: [{ status: 401 }] };
    const bench = await openJobBench(
      toml,
      { ...script, coordinator: [look, { toolCalls: both, usage }, look, look, look, ...Array(20).fill(end)] },
      { files: { "a.txt": "hello\n".repeat(200) } },
    );
    const first = await bench.start();
    const second = await bench.start({ query: "And more?", from: { kind: "continue", dir: first.dir } });
    const dirs = (await bench.readJob(first.jobId)).map(({ dir }) => dir);
    const tell = async () => {
      const folder = await mkdtemp(join(tmpdir(), "runtrail-export-"));
      await exportRunsAs("perstack", (await readJobRuns(dirs)).runs, folder);
      const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((each) => each.isFile());
      const paths = files.map(({ parentPath, name }) => join(parentPath, name)).sort();
      const exported = await Promise.all(
        paths.map(async (path) => [path.slice(folder.length), await readFile(path, "utf8")]),
      );
      const read = [];
      for (const dir of dirs) {
        for (const id of await readNamedCheckpoints(dir)) read.push(await bench.app.readCheckpoint(dir, id));
      }
      return { exported, read };
    };
    const fork = async () => {
      const asked = bench.server.requests.length;
      for (const checkpointId of await readNamedCheckpoints(second.dir)) {
        const { outcome } = await bench.start({
          query: "Go on",
          from: { kind: "fork", dir: second.dir, checkpointId },
        });
        expect(outcome).toMatchObject({ status: "finished", text: "Done" });
      }
      return bench.server.requests.slice(asked).map(({ body }) => body.messages);
    };
    const before = await tell();
    expect(before.read.length).toBeGreaterThan(8);
    const forked = await fork();
    for (const dir of dirs) await removeSnapshots(dir);
    expect(await tell()).toEqual(before);
    expect(await fork()).toEqual(forked);
    await expect(bench.app.readCheckpoint(second.dir, "nope")).rejects.toThrow(/There is no checkpoint nope/);
    await bench.close();
  });
});
