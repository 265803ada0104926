/** A folder that nobody has trusted yet: everything can be read, nothing runs, nothing is written. */

import { existsSync } from "node:fs";
import { mkdtemp, realpath } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { copyDemoWorkspace } from "../support/hostRun";
import { packagePath } from "../support/projectPaths";
import { startVscodeServer, type VscodeServer } from "../support/vscodeServer.mjs";
import { waitUntil } from "../support/waitUntil";
import { openWorkbench, type Workbench } from "../support/workbench";

describe("a workspace in restricted mode", () => {
  let server: VscodeServer;
  let workbench: Workbench;
  let folder: string;

  beforeAll(async () => {
    folder = await copyDemoWorkspace(await realpath(await mkdtemp(join(tmpdir(), "runtrail-trust-"))));
    const settings = { "security.workspace.trust.startupPrompt": "never" };
    server = await startVscodeServer({ version: "current", vsix: packagePath(), workspaceTrust: true, settings });
    workbench = await openWorkbench(server, folder);
    await workbench.runCommand("View: Show Runtrail");
  });

  afterAll(async () => {
    await workbench?.close();
    await server?.close();
  });

  it("shows its experts and says why they do not run", async () => {
    await workbench.waitForRow("Experts", /fix-the-sum/);
    await workbench.screenshot("restricted");
    const said = await waitUntil("the reason", async () => {
      const text = await workbench.text(".sidebar");
      return /trust/i.test(text) ? text : undefined;
    });
    expect(said).toMatch(/restricted|trust/i);
  });

  it("offers no way to run one, and writes nothing", async () => {
    const titles = await workbench.commandTitles("Runtrail: ");
    expect(titles.filter((title) => /Run Expert|Run Again/.test(title))).toEqual([]);
    expect(titles.join()).toContain("Runtrail: ");
    expect(existsSync(join(folder, "perstack"))).toBe(false);
  });
});
