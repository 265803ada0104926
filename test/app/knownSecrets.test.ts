import { describe, expect, it } from "vitest";
import { knownSecrets, type SecretSources } from "../../src/app/knownSecrets";
import type { Definition, Skill } from "../../src/model/definition";

function secretsOf(sources: Partial<SecretSources>): Record<string, string[]> {
  const found: Record<string, string[]> = {};
  for (const { name = "", value } of knownSecrets({ definition: {}, env: {}, files: {}, secrets: {}, ...sources })) {
    found[value] = [...(found[value] ?? []), name];
  }
  return found;
}

function definitionWith(skill: Skill, setting?: Record<string, unknown>): Definition {
  return {
    ...(setting && { provider: { providerName: "openai", setting } }),
    experts: { solo: { instruction: "Do it.", skills: { search: skill } } },
  };
}

describe("the secrets of a job", () => {
  it("are every stored key, under its name", () => {
    expect(secretsOf({ secrets: { ANTHROPIC_API_KEY: "stored-key" } })).toEqual({
      "stored-key": ["ANTHROPIC_API_KEY"],
    });
  });

  it("are the keys of all providers, and what is named like a secret, but no other variable", () => {
    const env = { AWS_ACCESS_KEY_ID: "AKIA-1234", GITHUB_TOKEN: "ghp-1234", HOME: "/home/me", EDITOR: "vim-classic" };
    expect(secretsOf({ env })).toEqual({ "AKIA-1234": ["AWS_ACCESS_KEY_ID"], "ghp-1234": ["GITHUB_TOKEN"] });
  });

  it("are all values of one name, for the files can be read where the environment wins", () => {
    const sources = {
      env: { MY_TOKEN: "of-process" },
      files: { MY_TOKEN: "of-file" },
      secrets: { MY_TOKEN: "stored" },
    };
    expect(Object.keys(secretsOf(sources)).sort()).toEqual(["of-file", "of-process", "stored"]);
  });

  it("are the values that a skill requires, whatever their names", () => {
    const definition = definitionWith({ type: "mcpStdioSkill", command: "npx", requiredEnv: ["SEARCH_ENGINE_ID"] });
    expect(secretsOf({ definition, files: { SEARCH_ENGINE_ID: "cx-1234" } })).toEqual({
      "cx-1234": ["SEARCH_ENGINE_ID"],
    });
  });

  it("are the password in an address, whatever its variable is called", () => {
    const found = secretsOf({
      env: { DATABASE_URL: "postgres://me:p%40ss-word@host/db", SITE: "https://example.com/x" },
    });
    expect(Object.keys(found)).toEqual(["p%40ss-word", "p@ss-word"]);
  });

  it("are the headers and keys of the provider's setting, without the scheme before them too", () => {
    const login = Buffer.from("me:p-assword").toString("base64");
    const headers = {
      Authorization: "Bearer abc-123",
      "X-Team": "blue-1",
      Proxy: `Basic ${login}`,
      Accept: "text/html",
    };
    const setting = {
      baseUrl: "https://example.com/v1?api_key=in-query",
      apiKey: "in-setting",
      region: "us-east-1",
      headers,
    };
    expect(secretsOf({ definition: definitionWith({ type: "mcpSseSkill", endpoint: "https://x" }, setting) })).toEqual({
      "Bearer abc-123": ["provider.setting.headers.Authorization"],
      "abc-123": ["provider.setting.headers.Authorization"],
      "blue-1": ["provider.setting.headers.X-Team"],
      [`Basic ${login}`]: ["provider.setting.headers.Proxy"],
      [login]: ["provider.setting.headers.Proxy"],
      "p-assword": ["provider.setting.headers.Proxy"],
      "in-query": ["provider.setting.baseUrl"],
      "in-setting": ["provider.setting.apiKey"],
    });
  });

  it.each<[Skill, string]>([
    [{ type: "mcpStdioSkill", command: "x", args: ["-y", "server", "--api-key=abc-123"] }, "search.api-key"],
    [{ type: "mcpStdioSkill", command: "x", args: ["--token", "abc-123", "--depth", "3"] }, "search.token"],
    [{ type: "mcpStdioSkill", command: "x", args: ["https://me:abc-123@example.com"] }, "search.args"],
    [{ type: "mcpStdioSkill", command: "x", args: ["--url=https://example.com?token=abc-123"] }, "search.url"],
    [{ type: "mcpSseSkill", endpoint: "https://example.com/sse?key=abc-123&depth=3" }, "search.endpoint"],
  ])("are what the definition of a skill holds: %j", (skill, name) => {
    expect(secretsOf({ definition: definitionWith(skill) })).toEqual({ "abc-123": [name] });
  });

  it("are what is secret in the JSON of a service account", () => {
    const account = { type: "service_account", private_key: "line-1\nline-2", token_uri: "https://example.com/token" };
    const value = JSON.stringify(account);
    const found = secretsOf({ files: { GOOGLE_CREDENTIALS: value } });
    expect(Object.keys(found)).toEqual(expect.arrayContaining([value, "line-1\nline-2"]));
    expect(found).not.toHaveProperty("service_account");
  });

  it("are none where the text only looks like JSON, an address or a login", () => {
    const env = { A_TOKEN: "{nothing", B_TOKEN: "x://%", C_TOKEN: "Basic !" };
    expect(Object.keys(secretsOf({ env }))).toEqual(["{nothing", "x://%", "Basic !", "!"]);
  });
});
