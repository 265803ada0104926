/** What a newcomer does, by keyboard, with the package as a user gets it: run, watch, fail, find, mend. */

import { mkdtemp, readdir, readFile, realpath, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { copyDemoWorkspace } from "../support/hostRun";
import { packagePath } from "../support/projectPaths";
import { startVscodeServer, type VscodeServer } from "../support/vscodeServer.mjs";
import { waitUntil } from "../support/waitUntil";
import { openWorkbench, type Workbench } from "../support/workbench";

describe("a newcomer with the demo", () => {
  let server: VscodeServer;
  let workbench: Workbench;
  let folder: string;

  beforeAll(async () => {
    folder = await copyDemoWorkspace(await realpath(await mkdtemp(join(tmpdir(), "runtrail-e2e-"))));
    server = await startVscodeServer({ version: "current", vsix: packagePath() });
    const size = { width: 1440, height: 900 };
    workbench = await openWorkbench(server, folder, { size, theme: "Default Dark Modern" });
    await workbench.runCommand("View: Show Runtrail");
    await workbench.waitForRow("Experts", /fix-the-sum/);
    await workbench.screenshot("demo-experts-dark");
  });

  afterAll(async () => {
    await workbench?.close();
    await server?.close();
  });

  const runExpert = async (expertKey: string) => {
    await workbench.runCommand("Runtrail: Run Expert…");
    await workbench.quickInput(expertKey, { pick: new RegExp(`\\b${expertKey},`) });
    await waitUntil("the query that is filled in", async () => / /.test(await workbench.quickInputValue()));
    await workbench.screenshot(`demo-query-${expertKey}`);
    await workbench.press("Enter");
  };

  it("runs an expert from the palette, is asked before it may act, and sees it finish", async () => {
    await runExpert("fix-the-sum");
    await workbench.waitForRow("Runs", /waits for/i);
    expect(await workbench.statusBarItem(/1 run · .* tokens/)).toContain("waits for you");
    await workbench.screenshot("demo-approval-dark");
    await workbench.runCommand("Runtrail: Answer Approval…");
    await workbench.quickInput("", { pick: "Allow in This Workspace" });
    await workbench.waitForRow("Runs", /Step 5/);
    await workbench.waitForRow("Runs", /fix-the-sum.*finished/i);
    expect(await readFile(join(folder, "src", "sum.mjs"), "utf8")).toContain("index = 0");
    await workbench.screenshot("demo-finished-dark");
  });

  it("is led to the failing step by one key, and to the source by another", async () => {
    await runExpert("fails-on-purpose");
    await workbench.waitForRow("Runs", /fails-on-purpose.*failed/i);
    await workbench.press("Control+F8");
    await waitUntil("the log of the run", async () => /runlog/.test((await workbench.activeTab()) ?? ""));
    const step = await workbench.waitForRow("Runs", /Step 5.*(fatal|failed)/i);
    expect(step.selected).toBe(true);
    const line = await waitUntil("the failing line", async () => {
      const text = await workbench.cursorText();
      return /departs from its recording/.test(text) ? text : undefined;
    });
    expect(line).toContain("✗ fatal");
    await workbench.screenshot("demo-failing-step-dark");
    await workbench.setTheme("Default Light Modern");
    await workbench.screenshot("demo-failing-step-light");
    await workbench.setTheme("Default Dark Modern");
  });

  it("walks to the failure before it and back", async () => {
    await workbench.press("Shift+F8");
    await waitUntil("the failure before", async () => /recovered, tool_error/.test(await workbench.cursorText()));
    await workbench.screenshot("demo-recovered-dark");
    await workbench.press("F8");
    await waitUntil("the failure after", async () => /departs from/.test(await workbench.cursorText()));
  });

  it("goes to the file behind the failure, to the expert’s line, and finds the failure among the problems", async () => {
    await workbench.press("F12");
    await workbench.quickInput("prices", { pick: /prices\.json/ });
    await waitUntil("the file", async () => /prices\.json/.test((await workbench.activeTab()) ?? ""));
    await workbench.press("Control+F8");
    await waitUntil("the failing line", async () => /departs from/.test(await workbench.cursorText()));
    await workbench.press("F12");
    await workbench.quickInput("Expert", { pick: /Expert fails-on-purpose/ });
    await waitUntil("the definition", async () => /perstack\.toml/.test((await workbench.activeTab()) ?? ""));
    const line = await lineOf(join(folder, "perstack.toml"), '[experts."fails-on-purpose"]');
    await waitUntil("the expert’s line", async () => (await workbench.cursorLine()) === line);
    await workbench.runCommand("View: Toggle Problems");
    await waitUntil("the problem", async () => (await workbench.text(".markers-panel")).includes("departs from"));
    await workbench.screenshot("demo-source-dark");
  });

  it("mends the cause, runs again, and the problem is gone", async () => {
    const prices = join(folder, "data", "prices.json");
    await writeFile(prices, (await readFile(prices, "utf8")).replace("0.5", "0.4"));
    await runExpert("fails-on-purpose");
    await workbench.waitForRow("Runs", /fails-on-purpose.*finished/i);
    await waitUntil("no problem", async () => !(await workbench.text(".markers-panel")).includes("departs from"));
    expect(await readFile(join(folder, "total.txt"), "utf8")).toMatch(/\d/);
    await workbench.setTheme("Default Light Modern");
    await workbench.screenshot("demo-mended-light");
  });

  it("deletes by one key the job that has the focus, once the question that names it is answered", async () => {
    const isIt = /^Job: Set the exercise up/;
    const jobs = join(folder, "perstack", "jobs");
    const before = await readdir(jobs);
    await workbench.clickRow("Runs", /^Job: Add up/);
    await waitUntil("the job to have the focus", async () => {
      await workbench.press("ArrowDown");
      return (await workbench.treeRows("Runs")).some(({ label, focused }) => focused && isIt.test(label));
    });
    const rows = async () => (await workbench.treeRows("Runs")).map(({ label, expanded }) => ({ label, expanded }));
    const shown = await rows();
    const asked = () =>
      waitUntil("the question", async () => (await workbench.text(".monaco-dialog-box")) || undefined);
    await workbench.press("Delete");
    const question = await asked();
    expect(question).toMatch(/Delete the job “Set the exercise up, .*This cannot be undone/);
    await workbench.screenshot("demo-delete");
    await workbench.press("Escape");
    await waitUntil("the question to go", async () => (await workbench.text(".monaco-dialog-box")) === "");
    expect(await rows()).toEqual(shown);
    expect(await readdir(jobs)).toEqual(before);

    await workbench.press("Delete");
    await asked();
    await workbench.press("Enter");
    await waitUntil("the row to go", async () => !(await rows()).some(({ label }) => isIt.test(label)));
    expect(await readdir(jobs)).toHaveLength(before.length - 1);
  });
});

async function lineOf(path: string, text: string): Promise<number> {
  const lines = (await readFile(path, "utf8")).split("\n");
  return lines.findIndex((line) => line.includes(text)) + 1;
}
