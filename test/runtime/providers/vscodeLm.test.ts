/** The models of the editor, as far as they can be chosen without one. */
import { describe, expect, it } from "vitest";
import { ModelError } from "../../../src/runtime/ports";
import type { EditorModels, ProviderContext } from "../../../src/runtime/providers/provider";
import { scriptedModel } from "../../support/scriptedModel";
import { contextOf, failureOf, findProvider } from "./openModel";

const provider = findProvider("vscode-lm");

function editor(...ids: string[]): EditorModels & { opened: unknown[][] } {
  const opened: unknown[][] = [];
  return {
    opened,
    list: async () =>
      ids.map((id) => {
        const [vendor = "", name = ""] = id.split("/");
        return { id, name: name.toUpperCase(), vendor, family: `${name}-family`, maxInputTokens: 64_000 };
      }),
    async open(...which) {
      opened.push(which);
      return scriptedModel([]);
    },
  };
}

function inEditor(languageModels: EditorModels | undefined, setting: ProviderContext["setting"] = {}): ProviderContext {
  return contextOf({ languageModels, setting });
}

describe("outside the editor", () => {
  it("says that it needs one", async () => {
    const usability = await provider.check(inEditor(undefined));
    expect(usability).toMatchObject({ usable: false, reason: expect.stringContaining("inside VS Code only") });
    const error = await failureOf(provider.open("copilot/gpt", inEditor(undefined)));
    expect(error.message).toBe(
      "VS Code is not usable: it is there inside VS Code only. Run the expert in VS Code, or choose another provider.",
    );
  });
});

describe("in the editor", () => {
  it("is usable where there is a model, and says what to do where there is none", async () => {
    expect(await provider.check(inEditor(editor("copilot/gpt")))).toEqual({ usable: true });
    expect(await provider.check(inEditor(editor()))).toMatchObject({
      usable: false,
      fix: expect.stringMatching(/Copilot/),
    });
    expect((await failureOf(provider.open(undefined, inEditor(editor())))).message).toContain(
      "offers no language model",
    );
  });

  it("does not wait long for extensions that have yet to start, unless it is named", async () => {
    const models = editor("copilot/gpt");
    let tell: (() => void) | undefined;
    const told = new Promise<void>((resolve) => {
      tell = resolve;
    });
    const slow = { ...models, list: async () => await told.then(models.list) };
    expect(await provider.check(inEditor(slow))).toMatchObject({
      usable: false,
      reason: expect.stringContaining("has not said yet"),
    });
    const opening = provider.open(undefined, inEditor(slow));
    tell?.();
    await opening;
    expect(models.opened).toEqual([["copilot/gpt", undefined]]);
  });

  it.each([
    ["copilot/hare", "copilot/hare"],
    ["hare", "copilot/hare"],
    ["tortoise-family", "acme/tortoise"],
    [undefined, "acme/tortoise"],
  ])("opens %s as %s", async (named, opened) => {
    const models = editor("acme/tortoise", "copilot/hare");
    await provider.open(named, inEditor(models, { providerOptions: { temperature: 0 } }));
    expect(models.opened).toEqual([[opened, { temperature: 0 }]]);
  });

  it("names what there is where a model is not there", async () => {
    const error = await failureOf(provider.open("gpt", inEditor(editor("acme/tortoise", "copilot/hare"))));
    expect(error).toBeInstanceOf(ModelError);
    expect(error.details).toMatchObject({ class: "provider_bad_request", isRetryable: false });
    expect(error.message).toBe("VS Code has no model “gpt”. It offers: acme/tortoise, copilot/hare.");
  });

  it("lists its models by their names", async () => {
    expect(await provider.listModels?.(inEditor(editor("acme/tortoise")))).toEqual([
      { id: "acme/tortoise", name: "TORTOISE", detail: "reads 64,000 tokens" },
    ]);
  });
});
