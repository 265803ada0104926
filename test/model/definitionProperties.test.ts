/** Definitions of all kinds: those of real Perstack runs are good, and no text whatever breaks the parser. */
import { existsSync, globSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import fc from "fast-check";
import { parse as parseWithOther } from "smol-toml";
import { describe, expect, it } from "vitest";
import type { DefinitionDocument, TextRange } from "../../src/model/definition";
import { parseDefinition } from "../../src/model/definitionDocument";
import { readToml } from "../../src/model/readToml";
import { toPlain } from "../../src/model/tomlTree";

const root = resolve(import.meta.dirname, "../..");
const fixtures = resolve(root, "../shared/fixtures");
const demo = resolve(root, "examples/demo/perstack.toml");

const sample = `\ufeffmodel = "claude-sonnet-4-5" # the 😀 model
envPath = [".env"]

[provider]
providerName = "anthropic"
[provider.setting]
baseUrl = "https://example.com"

[experts."solo"]
version = "1.0.0"
instruction = """
ROLE: solo
[not a header]
"""
delegates = ["math", '@acme/x']

[experts."solo".skills."@perstack/base"]
type = "mcpStdioSkill"
command = "npx"
packageName = "@perstack/base"

[experts.math]
instruction = 'x'
[experts.math.skills.ask.tools.q]
inputJsonSchema = "{}"
`;

const pieces = ["\n", "[", "]", '"', "'", '"""', "=", "{", "}", ",", ".", "\r", "\u0000", "😀", "\ud800", "#", "\\"];
const lines = [
  "[experts.solo]",
  "[[experts]]",
  "experts = 1",
  "x =",
  "[provider]",
  "model = 1",
  "__proto__ = 1",
  "[experts.a",
];

/** One change to a text: a cut, or something put in, at a place given as a fraction. */
const mutation = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  cut: fc.nat(40),
  put: fc.oneof(
    fc.constant(""),
    fc.constantFrom(...pieces),
    fc.constantFrom(...lines).map((line) => `\n${line}\n`),
    fc.string({ maxLength: 5 }),
  ),
});

const mutated = fc.array(mutation, { minLength: 1, maxLength: 6 }).map((mutations) =>
  mutations.reduce((text, { at, cut, put }) => {
    const index = Math.floor(at * text.length);
    return text.slice(0, index) + put + text.slice(index + cut);
  }, sample),
);

describe("any definition", () => {
  it.runIf(existsSync(fixtures))("is good where Perstack itself ran it", () => {
    const files = globSync("**/perstack.toml", { cwd: fixtures }).map((file) => resolve(fixtures, file));
    expect(files.length).toBeGreaterThan(20);
    for (const file of files) {
      const { definition, experts, problems } = parseDefinition(file, readFileSync(file, "utf8"));
      expect(problems.filter(({ severity }) => severity === "error")).toEqual([]);
      expect(Object.keys(definition?.experts ?? {})).toEqual(experts.map(({ key }) => key));
    }
  });

  it("is good in the demo", () => {
    expect(parseDefinition(demo, readFileSync(demo, "utf8")).problems).toEqual([]);
  });

  it("never throws, and every range lies inside the text", () => {
    fc.assert(
      fc.property(fc.oneof(mutated, fc.string({ unit: "binary", maxLength: 200 })), (text) => {
        const document = parseDefinition("/p", text, { env: {} });
        for (const range of rangesOf(document)) checkRange(range, text);
        const hasSyntaxError = document.problems.some(({ code }) => code === "syntax");
        expect(document.definition === undefined).toBe(hasSyntaxError);
        for (const { expert, problems, key } of document.experts) {
          const isUsable = expert !== undefined && problems.every(({ severity }) => severity !== "error");
          if (!hasSyntaxError) expect(Object.hasOwn(document.definition?.experts ?? {}, key)).toBe(isUsable);
          if (expert === undefined) expect(problems).not.toEqual([]);
        }
      }),
      { numRuns: 600 },
    );
  });

  it("means the same as another parser says it means", () => {
    fc.assert(
      fc.property(mutated, (text) => {
        const { root: tree, faults } = readToml(text);
        let other: unknown;
        try {
          other = parseWithOther(text.replace(/^\ufeff/u, ""));
        } catch {
          return;
        }
        if (faults.length === 0) expect(JSON.stringify(toPlain(tree))).toEqual(JSON.stringify(other));
      }),
      { numRuns: 500 },
    );
  });
});

function rangesOf({ experts, problems }: DefinitionDocument): TextRange[] {
  const parts = experts.flatMap(({ range, skills, delegates }) => [
    range,
    ...[...skills, ...delegates].map((each) => each.range),
  ]);
  return [...parts, ...problems.map(({ range }) => range)];
}

function checkRange({ start, end, line, column, endLine, endColumn }: TextRange, text: string): void {
  expect(start).toBeGreaterThanOrEqual(0);
  expect(end).toBeGreaterThanOrEqual(start);
  expect(end).toBeLessThanOrEqual(text.length);
  const rows = text.replace(/^\ufeff/u, "").split(/\r\n|\n|\r/u);
  expect(column).toBeGreaterThanOrEqual(1);
  expect(column).toBeLessThanOrEqual((rows[line - 1]?.length ?? -1) + 2);
  expect(endColumn).toBeLessThanOrEqual((rows[endLine - 1]?.length ?? -1) + 2);
}
