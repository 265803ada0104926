import { describe, expect, it } from "vitest";
import { createKeyRedactor } from "../../src/host/keyRedactor";

describe("the keys of the editor", () => {
  it("are hidden from when they are known, those of the environment always", () => {
    const known = new Map<string, string>();
    const redact = createKeyRedactor({ GITHUB_TOKEN: "ghp-1234", HOME: "/home/me" }, () => known);
    const text = "ghp-1234 sk-new-5678 /home/me";
    expect(redact(text)).toBe("[redacted GITHUB_TOKEN] sk-new-5678 /home/me");
    known.set("OPENAI_API_KEY", "sk-new-5678");
    expect(redact(text)).toBe("[redacted GITHUB_TOKEN] [redacted OPENAI_API_KEY] /home/me");
    known.set("OPENAI_API_KEY", "sk-other-90");
    expect(redact("sk-other-90")).toBe("[redacted OPENAI_API_KEY]");
  });
});
