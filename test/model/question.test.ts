import { describe, expect, it } from "vitest";
import { questionOf } from "../../src/model/question";

const ask = (args: unknown, schema?: unknown) => questionOf({ tool: "askUser", args, schema });

describe("a question to a person", () => {
  it("is what the arguments say in words", () => {
    expect(ask({ id: 7, question: " Which colour? " }).text).toBe("Which colour?");
    expect(ask({ message: "Go on?" }).text).toBe("Go on?");
    expect(ask("Which colour?").text).toBe("Which colour?");
  });

  it("is the call itself where no words are found in it", () => {
    expect(ask({ question: "  ", depth: 3 }).text).toContain("depth: 3");
    expect(ask(undefined).text).toBe("askUser");
  });

  it("offers the answers that it names, in either form", () => {
    expect(ask({ question: "?", options: ["red", 2, true] }).choices.map(({ answer }) => answer)).toEqual([
      "red",
      "2",
      "true",
    ]);
    const choices = [{ label: "Red", value: "r", description: "like a rose" }, { name: "Blue" }];
    expect(ask({ question: "?", choices }).choices).toEqual([
      { label: "Red", detail: "like a rose", answer: "r" },
      { label: "Blue", answer: "Blue" },
    ]);
  });

  it("offers the values of a tool that takes nothing else", () => {
    const schema = { type: "object", properties: { colour: { enum: ["red", "blue"] } } };
    expect(ask({ colour: "red" }, schema).choices.map(({ label }) => label)).toEqual(["red", "blue"]);
    const yesNo = { type: "object", properties: { sure: { type: "boolean" } } };
    expect(ask({ sure: true }, yesNo).choices.map(({ label }) => label)).toEqual(["Yes", "No"]);
  });

  it("is answered in text where it is about more than one thing, or its choices cannot be shown", () => {
    const schema = { properties: { question: { type: "string" }, urgency: { enum: ["low", "high"] } } };
    expect(ask({ question: "?", urgency: "low" }, schema).choices).toEqual([]);
    expect(ask({ question: "?", options: [{ nested: [] }] }).choices).toEqual([]);
    expect(ask({ question: "?", options: [] }, { properties: null }).choices).toEqual([]);
  });
});
