/** The rows of the model picker. */
import { describe, expect, it } from "vitest";
import type { ProviderChoice } from "../../src/app/app";
import { nameOf } from "../../src/host/modelNames";
import { lacksKey, modelRows } from "../../src/host/views/modelRows";

const openai: ProviderChoice = {
  ...{ provider: "openai", label: "OpenAI", usable: true, keyNames: ["OPENAI_API_KEY"], isOpen: true },
  models: [{ id: "gpt-5", isDefault: true }, { id: "gpt-4.1" }],
};
const editor: ProviderChoice = {
  ...{ provider: "vscode-lm", label: "VS Code", usable: true, keyNames: [], isOpen: false },
  models: [{ id: "copilot/gpt", name: "GPT", detail: "reads 64,000 tokens" }],
};
const anthropic: ProviderChoice = {
  ...{ provider: "anthropic", label: "Anthropic", usable: false, keyNames: ["ANTHROPIC_API_KEY"], isOpen: true },
  ...{ reason: "ANTHROPIC_API_KEY is not set", fix: "Set ANTHROPIC_API_KEY, or run …", models: [] },
};
const ollama: ProviderChoice = {
  ...{ provider: "ollama", label: "Ollama", usable: false, keyNames: [], isOpen: false },
  ...{ reason: "Ollama does not answer", fix: "Start it with `ollama serve`.", models: [] },
};
const all = [anthropic, openai, ollama, editor];

const words = (rows: ReturnType<typeof modelRows>) =>
  rows.map(({ kind, label, description, detail }) => [kind, label, description, detail].filter((word) => word));

it("are what can be used now, provider by provider, then what cannot and why", () => {
  expect(words(modelRows(all, undefined, "gpt-5 · openai"))).toEqual([
    ["definition", "Use what perstack.toml says", "gpt-5 · openai · chosen"],
    ["separator", "OpenAI"],
    ["model", "gpt-5", "default"],
    ["model", "gpt-4.1"],
    ["other", "Another model…", "type its name"],
    ["separator", "VS Code"],
    ["model", "GPT", "copilot/gpt · reads 64,000 tokens"],
    ["separator", "not usable now"],
    ["unusable", "Anthropic", "ANTHROPIC_API_KEY is not set", "Choose it to set the key."],
    ["unusable", "Ollama", "Ollama does not answer", "Start it with `ollama serve`."],
  ]);
});

describe("the one that is chosen", () => {
  const currentOf = (rows: ReturnType<typeof modelRows>) =>
    rows
      .filter((row) => row.kind !== "separator" && row.isCurrent)
      .map(({ label, description }) => [label, description]);

  it("is marked, in words too", () => {
    const chosen = { provider: "vscode-lm", label: "VS Code", model: "copilot/gpt", name: "GPT" };
    expect(currentOf(modelRows(all, chosen, undefined))).toEqual([
      ["GPT", "chosen · copilot/gpt · reads 64,000 tokens"],
    ]);
  });

  it("has a row where its name was typed", () => {
    const chosen = { provider: "openai", label: "OpenAI", model: "gpt-9" };
    const rows = modelRows(all, chosen, undefined);
    expect(currentOf(rows)).toEqual([["gpt-9", "chosen"]]);
    expect(rows[2]).toMatchObject({ kind: "model", chosen });
  });

  it("is told where its provider cannot be used any more", () => {
    const chosen = { provider: "ollama", label: "Ollama", model: "qwen3" };
    expect(currentOf(modelRows(all, chosen, undefined))).toEqual([["Ollama", "chosen · Ollama does not answer"]]);
  });

  it("is given on as it will be asked for", () => {
    const rows = modelRows([editor], undefined, undefined);
    expect(rows.find((row) => row.kind === "model")).toMatchObject({
      chosen: { provider: "vscode-lm", label: "VS Code", model: "copilot/gpt", name: "GPT" },
    });
  });

  it("has a name for people", () => {
    expect(nameOf({ provider: "openai", label: "OpenAI", model: "gpt-5" })).toBe("gpt-5 · OpenAI");
    expect(nameOf({ provider: "vscode-lm", label: "VS Code", model: "copilot/gpt", name: "GPT" })).toBe(
      "GPT · VS Code",
    );
    expect(nameOf({ provider: "replay", label: "Replay" })).toBe("Replay");
  });
});

it("tell a missing key from other things that are missing", () => {
  expect(lacksKey(anthropic)).toBe(true);
  expect(lacksKey(ollama)).toBe(false);
  expect(lacksKey({ ...anthropic, fix: "Set `resourceName` in [provider.setting]." })).toBe(false);
});
