import { describe, expect, it } from "vitest";
import { ServerLog } from "../../../src/runtime/skills/serverLog";

describe("what a server says", () => {
  it("is told together where it came together, a line that is not whole with the next piece, or at the end", () => {
    const told: (readonly string[])[] = [];
    const log = new ServerLog(10, (lines) => told.push(lines));
    log.push(Buffer.from("one\ntwo\n\nth"));
    log.push(Buffer.from("ree\n"));
    log.add("aside");
    log.push(Buffer.from("last"));
    log.end();
    expect(told).toEqual([["one", "two"], ["three"], ["aside"], ["last"]]);
  });

  it("is left out from its limit on, which is said once", () => {
    const told: string[] = [];
    const log = new ServerLog(2, (lines) => told.push(...lines));
    log.push(Buffer.from("1\n2\n3\n4\n"));
    log.push(Buffer.from("5\n"));
    expect(told).toEqual(["1", "2", "… more lines left out"]);
  });
});
