import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { escapeControls, oneLine, plainLines } from "../../src/model/plainText";
import { holds } from "../support/holds";
import { nastyText } from "./arbitraryEvents";

describe("escapeControls", () => {
  it.each([
    ["\u001b[2J", "\\x1b[2J"],
    ["a\u0000b\u007f\u009bc", "a\\x00b\\x7f\\x9bc"],
    ["safe\u202egnp.exe", "safe\\u{202e}gnp.exe"],
    ["\ud800x", "\\u{d800}x"],
    ["👩‍👩‍👧 naïve 日本語", "👩‍👩‍👧 naïve 日本語"],
  ])("shows %j as %j", (text, shown) => {
    expect(escapeControls(text)).toBe(shown);
  });

  it("changes nothing the second time", () => {
    holds(
      fc.property(nastyText, (text) => {
        expect(escapeControls(escapeControls(text))).toBe(escapeControls(text));
      }),
    );
  });
});

describe("oneLine", () => {
  it("collapses white space, drops colours and says with “…” that it cut", () => {
    expect(oneLine(" a\r\n\tb \u001b[31mred\u001b[0m ")).toBe("a b red");
    expect(oneLine("abcdef", 4)).toBe("abc…");
    expect(oneLine("abcd", 4)).toBe("abcd");
  });

  it("never cuts a character in two", () => {
    expect(oneLine("ab👩cd", 4)).toBe("ab…");
  });
});

describe("plainLines", () => {
  it("knows every line end, and opens no line behind the last one", () => {
    expect(plainLines("a\r\nb\rc\n\nd\n", { lines: 9, width: 9 })).toEqual(["a", "b", "c", "", "d"]);
    expect(plainLines("", { lines: 9, width: 9 })).toEqual([]);
  });

  it("says how many lines and characters it leaves out", () => {
    expect(plainLines("abcdef\nb\nc", { lines: 2, width: 4 })).toEqual([
      "abcd… (2 more characters)",
      "b",
      "… 1 more line",
    ]);
  });
});
