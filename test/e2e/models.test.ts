/** Choosing a model by keyboard: what can be used now, the way to a key, and a run with what was chosen. */
import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { chatModelsPath, copyDemoWorkspace } from "../support/hostRun";
import { type ModelServer, startModelServer } from "../support/modelServer";
import { packagePath } from "../support/projectPaths";
import { startVscodeServer, type VscodeServer } from "../support/vscodeServer.mjs";
import { waitUntil } from "../support/waitUntil";
import { openWorkbench, type Workbench } from "../support/workbench";

describe("the picker of models", () => {
  let models: ModelServer;
  let server: VscodeServer;
  let workbench: Workbench;
  let folder: string;

  beforeAll(async () => {
    folder = await realpath(await mkdtemp(join(tmpdir(), "runtrail-e2e-")));
    models = await startModelServer([], { ollamaModels: ["qwen3:8b"] });
    const env = { OLLAMA_BASE_URL: models.baseUrlFor("ollama"), ANTHROPIC_API_KEY: "", OPENAI_API_KEY: "" };
    server = await startVscodeServer({ version: "current", vsix: packagePath(), env });
    const options = { developmentPath: chatModelsPath, theme: "Default Dark Modern" } as const;
    workbench = await openWorkbench(server, await copyDemoWorkspace(folder), options);
    await workbench.runCommand("View: Show Runtrail");
    await workbench.waitForRow("Experts", /fix-the-sum/, { timeoutMs: 60_000 });
  });

  afterAll(async () => {
    await workbench?.close();
    await server?.close();
    await models?.close();
    await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  });

  /** The models of the editor come when the extension that has them has started. */
  const openPicker = async (row: RegExp) => {
    await workbench.runCommand("Runtrail: Select Model…");
    await waitUntil(`the row ${row}`, async () => (await workbench.quickRows()).find((label) => row.test(label)), {
      timeoutMs: 30_000,
      describe: workbench.quickRows,
    });
  };
  const besideTheTitle = () => workbench.text(".pane-header[aria-label^='Experts'] .description");

  it("lists what can be used now, and why the rest cannot", async () => {
    await openPicker(/^Tortoise/);
    const rows = await workbench.quickRows();
    expect(rows[0]).toMatch(/^Use what perstack\.toml says, chosen/);
    expect(rows).toContainEqual(expect.stringMatching(/^qwen3:8b, default, Ollama/));
    expect(rows).toContainEqual(expect.stringMatching(/^Tortoise, scripted\/tortoise/));
    expect(rows).toContainEqual(expect.stringMatching(/^Anthropic, ANTHROPIC_API_KEY is not set/));
    await workbench.screenshot("models-dark");
    await workbench.press("Escape");
  });

  it("leads from a provider without a key to its key, and back to a list that has its models", async () => {
    await openPicker(/^Anthropic/);
    await workbench.quickInput("", { pick: /^Anthropic/ });
    await waitUntil("the question for the key", async () =>
      (await workbench.text(".quick-input-titlebar")).includes("Set ANTHROPIC_API_KEY"),
    );
    await workbench.quickInput("sk-nobody");
    await waitUntil("Anthropic's models", async () =>
      (await workbench.quickRows()).some((label) => label.startsWith("claude-sonnet-4-5, default, Anthropic")),
    );
    await workbench.press("Escape");
  });

  it("runs the next expert with what was chosen, whatever its definition says", async () => {
    await openPicker(/^Tortoise/);
    await workbench.quickInput("tortoise", { pick: /^Tortoise/ });
    await waitUntil("the choice beside the title", async () => (await besideTheTitle()) === "Tortoise · VS Code");
    await workbench.runCommand("Runtrail: Run Expert…");
    await workbench.quickInput("fix-the-sum", { pick: /\bfix-the-sum,/ });
    await waitUntil("the query that is filled in", async () => / /.test(await workbench.quickInputValue()));
    await workbench.press("Enter");
    await workbench.waitForRow("Runs", /fix-the-sum.*finished/i);
    await workbench.waitForRow("Runs", /I am Tortoise/);
  });

  it("goes back to what the definition says", async () => {
    await openPicker(/^Tortoise, chosen/);
    await workbench.quickInput("", { pick: /^Use what/ });
    await waitUntil("the choice to go", async () => (await besideTheTitle()) === "");
  });
});
