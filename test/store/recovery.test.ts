import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFile, mkdtemp, readdir, readFile, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { newId } from "../../src/app/newId";
import type { RunEvent } from "../../src/model/events";
import { layout } from "../../src/store/layout";
import { currentOwner } from "../../src/store/processOwner";
import { readJournal } from "../../src/store/readJournal";
import { recoverRuns } from "../../src/store/recovery";
import { createRunFolder } from "../../src/store/runFolder";
import { readRunInfo } from "../../src/store/runInfo";
import { runningInfo } from "../support/runningInfo";

let root: string;
const ports = { now: () => 1_000, newId };
const fail = (error: unknown) => {
  throw error;
};

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "runtrail-recovery-"));
});

async function interruptedRun(owner: { pid: number; host: string; process_started?: string }) {
  const folder = await createRunFolder(root, { jobId: "j", runId: "r" }, newId);
  const info = runningInfo(root, owner);
  await folder.writeInfo(info);
  folder.append(startEvent);
  await folder.close();
  return folder.dir;
}

const startEvent: RunEvent = {
  ...{ id: "e1", timestamp: 10, jobId: "j", runId: "r", seq: 1, expertKey: "solo", step: 0 },
  ...{ type: "startRun", query: "q", instruction: "i", requestId: "x", runtimeVersion: "0", tools: [] },
  limits: { maxSteps: 1, maxRetries: 1, timeoutMs: 1 },
};

async function deadPid(): Promise<number> {
  const child = spawn(process.execPath, ["-e", ""]);
  await once(child, "exit");
  return child.pid ?? fail(new Error("no pid"));
}

describe("recovery", () => {
  it("closes a run whose process is dead, heals its torn end, and does so once", async () => {
    const dir = await interruptedRun({ pid: await deadPid(), host: hostname() });
    await appendFile(layout.journal(dir), '{"id":"e2","type":"finishGen');
    const recovered = await recoverRuns(root, ports, fail);
    expect(recovered).toMatchObject([{ dir, healed: "A torn record of 28 bytes at the end was cut away." }]);
    const { events, problems } = await readJournal(layout.journal(dir));
    expect(problems).toEqual([]);
    expect(events.at(-1)).toMatchObject({ type: "errorRun", seq: 2, error: { class: "interrupted" } });
    expect(await readRunInfo(dir)).toMatchObject({ status: "failed", exit_code: 1 });
    expect(await recoverRuns(root, ports, fail)).toEqual([]);
  });

  it("closes it once though two windows find it at the same time", async () => {
    const dir = await interruptedRun({ pid: await deadPid(), host: hostname() });
    await Promise.all([1, 2, 3].map(() => recoverRuns(root, ports, fail)));
    const lines = (await readFile(layout.journal(dir), "utf8")).trim().split("\n");
    expect(lines.filter((line) => line.includes("errorRun"))).toHaveLength(1);
  });

  it("is not kept from it by another that died while it was at it", async () => {
    const dir = await interruptedRun({ pid: await deadPid(), host: hostname() });
    await writeFile(join(dir, "recovery.lock"), JSON.stringify({ pid: await deadPid(), host: hostname() }));
    expect(await recoverRuns(root, ports, fail)).toMatchObject([{ dir }]);
    expect((await readdir(dir)).filter((name) => name.includes("lock"))).toEqual([]);
  });

  it("leaves a run alone that goes on, here or on another machine", async () => {
    await interruptedRun(await currentOwner());
    expect(await recoverRuns(root, ports, fail)).toEqual([]);
    root = await mkdtemp(join(tmpdir(), "runtrail-recovery-"));
    await interruptedRun({ pid: await deadPid(), host: "another-machine" });
    expect(await recoverRuns(root, ports, fail)).toEqual([]);
  });

  it.runIf(process.platform === "linux")("is not fooled by a pid that was given to another process", async () => {
    const dir = await interruptedRun({ pid: process.pid, host: hostname(), process_started: "an-earlier-boot/1" });
    expect(await recoverRuns(root, ports, fail)).toMatchObject([{ dir }]);
  });
});
