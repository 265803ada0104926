/** One run of the test/host suites inside a real VS Code, read from its report. */

import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, readFile, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { HostReportLine } from "../host/suite";
import { launchChromium } from "./chromium";
import { projectRoot } from "./projectPaths";
import { startVscodeServer, type VscodeServer } from "./vscodeServer.mjs";
import { waitUntil } from "./waitUntil";

export type HostResult = Extract<HostReportLine, { type: "result" }>;

const startTimeoutMs = 60_000;
/** Longer than a test inside may take, so that the test's own time-out reports first. */
const silenceTimeoutMs = 45_000;

/** A copy of the demo workspace that a test may change. */
export async function copyDemoWorkspace(into: string): Promise<string> {
  const folder = join(into, "demo");
  await mkdir(folder, { recursive: true });
  await cp(join(projectRoot, "examples", "demo"), folder, { recursive: true });
  return realpath(folder);
}

/** Runs the bundle out/host-tests/index.cjs; throws with what is known when VS Code ends, hangs or never starts. */
export async function runHostTests(version: VscodeServer["version"]): Promise<readonly HostResult[]> {
  const dir = await realpath(await mkdtemp(join(tmpdir(), "runtrail-host-")));
  const reportPath = join(dir, "report.jsonl");
  const workspace = await copyDemoWorkspace(dir);
  const server = await startVscodeServer({ version, env: { RUNTRAIL_HOST_REPORT: reportPath } });
  const browser = await launchChromium();
  const messages: string[] = [];
  try {
    const page = await browser.newPage();
    page.on("console", (message) => messages.push(message.text()));
    const testsPath = join(projectRoot, "out", "host-tests", "index.cjs");
    await page.goto(server.url(workspace, { developmentPath: projectRoot, testsPath }));
    return await followReport(reportPath);
  } catch (error) {
    const log = [...messages.slice(-20), server.output()].join("\n");
    throw new Error(
      `${error instanceof Error ? error.message : String(error)}\n\nWhat VS Code ${version} said:\n${log}`,
    );
  } finally {
    await browser.close();
    await server.close();
    await rm(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}

/** Reads until the report's end; each new line puts the deadline off. */
async function followReport(path: string): Promise<readonly HostResult[]> {
  await waitUntil("the tests inside VS Code to begin", () => existsSync(path), { timeoutMs: startTimeoutMs });
  let seen = 0;
  for (;;) {
    const lines = await waitUntil(
      "the tests inside VS Code to go on",
      async () => {
        const known = await readReport(path);
        return known.length > seen ? known : undefined;
      },
      { timeoutMs: silenceTimeoutMs, describe: () => readReport(path).then((known) => known.at(-1)) },
    );
    seen = lines.length;
    const end = lines.find((line) => line.type === "end");
    if (end === undefined) continue;
    if (end.error !== undefined) throw new Error(end.error);
    return lines.filter((line) => line.type === "result");
  }
}

async function readReport(path: string): Promise<HostReportLine[]> {
  const whole = (await readFile(path, "utf8")).split("\n").slice(0, -1);
  return whole.map((line) => JSON.parse(line) as HostReportLine);
}
