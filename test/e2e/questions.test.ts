/** A run that asks, delegates and goes on, by keyboard, with the window closed and opened again in between. */
import { mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expertOf, expertsToml } from "../support/jobs";
import { type ModelServer, startModelServer } from "../support/modelServer";
import { packagePath } from "../support/projectPaths";
import { startVscodeServer, type VscodeServer } from "../support/vscodeServer.mjs";
import { openWorkbench, type Workbench } from "../support/workbench";

const question = `delegates = ["fact-checker", "style-reader"]
[experts.editor.skills.ask]
type = "interactiveSkill"
[experts.editor.skills.ask.tools.chooseTitle]
description = "Let the user choose a title"
inputJsonSchema = '{"type":"object","properties":{"question":{"type":"string"}},"required":["question"]}'
`;
const toml = expertsToml({ editor: question, "fact-checker": "", "style-reader": "" });
const usage = { inputTokens: 1200, outputTokens: 80 };
const wide = { width: 1440, height: 900 };

describe("a run that asks", () => {
  let models: ModelServer;
  let server: VscodeServer;
  let workbench: Workbench | undefined;
  let folder: string;

  const open = async (theme: "Default Dark Modern" | "Default Light Modern"): Promise<Workbench> => {
    const opened = await openWorkbench(server, folder, { size: wide, theme });
    workbench = opened;
    await opened.runCommand("View: Show Runtrail");
    await opened.waitForRow("Experts", /editor/, { timeoutMs: 60_000 });
    return opened;
  };

  beforeAll(async () => {
    let asked = 0;
    models = await startModelServer((request) => {
      if (expertOf(request) !== "editor") return { text: `Looked over by the ${expertOf(request)}.`, usage };
      asked += 1;
      if (asked > 1) return { text: "It will be called The Long Way Round.", usage };
      const calls = ["fact-checker", "style-reader"].map((name) => ({ name, args: { query: `Read it, ${name}` } }));
      return {
        toolCalls: [...calls, { name: "chooseTitle", args: { question: "Which title shall it have?" } }],
        usage,
      };
    });
    folder = await realpath(await mkdtemp(join(tmpdir(), "runtrail-e2e-")));
    await writeFile(join(folder, "perstack.toml"), toml);
    const env = { ANTHROPIC_API_KEY: "sk-test-0123456789", ANTHROPIC_BASE_URL: models.baseUrlFor("anthropic") };
    server = await startVscodeServer({ version: "current", vsix: packagePath(), env });
  });

  afterAll(async () => {
    await workbench?.close();
    await server?.close();
    await models?.close();
    await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  });

  it("shows its delegates under the calls that started them, and waits for an answer", async () => {
    const window = await open("Default Dark Modern");
    await window.runCommand("Runtrail: Run Expert…");
    await window.quickInput("editor", { pick: /\beditor,/ });
    await window.quickInput("See the article through");
    await window.waitForRow("Runs", /editor.*waits for your answer/i, { timeoutMs: 60_000 });
    expect(await window.statusBarItem(/wait/i)).toMatch(/answer|wait/i);
    await window.screenshot("question-waits-dark");
  });

  it("is answered after the window was closed and opened again, and goes on to its end", async () => {
    await workbench?.close();
    const window = await open("Default Light Modern");
    await window.waitForRow("Runs", /editor.*waits for your answer/i, { timeoutMs: 60_000 });
    await window.screenshot("question-again-light");
    await window.runCommand("Runtrail: Answer Question…");
    await window.screenshot("question-asked-light");
    await window.quickInput("The Long Way Round");
    await window.waitForRow("Runs", /editor.*finished/i, { timeoutMs: 60_000 });
    await window.waitForRow("Runs", /Job: See the article through.*done/i);
    await window.clickRow("Runs", /^Step 1/);
    await window.press("ArrowRight");
    await window.waitForRow("Runs", /Tool call fact-checker/);
    await window.clickRow("Runs", /Tool call fact-checker|^fact-checker/);
    await window.press("ArrowRight");
    await window.waitForRow("Runs", /Run of fact-checker/);
    await window.screenshot("question-answered-light");
    expect(JSON.stringify(models.requests.at(-1)?.body)).toContain("The Long Way Round");
  });

  it("is continued with another query, as a run of the same job that says where it came from", async () => {
    const window = workbench ?? (await open("Default Light Modern"));
    await window.runCommand("Runtrail: Continue with New Query…");
    await window.quickInput("And the subtitle?");
    await window.waitForRow("Runs", /continues|goes on from/i, { timeoutMs: 60_000 });
    await window.waitForRow("Runs", /Job: See the article through.*done/i);
    await window.setTheme("Default Dark Modern");
    await window.screenshot("question-continued-dark");
    expect(JSON.stringify(models.requests.at(-1)?.body)).toContain("And the subtitle?");
  });
});
