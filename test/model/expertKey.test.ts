import { describe, expect, it } from "vitest";
import { isRegistryKey, parseExpertKey } from "../../src/model/expertKey";

describe("parseExpertKey", () => {
  it("takes a key apart", () => {
    expect(parseExpertKey("solo")).toEqual({ name: "solo", shortName: "solo" });
    expect(parseExpertKey("@acme/code.review_2")).toEqual({
      name: "@acme/code.review_2",
      scope: "acme",
      shortName: "code.review_2",
    });
    expect(parseExpertKey("solo@1.2.3-beta.1")).toEqual({ name: "solo", shortName: "solo", version: "1.2.3-beta.1" });
    expect(parseExpertKey("@a/solo@latest")).toEqual({ name: "@a/solo", scope: "a", shortName: "solo", tag: "latest" });
  });

  it("refuses what is no key", () => {
    for (const key of [
      "",
      "Solo",
      "-a",
      "a b",
      "a/b",
      "@a",
      "@a/",
      "a@",
      "a@1.2.3@x",
      "a\n",
      "../x",
      "é",
      "a".repeat(512),
    ]) {
      expect(parseExpertKey(key), key).toBeUndefined();
    }
  });

  it("tells the keys that only the registry can know", () => {
    expect(["solo", "a.b", "Bad Key"].map(isRegistryKey)).toEqual([false, false, false]);
    expect(["@a/b", "a@1.0.0", "a@latest"].map(isRegistryKey)).toEqual([true, true, true]);
  });
});
