import { describe, expect, it } from "vitest";
import type { Skill } from "../../../src/model/definition";
import type { McpLimits } from "../../../src/runtime/skills/mcpLimits";
import { isAlive, waitUntilGone } from "../../support/processes";
import { waitUntil } from "../../support/waitUntil";
import { type SkillBench, skillBench, stdioSkill } from "./skillBench";

async function opening(skill: Skill, limits: Partial<McpLimits> = {}): Promise<{ bench: SkillBench; error: Error }> {
  const bench = await skillBench({ files: skill }, { limits });
  const error = await bench.open().then(
    () => new Error("It opened."),
    (thrown: Error) => thrown,
  );
  return { bench, error };
}

async function failure(work: Promise<unknown>): Promise<Error> {
  return await work.then(
    () => new Error("It did not fail."),
    (thrown: Error) => thrown,
  );
}

async function pidsOf(bench: SkillBench): Promise<number[]> {
  return JSON.parse(await bench.text("pids")) as number[];
}

describe("a server that cannot be had makes its skill unavailable", () => {
  it("where its command is missing", async () => {
    const { error } = await opening(stdioSkill([], { command: "no-such-command-here" }));
    expect(error.name).toBe("SkillUnavailable");
    expect(error.message).toContain("The skill “files” is not available. There is no command “no-such-command-here”.");
  });

  it("where it ends before it is ready: with its exit code and its last words", async () => {
    const { bench, error } = await opening(stdioSkill(["--dies"]));
    expect(error).toMatchObject({
      name: "SkillUnavailable",
      message:
        "The skill “files” is not available. It ended with exit code 3. Its last words: “no config found”. Check its command in perstack.toml.",
    });
    expect(bench.lines()).toEqual(["no config found"]);
    expect(bench.events.map(({ type }) => type)).toEqual(["logSkill"]);
  });

  it("where it is too slow", async () => {
    const { error } = await opening(stdioSkill(["--slow"]), { connectMs: 200 });
    expect(error.name).toBe("SkillUnavailable");
    expect(error.message).toContain("It was not ready within 0.2 s.");
  });

  it("where it prints text and nothing else, long before it would be too slow", async () => {
    const { error } = await opening(stdioSkill(["--garbage"]), { noiseMs: 100 });
    expect(error.name).toBe("SkillUnavailable");
    expect(error.message).toContain(
      "It printed “Welcome to the server!” to its standard output, where only MCP messages may stand.",
    );
  });

  it("where it prints text for ever", async () => {
    const { error } = await opening(stdioSkill(["--garbage-for-ever"]));
    expect(error.message).toContain("It printed “Welcome to the server!” to its standard output");
  });

  it("where it refuses the connection", async () => {
    const { error } = await opening(stdioSkill(["--error"]));
    expect(error).toMatchObject({ name: "SkillUnavailable", message: expect.stringContaining("no licence") });
  });

  it("and closes those that were started beside it", async () => {
    const skills = { good: stdioSkill(), bad: stdioSkill(["--dies"]) };
    const bench = await skillBench(skills);
    expect((await failure(bench.open())).message).toContain("The skill “bad” is not available.");
    const connected = bench.events.filter(({ type }) => type === "connectSkill").length;
    expect(bench.events.filter(({ type }) => type === "disconnectSkill")).toHaveLength(connected);
  });

  it("but not where it only greets before its first message", async () => {
    const bench = await skillBench({ files: stdioSkill(["--banner"]) });
    expect(await bench.text("echo", { text: "hello" })).toBe("hello");
    expect(bench.lines()).toEqual(["(stdout) > server@1.0.0 start", "(stdout) Listening."]);
  });

  it.each([
    ["both “packageName” and “args”", { packageName: "a-server" }],
    ["neither “packageName” nor “args”", { args: undefined }],
    ["the environment variable RUNTRAIL_TOKEN, which is not set", { requiredEnv: ["RUNTRAIL_TOKEN"] }],
  ])("where it has %s, and nothing is started", async (words, rest) => {
    const bench = await skillBench({ good: stdioSkill(), files: { ...stdioSkill(), ...rest } as Skill });
    const error = await failure(bench.open());
    expect(error.name).toBe("SkillUnavailable");
    expect(error.message).toContain(words);
    expect(bench.events).toEqual([]);
  });

  it("and a cancelled run does not wait for it", async () => {
    const controller = new AbortController();
    const bench = await skillBench({ files: stdioSkill(["--slow", "--flood=1"]) });
    const opened = failure(bench.open(controller.signal));
    await waitUntil("its first line", () => bench.lines().length > 0);
    controller.abort(new Error("The run was cancelled."));
    expect((await opened).message).toBe("The run was cancelled.");
  });
});

describe("a call ends in a tool error", () => {
  it("where the server dies over it, and the next call starts the server again", async () => {
    const bench = await skillBench({ files: stdioSkill() });
    const [first] = await pidsOf(bench);
    expect(await failure(bench.call("crash"))).toMatchObject({
      name: "ToolError",
      message:
        "The call failed with the server of the skill “files”. It ended with exit code 7. Its last words: “out of luck”. The next call connects again.",
    });
    const [second] = await pidsOf(bench);
    expect(second).not.toBe(first);
    expect(bench.events.map(({ type }) => type).filter((type) => type !== "logSkill")).toEqual([
      ...["connectSkill", "disconnectSkill", "connectSkill"],
    ]);
  });

  it("where the server is killed over it", async () => {
    const bench = await skillBench({ files: stdioSkill() });
    const [pid = 0] = await pidsOf(bench);
    const call = failure(bench.call("hang"));
    process.kill(pid, "SIGKILL");
    expect((await call).message).toContain("It was ended by the signal SIGKILL.");
  });

  it("until the server has died three times in a row: then the skill is unavailable", async () => {
    const bench = await skillBench({ files: stdioSkill() });
    await failure(bench.call("crash"));
    await bench.call("echo", { text: "in between" });
    for (let count = 0; count < 3; count += 1) expect((await failure(bench.call("crash"))).name).toBe("ToolError");
    expect(await failure(bench.call("echo"))).toMatchObject({
      name: "SkillUnavailable",
      message: expect.stringContaining("failed 3 times in a row. It ended with exit code 7."),
    });
    expect(bench.events.filter(({ type }) => type === "connectSkill")).toHaveLength(4);
  });

  it("where the answer is no message", async () => {
    const bench = await skillBench({ files: stdioSkill() });
    const error = await failure(bench.call("broken"));
    expect(error.name).toBe("ToolError");
    expect(error.message).toContain("to its standard output, where only MCP messages may stand.");
    expect(await bench.text("echo", { text: "still there" })).toBe("still there");
  });

  it("where the answer is a message, but no result", async () => {
    const bench = await skillBench({ files: stdioSkill() });
    const error = await failure(bench.call("odd"));
    expect(error.name).toBe("ToolError");
    expect(error.message).toContain("The server's answer is no result of MCP");
  });

  it("where there is no answer in time, unless there is progress", async () => {
    const bench = await skillBench({ files: stdioSkill() }, { limits: { callMs: 2_000 } });
    expect(await failure(bench.call("hang"))).toMatchObject({
      name: "ToolError",
      message: "hang gave no answer for 2 s.",
    });
    expect(await bench.text("busy", { times: 5, everyMs: 500 })).toBe("done");
  });

  it("where progress never ends", async () => {
    const bench = await skillBench({ files: stdioSkill() }, { limits: { callMs: 400, totalCallMs: 800 } });
    expect((await failure(bench.call("busy", { times: 1_000_000, everyMs: 50 }))).name).toBe("ToolError");
  });

  it("where the answer has 50 MB, without keeping them", async () => {
    const bench = await skillBench({ files: stdioSkill() });
    const [first = 0] = await pidsOf(bench);
    const before = process.memoryUsage();
    expect(await failure(bench.call("big", { megabytes: 50 }))).toMatchObject({
      name: "ToolError",
      message: expect.stringContaining("It sent a message of more than 16 MB."),
    });
    const after = process.memoryUsage();
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(48 * 1024 * 1024);
    await waitUntilGone([first]);
    // It is no failure of the server's: asking for less may help, however often.
    for (let count = 0; count < 3; count += 1) await failure(bench.call("big", { megabytes: 17 }));
    expect(await bench.text("echo", { text: "again" })).toBe("again");
  });

  it("and one that fits is passed on whole", async () => {
    const bench = await skillBench({ files: stdioSkill() });
    expect(await bench.text("long", { megabytes: 12 })).toHaveLength(12 * 1024 * 1024);
  });

  it("and a cancelled one ends at once, the server with its run", async () => {
    const controller = new AbortController();
    const bench = await skillBench({ files: stdioSkill(["--deaf"]) }, { limits: { closeMs: 50 } });
    const session = await bench.open();
    const pids = await pidsOf(bench);
    const call = failure(bench.call("hang", {}, controller.signal));
    controller.abort(new Error("The run was cancelled."));
    expect((await call).message).toBe("The run was cancelled.");
    await session.close();
    expect(pids.map(isAlive)).toEqual([false]);
  });
});

describe("what a server writes to its standard error", () => {
  it("is told line by line, as many lines as are bearable, and never holds the server up", async () => {
    const bench = await skillBench({ files: stdioSkill(["--flood=3"]) });
    await bench.open();
    await waitUntil("its lines", () => bench.lines().length === 3);
    expect(bench.lines()[0]).toMatch(/^line 0 lava/u);
    expect(await bench.text("flood")).toBe("still here");
    await waitUntil("the last line", () => bench.lines().at(-1) === "… more lines left out");
    expect(bench.lines()).toHaveLength(501);
  });

  it("is cut where a line is far too long", async () => {
    const bench = await skillBench({ files: stdioSkill() });
    await bench.call("mumble", { megabytes: 20 });
    await waitUntil("its line", () => bench.lines().length === 1);
    expect(bench.lines()[0]).toBe(`${"m".repeat(2_000)}…`);
  });

  it("ends no run that cannot record it: that is the next event's", async () => {
    const emit = () => {
      throw new Error("The disk is full.");
    };
    const bench = await skillBench({ files: stdioSkill(["--flood=3"]) }, { emit });
    expect((await failure(bench.open())).message).toBe("The disk is full.");
  });
});
