/** What a picker shows: the providers that are usable with their models, and why the others are not. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { AppHost, ProviderChoice } from "../../src/app/app";
import { listModels } from "../../src/app/listModels";
import type { RunSummary } from "../../src/app/runIndex";
import { providerNames } from "../../src/model/definition";
import { type ModelServer, startModelServer } from "../support/modelServer";

let folder: string;
let server: ModelServer | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "runtrail-models-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
  await server?.close();
  server = undefined;
});

/** A port where nobody listens. */
const nobody = "http://127.0.0.1:9";

function hostWith(parts: Partial<AppHost> = {}): AppHost {
  return {
    env: { OLLAMA_BASE_URL: nobody },
    readSecrets: async () => ({}),
    askApproval: async () => ({ granted: false, by: "test", remember: true }),
    reportError: (error) => {
      throw error;
    },
    ...parts,
  };
}

async function definition(text: string): Promise<string> {
  const path = join(folder, "perstack.toml");
  await writeFile(path, text);
  return path;
}

function of(choices: readonly ProviderChoice[], provider: string): ProviderChoice {
  const found = choices.find((choice) => choice.provider === provider);
  if (!found) throw new Error(`No ${provider}`);
  return found;
}

it("tells of every provider why it cannot be used, where nothing is set", async () => {
  const choices = await listModels(hostWith(), undefined, []);
  expect(choices.map(({ provider }) => provider).sort()).toEqual([...providerNames].sort());
  for (const choice of choices) {
    expect(choice).toMatchObject({ usable: false, models: [], reason: expect.stringMatching(/./) });
    expect(choice.fix).toMatch(/\.$/);
  }
});

it("lists the models of a provider whose key is found: stored, in the environment, or in the env file", async () => {
  await writeFile(join(folder, ".env"), "GEMINI_API_KEY=g\n");
  const host = hostWith({
    env: { OLLAMA_BASE_URL: nobody, OPENAI_API_KEY: "o" },
    readSecrets: async (names) =>
      Object.fromEntries(names.filter((name) => name === "ANTHROPIC_API_KEY").map((name) => [name, "a"])),
  });
  const choices = await listModels(host, await definition(""), []);
  const usable = choices.filter((choice) => choice.usable);
  expect(usable.map(({ provider }) => provider)).toEqual(["anthropic", "openai", "google"]);
  const [anthropic] = usable;
  expect(anthropic).toMatchObject({ label: "Anthropic", isOpen: true, keyNames: ["ANTHROPIC_API_KEY"] });
  expect(anthropic?.models[0]).toEqual({ id: "claude-sonnet-4-5", isDefault: true });
  expect(anthropic?.models.every(({ id }) => id?.startsWith("claude-"))).toBe(true);
  expect(new Set(anthropic?.models.map(({ id }) => id)).size).toBe(anthropic?.models.length);
});

it("lists what Ollama has installed, as its port says", async () => {
  server = await startModelServer([], { ollamaModels: ["qwen3:8b", "llama3"] });
  const host = hostWith({ env: { OLLAMA_BASE_URL: server.baseUrlFor("ollama") } });
  expect(of(await listModels(host, undefined, []), "ollama")).toMatchObject({
    usable: true,
    isOpen: false,
    models: [{ id: "qwen3:8b", isDefault: true }, { id: "llama3" }],
  });
});

it("counts the settings of the definition, for its own provider alone", async () => {
  server = await startModelServer([], { ollamaModels: ["llama3"] });
  const url = server.baseUrlFor("ollama");
  const path = await definition(`[provider]\nproviderName = "ollama"\nsetting = { baseUrl = "${url}" }\n`);
  const host = hostWith({ env: { OPENAI_API_KEY: "o" } });
  const choices = await listModels(host, path, []);
  expect(of(choices, "ollama").usable).toBe(true);
  expect(of(choices, "openai").usable).toBe(true);
});

it("lists the editor's models", async () => {
  const model = { id: "copilot/gpt", name: "GPT", vendor: "copilot", family: "gpt", maxInputTokens: 1000 };
  const languageModels = {
    list: async () => [model],
    open: async () => {
      throw new Error("Nothing is opened.");
    },
  };
  expect(of(await listModels(hostWith({ languageModels }), undefined, []), "vscode-lm")).toMatchObject({
    usable: true,
    models: [{ id: "copilot/gpt", name: "GPT", isDefault: true }],
  });
});

it("offers recorded runs to replay: those that had a step and are over", async () => {
  const run = (runId: string, parts: Partial<RunSummary> = {}): RunSummary => ({
    ...{ dir: runId, jobId: "j", runId, expertKey: "a", query: `query of ${runId}`, status: "finished" },
    ...{ startedAt: 0, steps: 2, isHere: false, usage: { inputTokens: 0, outputTokens: 0, totalTokens: 0 } },
    ...parts,
  });
  const runs = [run("r1"), run("r2", { steps: 0 }), run("r3", { status: "running" })];
  const choice = of(await listModels(hostWith(), undefined, runs), "replay");
  expect(choice).toMatchObject({ usable: true, isOpen: false });
  expect(choice.models.map(({ id, name }) => [id, name])).toEqual([
    [undefined, "The newest recorded run"],
    ["r1", "a: query of r1"],
  ]);
});

it("waits for nobody: an editor that does not answer is one that is not usable", async () => {
  const languageModels = {
    list: () => new Promise<never>(() => undefined),
    open: async () => {
      throw new Error("Nothing is opened.");
    },
  };
  const started = performance.now();
  const choice = of(await listModels(hostWith({ languageModels }), undefined, []), "vscode-lm");
  expect(choice).toMatchObject({ usable: false, reason: expect.stringContaining("not said yet") });
  expect(performance.now() - started).toBeLessThan(5_000);
});

it("does not fall over a definition or an env file that cannot be read", async () => {
  const host = hostWith({ env: { OLLAMA_BASE_URL: nobody, OPENAI_API_KEY: "o" } });
  const path = await definition('envPath = ["../outside.env"]\n[provider\n');
  expect(of(await listModels(host, path, []), "openai").usable).toBe(true);
  expect(of(await listModels(host, join(folder, "nowhere", "perstack.toml"), []), "openai").usable).toBe(true);
});
