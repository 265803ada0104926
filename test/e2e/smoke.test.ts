/** The package as a user gets it: installed into a fresh VS Code and opened on the demo workspace. */

import { mkdtemp, readdir, realpath } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { copyDemoWorkspace } from "../support/hostRun";
import { packagePath } from "../support/projectPaths";
import { startVscodeServer, type VscodeServer } from "../support/vscodeServer.mjs";
import { openWorkbench, type Workbench } from "../support/workbench";

describe("the installed package", () => {
  let server: VscodeServer;
  let workbench: Workbench;

  beforeAll(async () => {
    const folder = await copyDemoWorkspace(await realpath(await mkdtemp(join(tmpdir(), "runtrail-e2e-"))));
    server = await startVscodeServer({ version: "current", vsix: packagePath() });
    workbench = await openWorkbench(server, folder);
  });

  afterAll(async () => {
    await workbench?.close();
    await server?.close();
  });

  it("is installed under its name", async () => {
    expect(await readdir(server.extensionsDir)).toContainEqual(expect.stringMatching(/^runtrail\.runtrail-\d/));
  });

  it("offers its commands in the palette", async () => {
    expect(await workbench.commandTitles("Runtrail: Run Expert")).toContainEqual(
      expect.stringMatching(/^Runtrail: Run Expert…/),
    );
  });

  it("shows the experts of the folder in the sidebar", async () => {
    await workbench.runCommand("View: Show Runtrail");
    const row = await workbench.waitForRow("Experts", /fix-the-sum/);
    expect(row.level).toBeGreaterThan(0);
    await workbench.screenshot("smoke-experts");
  });
});
