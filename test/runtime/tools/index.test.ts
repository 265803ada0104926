import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { baseTools } from "../../../src/runtime/tools";
import { ToolError } from "../../../src/runtime/tools/tool";
import { projectRoot } from "../../support/projectPaths";
import { temporaryWorkspace, toolBench } from "../temporaryWorkspace";

/** Names and arguments of Perstack's base skill; `?` marks what may be left out. */
const signatures: Record<string, string> = {
  attemptCompletion: "",
  todo: "newTodos?: string[], completedTodos?: number[]",
  clearTodo: "",
  exec: "command: string, args: string[], env: object, cwd: string, stdout: boolean, stderr: boolean, timeout?: number",
  getFileInfo: "path: string",
  healthCheck: "",
  readTextFile: "path: string, from?: number, to?: number",
  readImageFile: "path: string",
  readPdfFile: "path: string",
  writeTextFile: "path: string, text: string",
  appendTextFile: "path: string, text: string",
  editTextFile: "path: string, newText: string, oldText: string",
  moveFile: "source: string, destination: string",
  deleteFile: "path: string",
  listDirectory: "path: string",
  createDirectory: "path: string",
  deleteDirectory: "path: string, recursive?: boolean",
};

const Recorded = z.array(
  z.object({ skillName: z.string(), name: z.string(), inputSchema: z.record(z.string(), z.unknown()) }),
);
const recordedPath = join(projectRoot, "../shared/fixtures/perstack/tool-definitions.json");

describe("the base skill", () => {
  it("has the tools of Perstack's base skill, with their arguments", () => {
    const ours = baseTools.map(({ definition }) => [definition.name, signatureOf(definition.inputSchema)]);
    expect(Object.fromEntries(ours)).toEqual(signatures);
  });

  it.runIf(existsSync(recordedPath))("has exactly the schemas that the real runtime sends", () => {
    const recorded = Recorded.parse(JSON.parse(readFileSync(recordedPath, "utf8")));
    const theirs = recorded.filter(({ skillName }) => skillName === "@perstack/base");
    expect(theirs).toHaveLength(baseTools.length);
    for (const { name, inputSchema } of theirs) {
      expect(baseTools.find(({ definition }) => definition.name === name)?.definition.inputSchema, name).toEqual(
        inputSchema,
      );
    }
  });

  it("says of every tool what it does to the world", () => {
    const byEffect = Object.groupBy(baseTools, ({ effect }) => effect);
    const namesOf = (tools: typeof baseTools | undefined) => tools?.map(({ definition }) => definition.name);
    expect(namesOf(byEffect.none)).toEqual(["attemptCompletion", "todo", "clearTodo", "healthCheck"]);
    expect(namesOf(byEffect.exec)).toEqual(["exec"]);
    expect(namesOf(byEffect.write)).toEqual([
      ...[
        "writeTextFile",
        "appendTextFile",
        "editTextFile",
        "moveFile",
        "deleteFile",
        "createDirectory",
        "deleteDirectory",
      ],
    ]);
  });

  it.each(baseTools.map((tool) => ({ name: tool.definition.name, tool })))(
    "$name is described and refuses wrong arguments",
    async ({ name, tool }) => {
      expect(tool.definition.description.length).toBeGreaterThan(60);
      expect(tool.summarize(undefined)).toBe(name);
      const bench = toolBench((await temporaryWorkspace()).workspace);
      const required: unknown = tool.definition.inputSchema.required;
      for (const bad of Array.isArray(required) ? [{}, null, { path: 7 }, []] : [7, "text"]) {
        const error = await bench.call(name, bad).catch((reason: unknown) => reason);
        expect(error).toBeInstanceOf(ToolError);
        expect(String(error)).toContain(`Invalid arguments for ${name}`);
      }
    },
  );

  it("asks for approval with all that will happen, on one line", () => {
    const summaryOf = (name: string, args: unknown) =>
      baseTools.find(({ definition }) => definition.name === name)?.summarize(args);
    const exec = {
      command: "npm",
      args: ["test", "a b", ""],
      env: { CI: "1" },
      cwd: "sub",
      stdout: true,
      stderr: true,
    };
    expect(summaryOf("exec", exec)).toBe('exec: CI=1 npm test "a b" "" (in sub)');
    expect(summaryOf("exec", { ...exec, args: ["-c", "a\nb\u202e"], env: {}, cwd: "." })).toBe(
      'exec: npm -c "a\\nb\\u{202e}"',
    );
    expect(summaryOf("writeTextFile", { path: "a b.txt", text: "x" })).toBe('writeTextFile: "a b.txt"');
    expect(summaryOf("moveFile", { source: "a", destination: "b" })).toBe("moveFile: a → b");
    expect(summaryOf("deleteDirectory", { path: "a", recursive: true })).toBe("deleteDirectory: a (with all it holds)");
  });
});

function signatureOf(schema: Record<string, unknown>): string {
  const { properties, required = [] } = z
    .object({
      properties: z.record(
        z.string(),
        z.object({ type: z.string(), items: z.object({ type: z.string() }).optional() }),
      ),
      required: z.array(z.string()).optional(),
    })
    .parse(schema);
  return Object.entries(properties)
    .map(
      ([name, { type, items }]) => `${name}${required.includes(name) ? "" : "?"}: ${items ? `${items.type}[]` : type}`,
    )
    .join(", ");
}
