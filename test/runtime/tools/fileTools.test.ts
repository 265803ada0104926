import { readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { WorkspaceError } from "../../../src/runtime/ports";
import { ToolError } from "../../../src/runtime/tools/tool";
import { jsonOf, type ToolBench, temporaryWorkspace, toolBench } from "../temporaryWorkspace";

async function bench(files: Record<string, string> = {}): Promise<ToolBench> {
  return toolBench((await temporaryWorkspace(files)).workspace);
}

async function failure(work: Promise<unknown>): Promise<string> {
  const error = await work.catch((reason: unknown) => reason);
  expect(error instanceof ToolError || error instanceof WorkspaceError).toBe(true);
  return error instanceof Error ? error.message : "";
}

describe("the file tools", () => {
  it("answer as Perstack's do, and say what they touched", async () => {
    const tools = await bench();
    const { root } = tools.workspace;
    const at = (path: string) => join(root, path);
    const steps: [string, unknown, unknown, unknown][] = [
      ["createDirectory", { path: "notes" }, { path: at("notes") }, [["notes", "create"]]],
      [
        "writeTextFile",
        { path: "notes/plan.md", text: "1. a\n2. b\n" },
        { path: at("notes/plan.md"), text: "1. a\n2. b\n" },
        [["notes/plan.md", "create"]],
      ],
      [
        "writeTextFile",
        { path: "./notes/plan.md", text: "1. a\n2. b\n" },
        { path: at("notes/plan.md"), text: "1. a\n2. b\n" },
        [["notes/plan.md", "write"]],
      ],
      [
        "appendTextFile",
        { path: "notes/plan.md", text: "3. c\n" },
        { path: at("notes/plan.md"), text: "3. c\n" },
        [["notes/plan.md", "write"]],
      ],
      [
        "editTextFile",
        { path: "notes/plan.md", oldText: "2. b", newText: "2. B" },
        { path: at("notes/plan.md"), newText: "2. B", oldText: "2. b" },
        [["notes/plan.md", "write"]],
      ],
      [
        "readTextFile",
        { path: "notes/plan.md" },
        { path: "notes/plan.md", content: "1. a\n2. B\n3. c\n", from: 0, to: 4 },
        [["notes/plan.md", "read"]],
      ],
      [
        "readTextFile",
        { path: "notes/plan.md", from: 1, to: 3 },
        { path: "notes/plan.md", content: "2. B\n3. c", from: 1, to: 3 },
        [["notes/plan.md", "read"]],
      ],
      [
        "moveFile",
        { source: "notes/plan.md", destination: "plan.md" },
        { source: at("notes/plan.md"), destination: at("plan.md") },
        [
          ["notes/plan.md", "delete"],
          ["plan.md", "create"],
        ],
      ],
      ["deleteDirectory", { path: "notes" }, { path: at("notes") }, [["notes", "delete"]]],
      ["deleteFile", { path: "plan.md" }, { path: at("plan.md") }, [["plan.md", "delete"]]],
      ["listDirectory", { path: "." }, { path: root, items: [] }, undefined],
    ];
    for (const [name, args, answer, touched] of steps) {
      const output = await tools.call(name, args);
      expect(jsonOf(output.result), name).toEqual(answer);
      expect(
        output.touched?.map(({ path, change }) => [path, change]),
        name,
      ).toEqual(touched);
      expect(output.isError).toBeUndefined();
    }
  });

  it("tell all about a file, and list a folder by name", async () => {
    const tools = await bench({ "ws/b.md": "x".repeat(36), "ws/a/c.txt": "c" });
    const at = (path: string) => join(tools.workspace.root, path);
    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    expect(await tools.json("getFileInfo", { path: "b.md" })).toEqual({
      ...{ exists: true, path: at("b.md"), absolutePath: at("b.md"), name: "b.md", directory: tools.workspace.root },
      ...{ extension: ".md", type: "file", mimeType: "text/markdown", size: 36, sizeFormatted: "36.00 B" },
      ...{ created: time, modified: time, accessed: time },
      permissions: { readable: true, writable: true, executable: false },
    });
    expect(await tools.json("getFileInfo", { path: "a" })).toMatchObject({
      type: "directory",
      mimeType: null,
      extension: null,
    });
    expect(await tools.json("listDirectory", { path: "." })).toMatchObject({
      items: [
        { name: "a", path: "a", type: "directory", modified: time },
        { name: "b.md", path: "b.md", type: "file", size: 36, modified: time },
      ],
    });
  });

  it("fail in words", async () => {
    const tools = await bench({ "ws/a.txt": "a", "ws/b.txt": "b", "ws/nul.bin": "a\0b", "ws/folder/x": "x" });
    const cases: [string, unknown, RegExp][] = [
      ["readTextFile", { path: "missing.txt" }, /File “missing.txt” does not exist/],
      ["readTextFile", { path: "nul.bin" }, /not a text file: it contains NUL bytes/],
      ["readTextFile", { path: "folder" }, /is a folder/],
      ["readTextFile", { path: "a.txt", from: -1 }, /from is -1/],
      ["readTextFile", { path: "a.txt", to: 1.5 }, /to is 1.5/],
      ["getFileInfo", { path: "missing" }, /does not exist/],
      ["listDirectory", { path: "missing" }, /does not exist/],
      ["appendTextFile", { path: "missing.txt", text: "x" }, /Create it with writeTextFile/],
      ["writeTextFile", { path: "no/x.txt", text: "x" }, /createDirectory/],
      ["editTextFile", { path: "a.txt", oldText: "z", newText: "y" }, /oldText does not stand in “a.txt”/],
      ["editTextFile", { path: "a.txt", oldText: "", newText: "y" }, /oldText is empty/],
      ["moveFile", { source: "a.txt", destination: "b.txt" }, /“b.txt” already exists/],
      ["moveFile", { source: "a.txt", destination: "no/b.txt" }, /createDirectory/],
      ["moveFile", { source: "folder", destination: "folder/in" }, /move into itself/],
      ["deleteFile", { path: "missing" }, /does not exist/],
      ["deleteDirectory", { path: "folder" }, /not empty/],
      ["createDirectory", { path: "folder" }, /already exists/],
      ["readTextFile", { path: "../x" }, /leads out of the workspace/],
    ];
    for (const [name, args, message] of cases) expect(await failure(tools.call(name, args)), name).toMatch(message);
    expect((await tools.workspace.readFile("b.txt")).toString()).toBe("b");
  });

  it("name the link, not its target, when a link is deleted", async () => {
    const tools = await bench({ "ws/target.txt": "kept" });
    await symlink("target.txt", join(tools.workspace.root, "link"));
    const output = await tools.call("deleteFile", { path: "link" });
    expect(output.touched).toEqual([{ path: "link", change: "delete" }]);
    expect((await tools.workspace.readFile("target.txt")).toString()).toBe("kept");
  });
});

describe("readTextFile", () => {
  it("gives the lines from the first up to, not with, the last", async () => {
    const tools = await bench();
    const line = fc.string({ unit: "grapheme", maxLength: 8 }).filter((each) => !/[\n\0]/.test(each));
    const bound = fc.option(fc.nat(12), { nil: undefined });
    await fc.assert(
      fc.asyncProperty(fc.array(line, { minLength: 1, maxLength: 8 }), bound, bound, async (lines, from, to) => {
        await writeFile(join(tools.workspace.root, "a.txt"), lines.join("\n"));
        expect(await tools.json("readTextFile", { path: "a.txt", from, to })).toEqual({
          ...{ path: "a.txt", content: lines.slice(from, to).join("\n"), from: from ?? 0, to: to ?? lines.length },
        });
      }),
    );
  });

  it("says how to read a file that is too large at once", async () => {
    const tools = await bench({ "ws/large.log": `${"x".repeat(99)}\n`.repeat(20_000) });
    expect(await failure(tools.call("readTextFile", { path: "large.log" }))).toMatch(
      /20001 lines.*2000000 bytes.*with from and to/,
    );
    expect(await tools.json("readTextFile", { path: "large.log", from: 19_999 })).toMatchObject({
      from: 19_999,
      to: 20_001,
    });
  });
});

describe("editTextFile", () => {
  it("leaves every other byte as it was: line endings, byte order mark, patterns in the new text", async () => {
    const tools = await bench({ "ws/a.txt": "\u{feff}one\r\ntwo\r\nthree\nfour\r\n" });
    await tools.call("editTextFile", { path: "a.txt", oldText: "one\ntwo", newText: "$& 1\n$' 2" });
    const content = await readFile(join(tools.workspace.root, "a.txt"), "utf8");
    expect(content).toBe("\u{feff}$& 1\r\n$' 2\r\nthree\nfour\r\n");
  });

  it("refuses a file that is not UTF-8, which it would damage", async () => {
    const tools = await bench();
    const latin1 = Buffer.from([0x63, 0x61, 0x66, 0xe9]);
    await writeFile(join(tools.workspace.root, "a.txt"), latin1);
    expect(await failure(tools.call("editTextFile", { path: "a.txt", oldText: "c", newText: "k" }))).toMatch(
      /not valid UTF-8/,
    );
    expect(await readFile(join(tools.workspace.root, "a.txt"))).toEqual(latin1);
  });
});

describe("images and documents", () => {
  const heads: [string, Buffer, string][] = [
    ["readImageFile", Buffer.from("\x89PNG\r\n\x1a\n…", "latin1"), "image/png"],
    ["readImageFile", Buffer.from("\xff\xd8\xff\xe0", "latin1"), "image/jpeg"],
    ["readImageFile", Buffer.from("GIF89a…"), "image/gif"],
    ["readImageFile", Buffer.from("RIFF\0\0\0\0WEBPVP8"), "image/webp"],
    ["readPdfFile", Buffer.from("%PDF-1.7\n…"), "application/pdf"],
  ];

  it.each(heads)("%s tells by the content: %j is %s", async (tool, content, mimeType) => {
    const tools = await bench();
    await writeFile(join(tools.workspace.root, "misnamed.txt"), content);
    const { result, touched } = await tools.call(tool, { path: "misnamed.txt" });
    const type = tool === "readPdfFile" ? "fileInlinePart" : "imageInlinePart";
    expect(result).toEqual([{ type, encodedData: content.toString("base64"), mimeType }]);
    expect(touched).toEqual([{ path: "misnamed.txt", change: "read" }]);
  });

  it("are refused where the content is something else, missing or too large", async () => {
    const tools = await bench({ "ws/a.png": "text", "ws/a.pdf": "text", "ws/empty.png": "", "ws/huge.png": "" });
    await writeFile(join(tools.workspace.root, "huge.png"), Buffer.alloc(15 * 1024 * 1024 + 1));
    expect(await failure(tools.call("readImageFile", { path: "a.png" }))).toMatch(/not a PNG, JPEG, GIF or WebP image/);
    expect(await failure(tools.call("readImageFile", { path: "empty.png" }))).toMatch(/not a PNG/);
    expect(await failure(tools.call("readPdfFile", { path: "a.pdf" }))).toMatch(/not a PDF/);
    expect(await failure(tools.call("readPdfFile", { path: "b.pdf" }))).toMatch(/does not exist/);
    expect(await failure(tools.call("readImageFile", { path: "huge.png" }))).toMatch(/15.0 MB, where at most 15.0 MB/);
  });
});

describe("todos", () => {
  it("are added, completed, counted and cleared", async () => {
    const tools = await bench();
    const todo = (id: number, title: string, completed = false) => ({ id, title, completed });
    expect(await tools.json("attemptCompletion", {})).toEqual({});
    expect(await tools.json("todo", { newTodos: ["one", "two"] })).toEqual({ todos: [todo(0, "one"), todo(1, "two")] });
    expect(await tools.json("todo", { completedTodos: [0], newTodos: ["three"] })).toEqual({
      todos: [todo(0, "one", true), todo(1, "two"), todo(2, "three")],
    });
    expect(await tools.json("attemptCompletion", {})).toEqual({ remainingTodos: [todo(1, "two"), todo(2, "three")] });
    expect(tools.todos()).toHaveLength(3);
    expect(await tools.json("clearTodo", {})).toEqual({ todos: [] });
    expect(await tools.json("attemptCompletion", {})).toEqual({});
  });
});

describe("healthCheck", () => {
  it("names the workspace", async () => {
    const tools = await bench();
    expect(await tools.json("healthCheck", {})).toEqual({
      ...{ status: "ok", workspace: tools.workspace.root, uptime: expect.stringMatching(/^\d+s$/), pid: process.pid },
      memory: { heapUsed: expect.stringMatching(/^\d+MB$/), heapTotal: expect.stringMatching(/^\d+MB$/) },
    });
  });
});
