import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { isAlive, waitUntilGone } from "../../support/processes";
import { projectRoot } from "../../support/projectPaths";
import { waitUntil } from "../../support/waitUntil";
import { temporaryWorkspace } from "../temporaryWorkspace";
import { type SkillBench, serverPath, skillBench, stdioSkill } from "./skillBench";

/** Of the server, and of the child that it started. */
async function pidsOf(bench: SkillBench): Promise<number[]> {
  const pids = JSON.parse(await bench.text("pids")) as number[];
  killAfterwards(pids);
  return pids;
}

function killAfterwards(pids: readonly number[]): void {
  onTestFinished(() => {
    for (const pid of pids) if (isAlive(pid)) process.kill(pid, "SIGKILL");
  });
}

describe("a server lives no longer than its run", () => {
  it("and ends by itself when its input ends", async () => {
    const bench = await skillBench({ files: stdioSkill() }, { limits: { closeMs: 60_000 } });
    const session = await bench.open();
    const pids = await pidsOf(bench);
    expect(pids.map(isAlive)).toEqual([true]);
    await session.close();
    expect(pids.map(isAlive)).toEqual([false]);
  });

  it("or is killed with all it started, where all of them are deaf to everything else", async () => {
    const bench = await skillBench({ files: stdioSkill(["--deaf", "--child"]) }, { limits: { closeMs: 50 } });
    const session = await bench.open();
    const pids = await pidsOf(bench);
    expect(pids.map(isAlive)).toEqual([true, true]);
    await session.close();
    await waitUntilGone(pids);
  });

  it("and a child that outlives a server that died is ended as well", async () => {
    const bench = await skillBench({ files: stdioSkill(["--child"]) });
    const session = await bench.open();
    const pids = await pidsOf(bench);
    await expect(bench.call("crash")).rejects.toThrow("exit code 7");
    await session.close();
    await waitUntilGone(pids);
  });

  it("nor does one that never became ready", async () => {
    const { outer } = await temporaryWorkspace();
    const pidFile = join(outer, "pids");
    const skill = stdioSkill(["--deaf", "--child", "--slow", `--pid-file=${pidFile}`]);
    const bench = await skillBench({ files: skill }, { limits: { closeMs: 50 } });
    const controller = new AbortController();
    const opened = bench.open(controller.signal).catch((error: Error) => error.message);
    const pids = await waitUntil("both processes", () => readPids(pidFile));
    controller.abort(new Error("The run was cancelled."));
    expect(await opened).toBe("The run was cancelled.");
    await waitUntilGone(pids);
  });
});

describe("an idle server", () => {
  it("is left, and connected again at the next call", async () => {
    const bench = await skillBench({ files: stdioSkill() }, { limits: { idleMs: 300 } });
    const [first = 0] = await pidsOf(bench);
    await waitUntilGone([first]);
    await waitUntil("that its end is told", () => bench.events.at(-1)?.type === "disconnectSkill");
    expect(bench.events.at(-1)).toEqual({ type: "disconnectSkill", skill: "files", reason: "It was idle for 0.3 s." });
    const [second = 0] = await pidsOf(bench);
    expect(second).not.toBe(first);
  });

  it("is left even where nobody ever called it", async () => {
    const bench = await skillBench({ files: stdioSkill() }, { limits: { idleMs: 50 } });
    await bench.open();
    await waitUntil("its end", () => bench.events.some(({ type }) => type === "disconnectSkill"));
  });

  it("is none while a call is under way", async () => {
    const bench = await skillBench({ files: stdioSkill() }, { limits: { idleMs: 50 } });
    expect(await bench.text("busy", { times: 3, everyMs: 100 })).toBe("done");
  });
});

describe("where the host itself is killed", () => {
  const hostPath = join(projectRoot, "out", "tests", "skillHost.mjs");

  beforeAll(async () => {
    await build({
      ...{ entryPoints: [join(projectRoot, "test", "support", "skillHost.ts")], outfile: hostPath },
      ...{ bundle: true, format: "esm", platform: "node", target: "node22", logLevel: "silent" },
      banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
    });
  });

  it.each(["SIGKILL", "SIGTERM"] as const)(
    "with %s, its deaf servers and their children end as well",
    async (signal) => {
      const { outer } = await temporaryWorkspace();
      const pidFile = join(outer, "pids");
      const args = [hostPath, serverPath, "--deaf", "--child", `--pid-file=${pidFile}`];
      const host = spawn(process.execPath, args, { cwd: outer, stdio: ["ignore", "pipe", "inherit"] });
      await once(host.stdout, "data");
      const pids = await readPids(pidFile);
      expect(pids.map(isAlive)).toEqual([true, true]);
      host.kill(signal);
      await once(host, "close");
      await waitUntilGone(pids);
    },
  );
});

async function readPids(path: string): Promise<number[]> {
  const pids = (await readFile(path, "utf8")).trim().split("\n").map(Number);
  killAfterwards(pids);
  expect(pids).toHaveLength(2);
  return pids;
}
