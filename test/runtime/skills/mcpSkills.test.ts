import { describe, expect, it } from "vitest";
import { createReaper } from "../../../src/runtime/reaper";
import { createMcpSkills } from "../../../src/runtime/skills/mcpSkills";
import { skillBench, stdioSkill } from "./skillBench";

describe("an MCP skill", () => {
  it("offers what its server offers: a tool that says it only looks is a read, every other one is an exec", async () => {
    const bench = await skillBench({ files: stdioSkill() });
    const { tools } = await bench.open();
    const [echo] = tools;
    expect(echo?.skill).toBe("files");
    expect(echo?.tool.definition).toEqual({
      name: "echo",
      description: "Says it back",
      inputSchema: { type: "object", properties: { text: { type: "string" } } },
    });
    const effects = new Map(tools.map(({ tool }) => [tool.definition.name, tool.effect]));
    expect([effects.get("look"), effects.get("echo")]).toEqual(["read", "exec"]);
    expect(echo?.tool.summarize({ text: "a\nb" })).toBe('files: echo {"text":"a\\nb"}');
  });

  it("calls the server in the workspace folder and tells of its connection", async () => {
    const bench = await skillBench({ files: stdioSkill([], { pick: ["echo", "cwd"] }) });
    expect(await bench.text("echo", { text: "hello" })).toBe("hello");
    expect(await bench.text("cwd")).toBe(bench.workspaceRoot);
    expect(bench.events).toEqual([
      {
        ...{ type: "connectSkill", skill: "files", transport: "stdio", server: "test-server 1.2.3" },
        ...{ durationMs: expect.any(Number), tools: ["echo", "cwd"] },
      },
    ]);
  });

  it("tells of its end once, and calls nobody after it", async () => {
    const bench = await skillBench({ files: stdioSkill() });
    const session = await bench.open();
    await session.close();
    await session.close();
    const ends = bench.events.filter(({ type }) => type === "disconnectSkill");
    expect(ends).toEqual([{ type: "disconnectSkill", skill: "files", reason: "The run ended." }]);
    await expect(bench.call("echo")).rejects.toThrow("The run has ended.");
  });

  it("maps every kind of content, and says what it cannot pass on", async () => {
    const bench = await skillBench({ files: stdioSkill() });
    expect((await bench.call("media")).result).toEqual([
      { type: "imageInlinePart", encodedData: "iVBORw0KGgo=", mimeType: "image/png" },
      { type: "textPart", text: expect.stringContaining("an image of type image/svg+xml") },
      { type: "textPart", text: expect.stringContaining("a sound of type audio/wav") },
      { type: "fileInlinePart", encodedData: "JVBERi0=", mimeType: "application/pdf" },
      { type: "textPart", text: "a text" },
      { type: "textPart", text: expect.stringContaining("application/zip, 3 bytes file:///a.bin") },
      { type: "textPart", text: "b\nfile:///b.txt" },
    ]);
    expect(await bench.text("structured")).toBe('{"answer":42}');
    expect(await bench.text("nothing")).toBe("{}");
  });

  it("passes on progress, an error result and the server's refusal in its own words", async () => {
    const bench = await skillBench({ files: stdioSkill() });
    expect(await bench.text("progress")).toBe("all of it");
    expect(bench.progress).toEqual(["half of it"]);
    expect(await bench.call("fail")).toEqual({
      result: [{ type: "textPart", text: "it did not work" }],
      isError: true,
    });
    await expect(bench.call("refuse")).rejects.toMatchObject({
      name: "ToolError",
      message: "MCP error -32602: the text is missing",
    });
    await expect(bench.call("echo", [1])).rejects.toMatchObject({ name: "ToolError" });
  });

  it("runs calls side by side on one connection", async () => {
    const bench = await skillBench({ files: stdioSkill() });
    await bench.open();
    const texts = await Promise.all(["a", "b", "c"].map((text) => bench.text("echo", { text })));
    expect(texts).toEqual(["a", "b", "c"]);
    expect(bench.events).toHaveLength(1);
  });

  it("offers what “pick” names without what “omit” names, and says what is not there to pick", async () => {
    const bench = await skillBench({ files: stdioSkill([], { pick: ["echo", "look", "nope"], omit: ["look"] }) });
    const { tools } = await bench.open();
    expect(tools.map(({ tool }) => tool.definition.name)).toEqual(["echo"]);
    expect(bench.lines()).toEqual(["“pick” names what the server does not offer: nope."]);
  });

  it("offers a name that providers refuse under another one", async () => {
    const pick = ["files.read all", "files_read_all"];
    const bench = await skillBench({ files: stdioSkill([], { pick }) });
    const { tools } = await bench.open();
    expect(tools.map(({ tool }) => tool.definition.name)).toEqual(["files_read_all_2", "files_read_all"]);
    expect(await bench.text("files_read_all_2")).toBe("files.read all");
    expect(await bench.text("files_read_all")).toBe("files_read_all");
  });

  it("leaves out a tool whose name an earlier skill, or anything else, offers already", async () => {
    const both = { pick: ["echo", "look", "env"] };
    const skills = { one: stdioSkill([], both), two: stdioSkill([], { pick: ["echo", "cwd"] }) };
    const bench = await skillBench(skills, { taken: ["look"] });
    const { tools } = await bench.open();
    const offered = tools.map(({ skill, tool }) => `${skill} ${tool.definition.name}`);
    expect(offered).toEqual(["one echo", "one env", "two cwd"]);
    expect(bench.lines()).toEqual([
      "The tool “look” is left out: another tool of that name is offered already.",
      "The tool “echo” is left out: another tool of that name is offered already.",
    ]);
  });

  it("bears tools without a name, and ones whose schema is none of an object", async () => {
    const bench = await skillBench({ files: stdioSkill(["--odd-tools"], { omit: ["echo"] }) });
    const { tools } = await bench.open();
    expect(tools[0]?.tool.definition).toEqual({
      name: "odd",
      description: "The tool “odd” of an MCP server.",
      inputSchema: { type: "object" },
    });
    expect(tools[1]?.tool.definition.name).toBe("look");
  });

  it("is none where the expert has the built-in skill and questions only", () => {
    const skills = {
      "@perstack/base": stdioSkill(),
      ask: { type: "interactiveSkill" as const, tools: {} },
    };
    expect(createMcpSkills(skills, { env: {}, reaper: createReaper(), runtimeVersion: "0.0.0" })).toBeUndefined();
  });
});

describe("an MCP skill that a lock file describes", () => {
  const echo = { name: "echo", description: "From the lock", inputSchema: { type: "object" } };

  it("is offered without a server, and connects at its first call", async () => {
    const bench = await skillBench({ files: stdioSkill([], { pick: ["echo"] }) }, { locked: { files: [echo] } });
    expect(bench.source.knownTools).toEqual(["echo"]);
    const { tools } = await bench.open();
    expect(tools.map(({ tool }) => tool.definition)).toEqual([echo]);
    expect(bench.events).toEqual([]);
    expect(await bench.text("echo", { text: "late" })).toBe("late");
    expect(bench.events[0]).toMatchObject({ type: "connectSkill", skill: "files" });
  });

  it("does not make the others wait less: they connect before the first step", async () => {
    const skills = { files: stdioSkill(), more: stdioSkill([], { pick: ["cwd"] }) };
    const bench = await skillBench(skills, { locked: { files: [echo] } });
    expect(bench.source.knownTools).toEqual(["echo"]);
    const { tools } = await bench.open();
    expect(tools.map(({ skill, tool }) => `${skill} ${tool.definition.name}`)).toEqual(["files echo", "more cwd"]);
    expect(bench.events.map(({ skill }) => skill)).toEqual(["more"]);
  });

  it("notices that the server has changed since", async () => {
    const gone = { ...echo, name: "gone" };
    const bench = await skillBench(
      { files: stdioSkill([], { pick: ["echo", "gone", "look"] }) },
      { locked: { files: [{ ...echo, readOnlyHint: true }, gone] } },
    );
    const { tools } = await bench.open();
    expect(tools[0]?.tool.effect).toBe("read");
    await bench.call("echo", { text: "x" });
    expect(bench.lines()).toContain(
      "perstack.lock is out of date: gone is gone, echo takes other arguments, look is new. Run “runtrail install”.",
    );
    // What is gone is the server's to refuse: here it does not.
    expect(await bench.text("gone")).toBe("gone");
  });

  it("says why nothing is known of a skill", async () => {
    const stale = [{ skill: "files", reason: "it was written for another “args”" }];
    const bench = await skillBench({ files: stdioSkill() }, { stale });
    await bench.open();
    expect(bench.lines()).toEqual([
      "perstack.lock is out of date: it was written for another “args”. Run “runtrail install”.",
    ]);
  });
});
