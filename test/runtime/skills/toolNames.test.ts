import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nameTools } from "../../../src/runtime/skills/toolNames";

const name = fc.oneof(fc.constantFrom("a", "a.b", "a_b", "a b", "ä", "x".repeat(64), "x".repeat(65)), fc.string());
const skills = fc.array(fc.array(name.filter((each) => each !== "")), { maxLength: 4 });

describe("the names of offered tools", () => {
  it("are as providers take them, each once, and no tool is lost unless its name is taken", () => {
    fc.assert(
      fc.property(skills, fc.array(fc.constantFrom("a", "a_b")), (lists, taken) => {
        const given = lists.map((names, index) => ({
          skill: `skill-${index}`,
          tools: names.map((each) => ({ name: each, inputSchema: {} })),
        }));
        const { offered, leftOut } = nameTools(given, taken);
        const names = offered.map((each) => each.name);
        expect(names.filter((each) => !/^[a-zA-Z0-9_-]{1,64}$/u.test(each))).toEqual([]);
        expect(new Set([...names, ...taken]).size).toBe(names.length + new Set(taken).size);
        expect(offered.length + leftOut.length).toBe(lists.flat().length);
        for (const each of offered) {
          if (/^[a-zA-Z0-9_-]{1,64}$/u.test(each.tool.name)) expect(each.name).toBe(each.tool.name);
        }
      }),
    );
  });
});
