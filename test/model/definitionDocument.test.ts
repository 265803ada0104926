/** Every kind of problem in a `perstack.toml`, at its exact place. `«…»` marks the range a problem must have. */
import { describe, expect, it } from "vitest";
import type { DefinitionDocument } from "../../src/model/definition";
import { parseDefinition } from "../../src/model/definitionDocument";

const path = "/workspace/perstack.toml";

const cases: { name: string; toml: string; problems: string[]; env?: Record<string, string> }[] = [
  { name: "accepts an empty file", toml: "", problems: [] },
  { name: "accepts an expert and everything around it", toml: good(), problems: [], env: { TOKEN: "x" } },
  { name: "finds a key without a value", toml: "model «=»\n", problems: ["error syntax"] },
  { name: "finds text without quotes", toml: "model = «gpt-5»\n", problems: ["error syntax"] },
  { name: "finds a header that is not closed", toml: "«[experts.a»\n", problems: ["error syntax"] },
  { name: "finds a string that is not closed", toml: 'model = «"x»\n', problems: ["error syntax"] },
  { name: "finds a list that is not closed", toml: "envPath = [1\n«b» = 3\n", problems: ["error syntax"] },
  { name: "finds an escape that does not exist", toml: 'model = "a«\\q»"\n', problems: ["error syntax"] },
  { name: "finds a control character", toml: 'model = "a«\u0000»"\n', problems: ["error syntax"] },
  {
    name: "finds the opening of a long text that swallows the next expert",
    toml: '[experts.a]\ninstruction = «"""»\nhello\n[experts.b]\ninstruction = """\nfoo\n"""\n',
    problems: ["error syntax"],
  },
  {
    name: "finds the error behind a header that is only text",
    toml: '[experts.a]\ninstruction = """\n[experts.z]\nx\n"""\n[experts.b]\ninstruction «=»\n',
    problems: ["error syntax"],
  },
  {
    name: "finds errors in two experts",
    toml: "[experts.a]\ninstruction «=»\n[experts.b]\ninstruction «= »\n".replace("«= »", "«=» "),
    problems: ["error syntax", "error syntax"],
  },
  {
    name: "finds every key that is written twice",
    toml: 'model = "a"\n«model» = "b"\n«"model"» = "c"\n[experts.a]\ninstruction = "x"\n[experts.«a»]\n',
    problems: ["error duplicate-key", "error duplicate-key", "error duplicate-key"],
  },
  { name: "finds an unknown key", toml: "«modle» = 'x'\n", problems: ["warning unknown-key: Did you mean “model”?"] },
  {
    name: "finds an unknown key in a table within a line",
    toml: "experts.a = { instruction = 'x', «skils» = {} }\n",
    problems: ["warning unknown-key: Did you mean “skills”?"],
  },
  {
    name: "finds keys of the file below a header",
    toml: "[provider]\nproviderName = 'replay'\n«envPath» = ['a']\n[provider.setting]\n«maxSteps» = 3\n",
    problems: ["warning unknown-key: the top of the file", "warning unknown-key: the top of the file"],
  },
  {
    name: "finds keys of an expert below its skill",
    toml: expert("[experts.a.skills.'@perstack/base']\ntype = 'mcpStdioSkill'\ncommand = 'npx'\n«delegates» = ['a']\n"),
    problems: ['warning unknown-key: [experts."a"]'],
  },
  {
    name: "finds values of a wrong type",
    toml: "maxSteps = «'ten'»\ntimeout = «2020-01-01»\nenvPath = ['a', «3»]\nmodel = «[]»\nprovider = «'x'»\n",
    problems: [
      "error wrong-type: a whole number",
      "error wrong-type: a date",
      "error wrong-type: Entry 2 of “envPath”",
      "error wrong-type: text in quotes",
      "error wrong-type: a table",
    ],
  },
  { name: "finds a fraction", toml: "maxSteps = «1.5»\n", problems: ["error wrong-type: a whole number"] },
  {
    name: "finds values that are out of range",
    toml: "maxSteps = «0»\nmaxRetries = «-1»\nreasoningBudget = «-1»\n",
    problems: ["error invalid-value: more than 0", "error invalid-value: at least 0", "error invalid-value"],
  },
  {
    name: "finds a reasoning budget that does not exist",
    toml: "reasoningBudget = «'hgih'»\n",
    problems: ["error wrong-type: Did you mean “high”?"],
  },
  {
    name: "finds a provider that does not exist",
    toml: "[provider]\nproviderName = «'antropic'»\n",
    problems: ["error invalid-value: Did you mean “anthropic”?"],
  },
  { name: "finds a provider without a name", toml: "[«provider»]\n", problems: ["error missing-key: “providerName”"] },
  {
    name: "finds an address that is none",
    toml: "[provider]\nproviderName = 'openai'\nsetting.baseUrl = «'x'»\n",
    problems: ["error invalid-value"],
  },
  { name: "finds a missing instruction", toml: "[experts.«a»]\n", problems: ["error missing-key: “instruction”"] },
  { name: "finds an empty instruction", toml: "[experts.a]\ninstruction = «''»\n", problems: ["error invalid-value"] },
  {
    name: "finds an instruction that is too long",
    toml: `[experts.a]\n«instruction» = '${"x".repeat(20481)}'\n`,
    problems: ["error too-long: 20,481 characters"],
  },
  {
    name: "finds keys that no expert can have",
    toml: "[experts.«'My Expert'»]\ninstruction = 'x'\n[experts.«__proto__»]\ninstruction = 'x'\n",
    problems: ["error bad-expert-key: “my-expert”", "error bad-expert-key"],
  },
  { name: "finds experts that are a list", toml: "[[«experts»]]\n", problems: ["error wrong-type"] },
  { name: "finds an expert that is a number", toml: "experts.a = «3»\n", problems: ["error wrong-type"] },
  {
    name: "finds delegates that do not exist",
    toml: "[experts.helper]\ninstruction = 'x'\ndelegates = ['helper', «'helpr'», «'@acme/x'», «'x@1.0.0'»]\n",
    problems: [
      "error unknown-delegate: Did you mean “helper”?",
      "warning unknown-delegate: registry",
      "warning unknown-delegate: registry",
    ],
  },
  {
    name: "finds skills without a type, or with one that does not exist",
    toml: expert("[experts.a.skills.'@perstack/base']\ntype = «'mcpStdio'»\n[experts.a.skills.«x»]\ncommand = 'x'\n"),
    problems: ["error invalid-value", "error missing-key: “type”"],
  },
  {
    name: "finds a command that says both or nothing of what it runs",
    toml: expert(
      "[experts.a.«skills».both]\ntype = 'mcpStdioSkill'\ncommand = 'npx'\npackageName = 'a'\n«args» = ['b']\n[experts.a.skills.«none»]\ntype = 'mcpStdioSkill'\ncommand = 'npx'\n",
    ),
    problems: ["warning missing-base-skill", "error invalid-skill", "error invalid-skill"],
  },
  {
    name: "finds variables that are not set",
    toml: expert(
      "[experts.a.skills.'@perstack/base']\ntype = 'mcpStdioSkill'\ncommand = 'npx'\nrequiredEnv = ['HERE', «'MISSING'»]\n",
    ),
    problems: ["warning missing-env: “MISSING”"],
    env: { HERE: "1" },
  },
  {
    name: "finds what is not used here",
    toml: "runtime = «'docker'»\n«perstackBaseSkillCommand» = ['x']\n",
    problems: ["warning unsupported-runtime", "warning ignored-key"],
  },
  {
    name: "finds env files outside the folder",
    toml: "envPath = ['a/../.env', «'../.env'», «'/etc/x'»]\n",
    problems: ["error env-path-outside", "error env-path-outside"],
  },
  {
    name: "finds what is wrong in interactive and remote skills",
    toml: expert(
      "[experts.a.skills.'@perstack/base']\ntype = 'mcpStdioSkill'\ncommand = 'npx'\n[experts.a.skills.ask]\ntype = 'interactiveSkill'\n[experts.a.skills.ask.tools.q]\ninputJsonSchema = «'{'»\n[experts.a.skills.web]\ntype = 'mcpSseSkill'\nendpoint = «'nowhere'»\n",
    ),
    problems: ["error invalid-value: “q”", "error invalid-value: “endpoint”"],
  },
];

describe("parseDefinition", () => {
  for (const { name, toml, problems, env } of cases) {
    it(name, () => {
      const { text, spans } = unmark(toml);
      const document = parseDefinition(path, text, { env: env ?? {} });
      expect(found(document)).toEqual(problems.map((problem, index) => ({ problem: head(problem), ...spans[index] })));
      problems.forEach((problem, index) => {
        expect(document.problems[index]?.message).toContain(problem.split(": ").slice(1).join(": "));
      });
    });
  }

  it("counts lines and columns as editors do, whatever ends the lines and however wide a character is", () => {
    const place = (text: string) => parseDefinition(path, text).problems.map(({ range }) => range);
    const expected = { line: 2, column: 12, endLine: 2, endColumn: 13 };
    expect(place('model = "😀"\nx = "😀😀" c')).toMatchObject([expected]);
    expect(place('model = "😀"\r\nx = "😀😀" c')).toMatchObject([expected]);
    expect(place("\ufeffx = 1")).toMatchObject([{ start: 1, end: 2, line: 1, column: 1, endColumn: 2 }]);
  });

  it("keeps the good siblings of a broken expert usable", () => {
    const text = "model = 'm'\n[experts.bad]\ninstruction = 3\n[experts.good]\ninstruction = 'x'\nskils = 1\n";
    const { definition, experts } = parseDefinition(path, text);
    expect(definition).toEqual({ model: "m", experts: { good: { instruction: "x" } } });
    expect(experts.map(({ key, problems }) => [key, problems.map(({ code }) => code)])).toEqual([
      ["bad", ["wrong-type"]],
      ["good", ["unknown-key"]],
    ]);
  });

  it("gives a key written twice to the expert it is in, and spares the others", () => {
    const text = "[experts.a]\ninstruction = 'x'\ninstruction = 'y'\n[experts.b]\ninstruction = 'b'\n[experts.a]\n";
    const { definition, experts } = parseDefinition(path, text);
    expect(Object.keys(definition?.experts ?? {})).toEqual(["b"]);
    expect(experts.map(({ key, problems }) => [key, problems.length])).toEqual([
      ["a", 2],
      ["b", 0],
    ]);
  });

  it("trusts nothing of a file that is no TOML, but lists its experts", () => {
    const text =
      '[experts.a]\ninstruction = """\nopen\n[experts.b]\ninstruction = "x"\ndelegates = ["a"]\n[experts.c\nx = 1\n';
    const { definition, experts, problems } = parseDefinition(path, text);
    expect(definition).toBeUndefined();
    expect(experts.map(({ key, expert: read, range }) => [key, read !== undefined, range.line])).toEqual([
      ["a", false, 1],
      ["b", true, 4],
      ["c", false, 7],
    ]);
    expect(problems.map(({ code, expertKey }) => [code, expertKey])).toEqual([
      ["syntax", "a"],
      ["syntax", "c"],
    ]);
  });

  it("leaves out of the definition what is wrong at the top, and keeps the rest", () => {
    const { definition, problems } = parseDefinition(path, "maxSteps = 'x'\nmaxRetries = 2\n[provider]\n");
    expect(definition).toEqual({ maxRetries: 2 });
    expect(problems.map(({ expertKey }) => expertKey)).toEqual([undefined, undefined]);
  });

  it("says where each expert's header, skills and delegates are", () => {
    const { experts } = parseDefinition(path, good());
    const [first] = experts;
    expect(first).toMatchObject({
      key: "writer",
      range: { line: 11, column: 1, endLine: 11, endColumn: 19 },
      skills: [
        { name: "@perstack/base", range: { line: 16, column: 26 } },
        { name: "web", range: { line: 20 } },
      ],
      delegates: [{ key: "helper", range: { line: 14, column: 14, endColumn: 22 } }],
    });
  });

  it("says where an expert is that has no header of its own", () => {
    const ranges = (text: string) =>
      parseDefinition(path, text).experts.map(({ range }) => text.slice(range.start, range.end));
    expect(ranges("experts.a = { instruction = 'x' }\n")).toEqual(["a"]);
    expect(ranges("[experts]\na.instruction = 'x'\n")).toEqual(["a"]);
    expect(ranges("[experts.a.skills.x]\n[experts.a]\n")).toEqual(["[experts.a]"]);
    expect(ranges("[ experts . 'a' ] # c\n")).toEqual(["[ experts . 'a' ]"]);
  });
});

function good(): string {
  return `model = "m"
reasoningBudget = 1024
maxSteps = 3
envPath = [".env", "config/.env"]
runtime = "local"

[provider]
providerName = "anthropic"
setting = { baseUrl = "https://example.com/v1", headers = { a = "b" } }

[experts."writer"]
version = "1.0.0"
instruction = """Say “hello” [to] = all."""
delegates = ["helper"]

[experts."writer".skills."@perstack/base"]
type = "mcpStdioSkill"
command = "npx"
packageName = "@perstack/base"
[experts."writer".skills.web]
type = "mcpStdioSkill"
command = "npx"
args = ["-y", "web"]
requiredEnv = ["TOKEN"]

[experts.helper]
instruction = "Help."
tags = ["a"]
`;
}

function expert(rest: string): string {
  return `[experts.a]\ninstruction = 'x'\n${rest}`;
}

function unmark(marked: string): { text: string; spans: { start: number; end: number }[] } {
  const spans: { start: number; end: number }[] = [];
  let text = "";
  for (const piece of marked.split(/(?=[«»])/u)) {
    if (piece.startsWith("«")) spans.push({ start: text.length, end: -1 });
    const last = spans.at(-1);
    if (piece.startsWith("»") && last) last.end = text.length;
    text += piece.replace(/^[«»]/u, "");
  }
  return { text, spans };
}

function found({ problems }: DefinitionDocument) {
  return problems.map(({ severity, code, range }) => ({
    problem: `${severity} ${code}`,
    start: range.start,
    end: range.end,
  }));
}

function head(problem: string): string {
  return problem.split(": ")[0] ?? "";
}
