/** The contract of a provider, over the whole list; and how settings, keys and addresses are checked. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { providerNames } from "../../../src/model/definition";
import { providers } from "../../../src/runtime/providers";
import { type ModelServer, startModelServer } from "../../support/modelServer";
import { ask, canary, contextOf, failureOf, findProvider } from "./openModel";

let server: ModelServer | undefined;

afterEach(async () => {
  await server?.close();
  server = undefined;
});

/** Enough to open each of them without a network. */
const opened: Record<string, Record<string, string>> = {
  anthropic: { ANTHROPIC_API_KEY: canary },
  openai: { OPENAI_API_KEY: canary },
  google: { GEMINI_API_KEY: canary },
  deepseek: { DEEPSEEK_API_KEY: canary },
  "azure-openai": { AZURE_API_KEY: canary, AZURE_RESOURCE_NAME: "mine" },
  "amazon-bedrock": { AWS_ACCESS_KEY_ID: canary, AWS_SECRET_ACCESS_KEY: canary, AWS_REGION: "us-east-1" },
  "google-vertex": { GOOGLE_VERTEX_API_KEY: canary },
  ollama: {},
};
/** Those that are asked over a wire. */
const real = providers.filter(({ name }) => name !== "replay" && name !== "vscode-lm");
const nobodyThere = { OLLAMA_BASE_URL: "http://127.0.0.1:9" };

it("knows every provider that a definition may name, once", () => {
  expect(providers.map(({ name }) => name).sort()).toEqual([...providerNames].sort());
});

it("looks for a key first, for what runs here next, then in the editor, for recordings last", () => {
  expect(providers.map(({ name }) => name).slice(-3)).toEqual(["ollama", "vscode-lm", "replay"]);
});

describe.each(providers)("$name", (provider) => {
  it("is not usable where nothing is set, and says why and what to do", async () => {
    const usability = await provider.check(contextOf({ env: nobodyThere }));
    expect(usability).toEqual({ usable: false, reason: expect.stringMatching(/./), fix: expect.stringMatching(/\.$/) });
  });

  it("names the key of a setting it does not know", async () => {
    const context = contextOf({ env: opened[provider.name] ?? {}, setting: { noSuchKey: 1 } });
    const error = await failureOf(provider.open("m", context));
    expect(error.details).toMatchObject({ class: "invalid_definition", isRetryable: false });
    expect(error.message).toContain("provider.setting.noSuchKey");
  });
});

describe.each(real)("$name", (provider) => {
  it("is usable with what it needs, and opens the model that is named", async () => {
    const context = contextOf({ env: opened[provider.name] ?? {} });
    if (provider.name !== "ollama") expect(await provider.check(context)).toEqual({ usable: true });
    expect(await provider.open("some-model", context)).toMatchObject({
      provider: provider.name,
      modelId: "some-model",
    });
  });

  it("refuses addresses that are wrong or would carry a key in clear", async () => {
    const env = opened[provider.name] ?? {};
    const refusal = async (baseUrl: unknown) =>
      await failureOf(provider.open("m", contextOf({ env, setting: { baseUrl } })));
    for (const baseUrl of ["nonsense", "ftp://example.com", 7, "https://user:pass@example.com"]) {
      const error = await refusal(baseUrl);
      expect(error.details.class).toBe("invalid_definition");
      expect(error.message).toContain("provider.setting.baseUrl");
      expect(error.message).not.toContain("pass@");
    }
    if (provider.name !== "ollama") expect((await refusal("http://example.com")).message).toContain("https://");
    for (const baseUrl of ["http://localhost:1", "http://127.0.0.1:1", "http://[::1]:1", "https://example.com"]) {
      await provider.open("m", contextOf({ env, setting: { baseUrl } }));
    }
  });
});

it.each(real.filter(({ keyNames }) => keyNames.length > 0 && keyNames[0] !== "GOOGLE_VERTEX_API_KEY"))(
  "$name without a key says which one is missing",
  async (provider) => {
    const env = { AZURE_RESOURCE_NAME: "mine", AWS_REGION: "us-east-1" };
    const error = await failureOf(provider.open("m", contextOf({ env })));
    expect(error.details).toMatchObject({ class: "provider_auth", isRetryable: false });
    expect(error.message).toContain(provider.keyNames[0]);
  },
);

it("takes the base URL from the environment, and the setting before it", async () => {
  server = await startModelServer([{ text: "one" }, { text: "two" }]);
  const base = server.baseUrlFor("anthropic");
  const env = { ANTHROPIC_API_KEY: canary, ANTHROPIC_BASE_URL: base };
  const fromEnv = await findProvider("anthropic").open(undefined, contextOf({ env }));
  expect((await ask(fromEnv)).text).toBe("one");
  const setting = { baseUrl: `${base}/`, headers: { "x-team": "blue" } };
  const elsewhere = { ...env, ANTHROPIC_BASE_URL: "https://example.invalid" };
  const fromSetting = await findProvider("anthropic").open(undefined, contextOf({ env: elsewhere, setting }));
  expect((await ask(fromSetting)).text).toBe("two");
  expect(server.requests[1]?.headers["x-team"]).toBe("blue");
});

it("says of a bad base URL from the environment which variable it was", async () => {
  const env = { OPENAI_API_KEY: canary, OPENAI_BASE_URL: "http://example.com/v1" };
  expect((await failureOf(findProvider("openai").open("m", contextOf({ env })))).message).toContain("OPENAI_BASE_URL");
});

it("looks at nothing but the context: the process's own environment has no say", async () => {
  const before = { ...process.env };
  Object.assign(process.env, { ANTHROPIC_API_KEY: "from-the-process", ANTHROPIC_BASE_URL: "https://example.invalid" });
  try {
    const anthropic = findProvider("anthropic");
    expect((await anthropic.check(contextOf({}))).usable).toBe(false);
    server = await startModelServer([{ text: "ok" }]);
    const env = { ANTHROPIC_API_KEY: canary };
    const setting = { baseUrl: server.baseUrlFor("anthropic") };
    await ask(await anthropic.open(undefined, contextOf({ env, setting })));
    expect(server.requests[0]?.headers["x-api-key"]).toBe(canary);
  } finally {
    process.env = before;
  }
});

describe("ollama", () => {
  const ollama = findProvider("ollama");

  it("is usable when it answers and has a model, and takes the first one", async () => {
    server = await startModelServer([{ text: "hi" }], { ollamaModels: ["qwen3:8b", "llama3"] });
    const context = contextOf({ env: { OLLAMA_BASE_URL: server.baseUrlFor("ollama") } });
    expect(await ollama.check(context)).toEqual({ usable: true });
    const model = await ollama.open(undefined, context);
    expect(model.modelId).toBe("qwen3:8b");
    expect((await ask(model)).text).toBe("hi");
  });

  it("without a model says how to get one", async () => {
    server = await startModelServer([]);
    const context = contextOf({ env: { OLLAMA_BASE_URL: server.baseUrlFor("ollama") } });
    expect(await ollama.check(context)).toMatchObject({ usable: false, fix: expect.stringContaining("ollama pull") });
    expect((await failureOf(ollama.open(undefined, context))).message).toContain("ollama pull");
  });

  it("that does not run says so instead of throwing something else", async () => {
    const error = await failureOf(ollama.open(undefined, contextOf({ env: nobodyThere })));
    expect(error.details).toMatchObject({ class: "provider_unavailable", isRetryable: true });
  });
});

describe("azure-openai", () => {
  it("needs a deployment and a resource", async () => {
    const azure = findProvider("azure-openai");
    const env = { AZURE_API_KEY: canary };
    expect((await failureOf(azure.open("m", contextOf({ env })))).message).toContain("resourceName");
    expect((await azure.check(contextOf({ env }))).usable).toBe(false);
    const setting = { resourceName: "mine" };
    expect((await failureOf(azure.open(undefined, contextOf({ env, setting })))).message).toContain("deployment");
    expect((await azure.check(contextOf({ env, setting }))).usable).toBe(true);
  });

  it("speaks the old deployment URLs where asked to", async () => {
    server = await startModelServer([{ text: "ok" }]);
    const setting = { baseUrl: `${server.url}/openai`, useDeploymentBasedUrls: true, apiVersion: "2024-10-21" };
    const model = await findProvider("azure-openai").open(
      "dep",
      contextOf({ env: { AZURE_API_KEY: canary }, setting }),
    );
    await ask(model);
    expect(server.requests[0]?.path).toBe("/openai/deployments/dep/chat/completions?api-version=2024-10-21");
  });
});

describe("google-vertex", () => {
  it("is usable with a project, a location and credentials, and names what is missing", async () => {
    const vertex = findProvider("google-vertex");
    const home = await mkdtemp(join(tmpdir(), "runtrail-vertex-"));
    const place = { GOOGLE_VERTEX_PROJECT: "p", GOOGLE_VERTEX_LOCATION: "us-central1", HOME: home };
    const file = { GOOGLE_APPLICATION_CREDENTIALS: join(home, "account.json") };
    expect(await vertex.check(contextOf({ env: file }))).toMatchObject({ usable: false });
    expect(await vertex.check(contextOf({ env: place }))).toMatchObject({ usable: false });
    expect(await vertex.check(contextOf({ env: { ...place, ...file } }))).toEqual({ usable: true });
    const error = await failureOf(vertex.open(undefined, contextOf({ env: file })));
    expect(error.message).toContain("GOOGLE_VERTEX_PROJECT");
    await rm(home, { recursive: true });
  });
});
