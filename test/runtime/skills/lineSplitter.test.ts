import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LineSplitter } from "../../../src/runtime/skills/lineSplitter";

function split(limit: number, chunks: readonly Buffer[]): { lines: [string, boolean][]; overflows: number } {
  const lines: [string, boolean][] = [];
  let overflows = 0;
  const splitter = new LineSplitter(
    limit,
    (line, isCut) => lines.push([line, isCut]),
    () => {
      overflows += 1;
    },
  );
  for (const chunk of chunks) splitter.push(chunk);
  splitter.end();
  return { lines, overflows };
}

describe("lines of a stream", () => {
  it("are the same however the bytes are cut", () => {
    const text = fc.array(fc.oneof(fc.constant("\n"), fc.string({ unit: "grapheme" }))).map((parts) => parts.join(""));
    fc.assert(
      fc.property(text, fc.array(fc.nat(9)), (whole, sizes) => {
        const bytes = Buffer.from(whole);
        const chunks: Buffer[] = [];
        let start = 0;
        for (const size of sizes) {
          chunks.push(bytes.subarray(start, start + size));
          start += size;
        }
        chunks.push(bytes.subarray(start));
        expect(split(1_000_000, chunks)).toEqual(split(1_000_000, [bytes]));
        const lines = whole.split("\n").map((line) => line.replace(/\r$/u, ""));
        if (lines.at(-1) === "" && !whole.endsWith("\r")) lines.pop();
        expect(split(1_000_000, [bytes]).lines.map(([line]) => line)).toEqual(lines);
      }),
    );
  });

  it("are cut at the limit, never in the middle of a character, and the next one is whole again", () => {
    const bytes = Buffer.from("äää\nb\n");
    expect(split(3, [bytes])).toEqual({
      lines: [
        ["ä", true],
        ["b", false],
      ],
      overflows: 1,
    });
    expect(
      split(
        3,
        [...bytes].map((byte) => Buffer.from([byte])),
      ),
    ).toEqual(split(3, [bytes]));
  });
});
