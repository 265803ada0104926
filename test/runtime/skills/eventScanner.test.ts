import { describe, expect, it } from "vitest";
import { EventScanner } from "../../../src/runtime/skills/eventScanner";

describe("a scan of server-sent events", () => {
  it("measures each event by itself, wherever the bytes are cut", () => {
    for (const end of ["\n", "\r\n"]) {
      const text = `data: aaaa${end}${end}data: ${"b".repeat(30)}${end}${end}data: c${end}`;
      const whole = new EventScanner();
      const largest = whole.push(Buffer.from(text));
      expect(largest).toBe(36 + 2 * end.length);
      const cut = new EventScanner();
      expect(Math.max(...[...Buffer.from(text)].map((byte) => cut.push(Buffer.from([byte]))))).toBe(largest);
    }
  });

  it("sees ids, and takes nothing else for one", () => {
    const scanner = new EventScanner();
    scanner.push(Buffer.from("data: id: 1\n\nidle: 2\n\n"));
    expect(scanner.hasIds).toBe(false);
    scanner.push(Buffer.from("data: x\ni"));
    scanner.push(Buffer.from("d: 3\n\n"));
    expect(scanner.hasIds).toBe(true);
  });
});
