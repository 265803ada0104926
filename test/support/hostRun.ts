/** One run of the test/host suites inside a real VS Code, read from its report. */

import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { HostReportLine } from "../host/suite";
import { launchChromium } from "./chromium";
import { projectRoot } from "./projectPaths";
import { startVscodeServer, type VscodeServer } from "./vscodeServer.mjs";
import { waitUntil } from "./waitUntil";

export type HostResult = Extract<HostReportLine, { type: "result" }>;

/** A second extension, which offers chat models to VS Code. */
export const chatModelsPath = join(projectRoot, "test", "host", "chatModels");

const startTimeoutMs = 180_000;
/** Longer than a test inside may take, so that the test's own time-out reports first. */
const silenceTimeoutMs = 45_000;

/** A copy of the demo workspace that a test may change. */
export async function copyDemoWorkspace(into: string): Promise<string> {
  const folder = join(into, "demo");
  await mkdir(folder, { recursive: true });
  await cp(join(projectRoot, "examples", "demo"), folder, { recursive: true });
  return realpath(folder);
}

/**
 * Runs the bundle out/host-tests/index.cjs. The test that VS Code did not survive is one that failed; throws when the
 * tests did not even begin.
 */
export async function runHostTests(version: VscodeServer["version"]): Promise<readonly HostResult[]> {
  const dir = await realpath(await mkdtemp(join(tmpdir(), "runtrail-host-")));
  const reportPath = join(dir, "report.jsonl");
  const workspace = await copyDemoWorkspace(dir);
  const env = { RUNTRAIL_HOST_REPORT: reportPath };
  const server = await startVscodeServer({ version, env, extensions: [chatModelsPath] });
  const browser = await launchChromium();
  const messages: string[] = [];
  try {
    const page = await browser.newPage();
    page.on("console", (message) => messages.push(message.text()));
    const testsPath = join(projectRoot, "out", "host-tests", "index.cjs");
    await page.goto(server.url(workspace, { developmentPath: projectRoot, testsPath }), { timeout: 120_000 });
    return await followReport(reportPath);
  } finally {
    await browser.close();
    const log = join(projectRoot, "out", "tests", `vscode-${version}.log`);
    await mkdir(dirname(log), { recursive: true });
    await writeFile(log, `${messages.join("\n")}\n\n${server.output()}`);
    await server.close();
    await rm(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}

/** Reads until the report's end; each new line puts the deadline off. */
async function followReport(path: string): Promise<readonly HostResult[]> {
  await waitUntil(
    "the tests inside VS Code to begin (out/tests/vscode-….log has what it said)",
    () => existsSync(path),
    {
      timeoutMs: startTimeoutMs,
    },
  );
  let lines: HostReportLine[] = [];
  for (;;) {
    const next = await waitUntil(
      "the next line",
      async () => {
        const known = await readReport(path);
        return known.length > lines.length ? known : undefined;
      },
      { timeoutMs: silenceTimeoutMs },
    ).catch(() => undefined);
    lines = next ?? lines;
    const results = lines.filter((line) => line.type === "result");
    const last = lines.at(-1);
    if (next === undefined) return [...results, unfinished(last)];
    if (last?.type !== "end") continue;
    if (last.error !== undefined) throw new Error(last.error);
    return results;
  }
}

function unfinished(last: HostReportLine | undefined): HostResult {
  const { suite, name } = last?.type === "start" ? last : { suite: "the suites", name: "come to their end" };
  const message = "VS Code or its extension host ended or hung in here. out/tests/vscode-….log has what it said.";
  return {
    type: "result",
    suite,
    name,
    durationMs: silenceTimeoutMs,
    error: { name: "Error", message, stack: message },
  };
}

async function readReport(path: string): Promise<HostReportLine[]> {
  const whole = (await readFile(path, "utf8")).split("\n").slice(0, -1);
  return whole.map((line) => JSON.parse(line) as HostReportLine);
}
