import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { replaceOnce } from "../../../src/runtime/tools/replaceOnce";
import { holds } from "../../support/holds";

const lf = (text: string) => text.replaceAll("\r\n", "\n");

describe("replacing a text once", () => {
  it.each([
    ["a b a", "a", "x", "x b a"],
    ["a\r\nb\r\nc", "a\nb", "x\ny", "x\r\ny\r\nc"],
    ["a\nb\nc", "a\r\nb", "x\r\ny", "x\ny\nc"],
    ["bar\r\nfoo\r\n", "\nfoo", "\nbaz", "bar\r\nbaz\r\n"],
    ["one\r\n", "one", "one\ntwo", "one\r\ntwo\r\n"],
    ["a", "a", "x\r\ny", "x\r\ny"],
    ["a\r\nb\nc\nd\n", "b\nc", "x\ny", "a\r\nx\ny\nd\n"],
    ["price", "price", "$& $1 $$ $`", "$& $1 $$ $`"],
    ["x\r\ny", "x\r", "z", "z\ny"],
    ["a", "b", "c", undefined],
  ])("%j: %j by %j is %j", (content, oldText, newText, expected) => {
    expect(replaceOnce(content, oldText, newText)).toBe(expected);
  });

  it("changes the first place only, and nothing before or behind it", () => {
    const piece = fc.constantFrom("a", "b", "\r\n", "\n", "aa", "$&", "é");
    const text = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(""));
    const wanted = fc.array(piece, { minLength: 1, maxLength: 3 }).map((pieces) => pieces.join(""));
    holds(
      fc.property(text, wanted, text, (content, oldText, newText) => {
        const index = lf(content).indexOf(lf(oldText));
        const edited = replaceOnce(content, oldText, newText);
        if (index === -1) {
          expect(edited).toBeUndefined();
          return;
        }
        const plain = lf(content);
        const after = plain.slice(index + lf(oldText).length);
        expect(lf(edited ?? "")).toBe(plain.slice(0, index) + lf(newText) + after);
        const behind = content.slice(content.length - originalLength(content, after));
        expect(edited?.endsWith(behind)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});

/** How long the end of `content` is that reads as `plainEnd` without its CRs. */
function originalLength(content: string, plainEnd: string): number {
  for (let length = plainEnd.length; length <= content.length; length += 1) {
    const end = content.slice(content.length - length);
    if (lf(end) === plainEnd && !(end.startsWith("\n") && content.at(content.length - length - 1) === "\r"))
      return length;
  }
  throw new Error("No such end");
}
