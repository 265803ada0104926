/** `runtrail models`, with real providers and an Ollama that answers on its port. */
import { mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { runCli } from "../../src/cli/runCli";
import { type ModelServer, startModelServer } from "../support/modelServer";
import { createTestIo } from "./testIo";

let folder: string;
let server: ModelServer;

beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), "runtrail-models-")));
  server = await startModelServer([], { ollamaModels: ["qwen3:8b", "llama3"] });
});
afterEach(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

async function run(args: readonly string[], env: Record<string, string> = {}) {
  const io = createTestIo({ cwd: folder, env: { OLLAMA_BASE_URL: server.baseUrlFor("ollama"), ...env } });
  const code = await runCli(["models", ...args], io);
  return { code, out: io.out(), err: io.err() };
}

const cells = (text: string) => text.split("\n").map((line) => line.split(/ {2,}/u));

it("lists the models that can be used, then the providers that cannot, and why", async () => {
  await writeFile(join(folder, ".env"), "OPENAI_API_KEY=o\n");
  await writeFile(join(folder, "perstack.toml"), "");
  const { code, out, err } = await run([]);
  expect({ code, err }).toEqual({ code: 0, err: "" });
  const [usable = "", others = ""] = out.split("\n\n");
  expect(cells(usable)).toEqual(
    expect.arrayContaining([
      ["PROVIDER", "MODEL"],
      ["openai", "gpt-5", "default"],
      ["openai", "(any other)", "by its name"],
      ["ollama", "qwen3:8b", "default"],
      ["ollama", "llama3"],
    ]),
  );
  expect(cells(others)).toEqual(
    expect.arrayContaining([
      ["NOT USABLE", "WHY", "WHAT TO DO"],
      ["anthropic", "ANTHROPIC_API_KEY is not set", expect.stringContaining("Set ANTHROPIC_API_KEY")],
      ["vscode-lm", "it is there inside VS Code only", expect.stringMatching(/^Run the expert in VS Code/u)],
    ]),
  );
});

it("says so where nothing can be used", async () => {
  const { code, out } = await run([], { OLLAMA_BASE_URL: "http://127.0.0.1:9" });
  expect(code).toBe(0);
  expect(out).toMatch(/^No model can be used now\.\n\nNOT USABLE/u);
});

it("gives programs the same as one JSON object, without a key in it", async () => {
  const { out } = await run(["--json"], { ANTHROPIC_API_KEY: "sk-canary" });
  expect(out).not.toContain("canary");
  const { providers } = JSON.parse(out) as { providers: { provider: string; usable: boolean; models: unknown[] }[] };
  expect(providers.filter(({ usable }) => usable).map(({ provider }) => provider)).toEqual(["anthropic", "ollama"]);
  expect(providers.find(({ provider }) => provider === "ollama")?.models).toEqual([
    { id: "qwen3:8b", isDefault: true },
    { id: "llama3" },
  ]);
});

it("takes the settings of the definition that is named", async () => {
  await writeFile(
    join(folder, "other.toml"),
    `[provider]\nproviderName = "ollama"\nsetting = { baseUrl = "${server.baseUrlFor("ollama")}" }\n`,
  );
  const { out } = await run(["--config", "other.toml"], { OLLAMA_BASE_URL: "http://127.0.0.1:9" });
  expect(out).toContain("qwen3:8b");
  const missing = await run(["--config", "nowhere.toml"]);
  expect(missing.code).toBe(2);
  expect(missing.err).toContain("nowhere.toml");
});
