/** The window is reloaded while many runs go on in it, and others in another process: which of them are there afterwards. */

import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { currentOwner } from "../../src/store/processOwner";
import { createRunFolder, type RunFolder } from "../../src/store/runFolder";
import { launchChromium } from "../support/chromium";
import { expertsToml } from "../support/jobs";
import { startModelServer } from "../support/modelServer";
import { packagePath, projectRoot } from "../support/projectPaths";
import { runningInfo } from "../support/runningInfo";
import { startVscodeServer } from "../support/vscodeServer.mjs";
import { waitUntil } from "../support/waitUntil";
import { workbenchOn } from "../support/workbench";
import type { Bench } from "./bench";
import { writeEmptyExtension } from "./emptyExtension";

const runs = 50;
const settledMs = 3_000;
const treeRow = '[role="treeitem"][aria-level="1"]';

const bench: Bench = {
  title: `the window reloaded while ${runs} runs go on in it, and ${runs} elsewhere`,
  async run() {
    const dir = await realpath(await mkdtemp(join(tmpdir(), "runtrail-reload-")));
    const workspace = join(dir, "workspace");
    const report = join(dir, "report.jsonl");
    await mkdir(workspace);
    await writeFile(join(workspace, "perstack.toml"), expertsToml({ solo: "" }));
    // No answer comes before all is over.
    const models = await startModelServer(() => ({ text: "Too late.", slow: 3_600_000 }));
    const env = {
      ANTHROPIC_API_KEY: "sk-bench-0123456789",
      ANTHROPIC_BASE_URL: models.baseUrlFor("anthropic"),
      RUNTRAIL_RELOAD_REPORT: report,
      RUNTRAIL_RELOAD_RUNS: String(runs),
    };
    const settings = { "runtrail.maxConcurrentRuns": runs };
    const others = await openRuns(workspace, runs);
    const server = await startVscodeServer({ version: "current", vsix: packagePath(), env, settings });
    const browser = await launchChromium();
    try {
      const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
      const testsPath = join(projectRoot, "out", "bench", "reloadProbe.cjs");
      const developmentPath = await writeEmptyExtension(dir);
      await page.goto(server.url(workspace, { developmentPath, testsPath }), { timeout: 120_000 });
      await waitUntil("all runs to go on", () => isReported(report), { timeoutMs: 120_000 });
      await page.goto(server.url(workspace), { timeout: 120_000 });
      const workbench = await workbenchOn(server, browser, page);
      await workbench.runCommand("View: Show Runtrail");
      const startedAt = performance.now();
      const found = await countRuns(page, 2 * runs);
      const row = (name: string, value: number, unit = "") => ({ name, value, unit, ok: true });
      return [
        { ...row("runs in the tree afterwards", found), limit: `= ${2 * runs}`, ok: found === 2 * runs },
        row("from the view’s opening until all are there", performance.now() - startedAt - settledMs, "ms"),
      ];
    } finally {
      await browser.close();
      await server.close();
      await models.close();
      for (const { close } of others) await close();
      await rm(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    }
  },
};
export default bench;

/** Runs of this process, as another window or a terminal has them. */
async function openRuns(root: string, count: number): Promise<RunFolder[]> {
  const owner = await currentOwner();
  const folders: RunFolder[] = [];
  for (let index = 0; index < count; index += 1) {
    const ids = { jobId: `elsewhere-${index}`, runId: `run-${index}` };
    const folder = await createRunFolder(root, ids, () => `${Math.random()}`);
    await folder.writeInfo({ ...runningInfo(root, owner), run_id: ids.runId, task_id: ids.jobId });
    const envelope = { id: `${index}`, timestamp: Date.now(), ...ids, seq: 1, expertKey: "solo", step: 0 };
    folder.append({ ...envelope, type: "startRun", query: `Task ${index} elsewhere` });
    folders.push(folder);
  }
  return folders;
}

async function isReported(file: string): Promise<boolean> {
  const text = await readFile(file, "utf8").catch(() => "");
  if (text.includes('"error"')) throw new Error(text);
  return text.includes('"started"');
}

/** The tree says of each of its rows how many there are beside it; waits until that stays the same for a while. */
async function countRuns(page: Page, wanted: number): Promise<number> {
  const row = page.locator(`.pane:has(.pane-header[aria-label^="Runs"]) ${treeRow}`).first();
  let count = 0;
  let since = performance.now();
  const look = async () => {
    const now = (await row.count()) === 0 ? 0 : Number(await row.getAttribute("aria-setsize"));
    if (now !== count) since = performance.now();
    count = now;
    return count >= wanted && performance.now() - since > settledMs;
  };
  await waitUntil("all runs in the tree", look, { timeoutMs: 60_000 }).catch(() => undefined);
  return count;
}
