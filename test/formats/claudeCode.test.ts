/** Sessions of Claude Code: turns, sub-agents, interruptions and errors as a run and its delegates. */
import { mkdir, mkdtemp, realpath, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { claudeCode } from "../../src/formats/claudeCode/claudeCode";
import type { ForeignRuns } from "../../src/formats/format";
import { type Run, runOf } from "../../src/model/run";
import { at, ClaudeRecords, claudeSession, jsonLines } from "../support/agentSessions";
import { checkLaws, eventsIn } from "./foreignRunLaws";

async function folderWith(files: Record<string, string>): Promise<string> {
  const root = await realpath(await mkdtemp(join(tmpdir(), "runtrail-claude-")));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), text);
  }
  return root;
}

const sessionFile = `projects/-home-dev-shop/${claudeSession}.jsonl`;

async function readSession(text: string, more: Record<string, string> = {}): Promise<ForeignRuns> {
  const root = await folderWith({ [sessionFile]: text, ...more });
  const file = join(root, sessionFile);
  expect(await claudeCode.accepts(file)).toBe(true);
  const reading = await claudeCode.read(file);
  checkLaws(reading.runs);
  return reading;
}

function runsIn({ runs }: ForeignRuns): Run[] {
  return runs.flatMap(({ events }) => runOf(events) ?? []);
}

const time = (seconds: number) => Date.parse(at(seconds));

describe("a session of Claude Code", () => {
  it("is a run whose query is the first prompt, finished with the model's last word", async () => {
    const records = new ClaudeRecords();
    const reading = await readSession(
      jsonLines(
        { type: "file-history-snapshot", messageId: "x", snapshot: {}, isSnapshotUpdate: false },
        records.user(0, "<local-command-caveat>Caveat: …</local-command-caveat>", { isMeta: true }),
        records.user(1, "Fix the build"),
        records.answer(3, "m1", { type: "thinking", thinking: "Look first.", signature: "x" }),
        records.call(4, "m1", "t1", "Bash", { command: "make" }),
        records.result(6, "t1", "make: *** no rule", { isError: true }),
        records.call(8, "m2", "t2", "mcp__docs__search", { q: "make" }),
        records.result(9, "t2", [{ type: "text", text: "see manual" }]),
        records.say(12, "m3", "Done."),
        records.record(13, "system", { subtype: "turn_duration", durationMs: 12000 }),
      ),
    );
    expect(reading.problems).toEqual([]);
    expect(reading.groups).toEqual([{ id: "/home/dev/shop", label: "shop", documents: [] }]);
    const [run] = runsIn(reading);
    expect(run).toMatchObject({
      ...{ jobId: claudeSession, runId: claudeSession, expertKey: "claude", query: "Fix the build" },
      ...{ status: "finished", text: "Done.", model: "claude-x", startedAt: time(0), finishedAt: time(13) },
      usage: { inputTokens: 342, outputTokens: 60, totalTokens: 402, cachedInputTokens: 300, cacheWriteTokens: 30 },
      failures: [{ grade: "recovered", step: 1, class: "tool_error", reason: "Bash: make: *** no rule" }],
    });
    const items = run?.steps.map((step) => step.items.filter(({ kind }) => kind !== "note").map((item) => item.kind));
    expect(items).toEqual([["generation", "toolCall"], ["generation", "toolCall"], ["generation"]]);
    expect(run?.steps[0]?.items[0]).toMatchObject({ reasoning: [{ text: "Look first." }], durationMs: 3000 });
    expect(run?.steps[0]?.items[1]).toMatchObject({ tool: "Bash", durationMs: 2000 });
    expect(run?.steps[1]?.items[1]).toMatchObject({ skill: "docs", tool: "search", durationMs: 1000 });
  });

  it("that waits for a result is open; a line told twice counts once", async () => {
    const records = new ClaudeRecords();
    const asked = records.user(1, "Fix the build");
    const called = records.call(4, "m1", "t1", "Bash", { command: "make" });
    const [run] = runsIn(await readSession(jsonLines(asked, called, asked, called)));
    expect(run).toMatchObject({ status: "running", usage: { totalTokens: 134 } });
    expect(run?.steps.length).toBe(1);
  });

  it("goes on with a further prompt, and ends again", async () => {
    const records = new ClaudeRecords();
    const reading = await readSession(
      jsonLines(
        records.user(1, [{ type: "text", text: "Fix the build" }]),
        records.say(3, "m1", "Done."),
        records.user(100, "<command-name>/model</command-name>\n<command-args></command-args>"),
        records.user(100, "<local-command-stdout>Set model</local-command-stdout>"),
        records.user(200, "Now the tests"),
        records.say(203, "m2", "Green."),
        { type: "summary", summary: "Build and tests", leafUuid: "assistant-6" },
      ),
    );
    const [run] = reading.runs;
    const ends = run?.events.filter(({ type }) => type === "finishRun" || type === "resumeRun");
    expect(ends?.map((event) => [event.type, event.timestamp])).toEqual([
      ["finishRun", time(3)],
      ["resumeRun", time(200)],
      ["finishRun", time(203)],
    ]);
    const notes = run ? eventsIn(run, "foreignEvent").map(({ name, data }) => [name, data]) : [];
    expect(notes).toContainEqual(["user", { text: "Now the tests" }]);
    expect(runsIn(reading)[0]).toMatchObject({ query: "Fix the build", status: "finished", text: "Green." });
  });

  it("that a person interrupted is stopped; a refused call blocks", async () => {
    const records = new ClaudeRecords();
    const refusal = "The user doesn't want to proceed with this tool use. The tool use was rejected.";
    const [run] = runsIn(
      await readSession(
        jsonLines(
          records.user(1, "Fix the build"),
          records.call(4, "m1", "t1", "Bash", { command: "rm -rf /" }),
          records.result(6, "t1", refusal, { isError: true, toolUseResult: "User rejected tool use" }),
          records.user(6, [{ type: "text", text: "[Request interrupted by user for tool use]" }]),
        ),
      ),
    );
    expect(run).toMatchObject({
      status: "stopped",
      stopReason: "cancelled",
      failures: [{ grade: "blocked", step: 1 }],
    });
  });

  it("that ended in an error of the provider is failed, with its class", async () => {
    const records = new ClaudeRecords();
    const error = { type: "text", text: "API Error: 529 Overloaded" };
    const [run] = runsIn(
      await readSession(
        jsonLines(
          records.user(1, "Fix the build"),
          records.record(2, "system", {
            ...{ subtype: "api_error", level: "error", error: { status: 529, message: "Overloaded" } },
            ...{ retryInMs: 500, retryAttempt: 1, maxRetries: 10 },
          }),
          records.answer(
            4,
            "e1",
            error,
            { model: "<synthetic>", stop_reason: "stop_sequence", usage: { input_tokens: 0, output_tokens: 0 } },
            { isApiErrorMessage: true, error: "server_error", apiErrorStatus: 529 },
          ),
        ),
      ),
    );
    expect(run).toMatchObject({ status: "failed", error: { class: "provider_unavailable", statusCode: 529 } });
    expect(run?.usage).toBeUndefined();
    expect(run?.failures.map(({ grade }) => grade)).toEqual(["recovered", "fatal"]);
  });
});

describe("the sub-agents of a session", () => {
  const prompt = "Count the files";
  const task = { prompt, description: "Count", subagent_type: "counter" };
  const agent = new ClaudeRecords({ isSidechain: true, agentId: "a1" });
  const agentText = jsonLines(
    agent.user(5, prompt),
    agent.call(6, "c1", "t9", "Bash", { command: "ls" }),
    agent.result(7, "t9", "3"),
    agent.say(8, "c2", "Three."),
  );
  const text = () => {
    const records = new ClaudeRecords();
    return jsonLines(
      records.user(1, "How many files?"),
      records.call(4, "m1", "t1", "Task", task),
      records.result(9, "t1", [{ type: "text", text: "Three." }], {
        toolUseResult: { status: "completed", prompt, agentId: "a1", totalTokens: 100 },
      }),
      records.say(12, "m2", "Three files."),
    );
  };

  const expectLinked = (reading: ForeignRuns, childRunId: string) => {
    const [main, child] = runsIn(reading);
    expect(child).toMatchObject({
      ...{ runId: childRunId, jobId: claudeSession, query: prompt, status: "finished", text: "Three." },
      ...{ parent: { runId: claudeSession, toolCallId: "t1" }, expertKey: "counter", usage: { totalTokens: 268 } },
    });
    expect(main?.steps[0]?.items[1]).toMatchObject({ kind: "toolCall", childRunId });
    expect(main?.usage?.totalTokens).toBe(268 + 268);
    expect(reading.runs[0] && eventsIn(reading.runs[0], "finishDelegation")).toMatchObject([
      { childRunId, status: "finished", text: "Three." },
    ]);
  };

  it.each([
    `projects/-home-dev-shop/${claudeSession}/subagents/agent-a1.jsonl`,
    "projects/-home-dev-shop/agent-a1.jsonl",
  ])("are runs of their own, linked to the call: %s", async (file) => {
    const reading = await readSession(text(), { [file]: agentText });
    expectLinked(reading, "agent-a1");
    expect(reading.files.some((each) => each.endsWith(file))).toBe(true);
  });

  it("may stand between the lines of the session", async () => {
    const records = new ClaudeRecords();
    const inner = new ClaudeRecords({ isSidechain: true });
    const [asked, called, result, said] = [
      { ...inner.user(5, prompt), uuid: "in-1", parentUuid: null },
      { ...inner.call(6, "c1", "t9", "Bash", { command: "ls" }), uuid: "in-2", parentUuid: "in-1" },
      { ...inner.result(7, "t9", "3"), uuid: "in-3", parentUuid: "in-2" },
      { ...inner.say(8, "c2", "Three."), uuid: "in-4", parentUuid: "in-3" },
    ];
    const reading = await readSession(
      jsonLines(
        ...[records.user(1, "How many files?"), records.call(4, "m1", "t1", "Task", task)],
        ...[asked, called, result, said],
        ...[records.result(9, "t1", "Three."), records.say(12, "m2", "Three files.")],
      ),
    );
    expectLinked(reading, "in-1");
  });

  it("that are still at work are shown as well", async () => {
    const records = new ClaudeRecords();
    const folder = `projects/-home-dev-shop/${claudeSession}/subagents`;
    const reading = await readSession(
      jsonLines(records.user(1, "How many files?"), records.call(4, "m1", "t1", "Task", task)),
      {
        [`${folder}/agent-a1.jsonl`]: agentText.split("\n").slice(0, 2).join("\n"),
        [`${folder}/agent-a1.meta.json`]: JSON.stringify({ agentType: "counter", toolUseId: "t1" }),
      },
    );
    const [, child] = runsIn(reading);
    expect(child).toMatchObject({ status: "running", expertKey: "counter", parent: { toolCallId: "t1" } });
    expect(reading.problems).toEqual([]);
  });
});

describe("the folders of Claude Code", () => {
  it("are looked through for sessions, not for their sub-agents or anything else", async () => {
    const records = new ClaudeRecords();
    const session = jsonLines(records.user(1, "Hello"), records.say(2, "m", "Hi."));
    const root = await folderWith({
      [`.claude/${sessionFile}`]: session,
      [`.claude/projects/-home-dev-shop/${claudeSession}/subagents/agent-a1.jsonl`]: session,
      ".claude/history.jsonl": jsonLines({ display: "hello", timestamp: 1, project: "/home/dev/shop" }),
      ".claude/todos/x.json": "[]",
    });
    const expected = [join(root, ".claude", sessionFile)];
    for (const folder of [root, join(root, ".claude"), join(root, ".claude/projects/-home-dev-shop")]) {
      expect(await claudeCode.find(folder), folder).toEqual(expected);
      expect(await claudeCode.accepts(folder), folder).toBe(true);
      const runs = (await claudeCode.read(folder)).runs.map(({ runId }) => runId);
      expect(runs.sort()).toEqual([claudeSession, "agent-a1"].sort());
    }
    expect(await claudeCode.accepts(join(root, ".claude/history.jsonl"))).toBe(false);
  });

  it("a captured output is read too; its time is that of the file, and nothing is measured", async () => {
    const root = await folderWith({
      "agent-stdout.txt": `Hello!\n${jsonLines(
        { type: "system", subtype: "init", session_id: "s-1", cwd: "/w", model: "claude-x", tools: [] },
        {
          ...{ type: "assistant", session_id: "s-1", parent_tool_use_id: null },
          message: { id: "m1", role: "assistant", model: "claude-x", content: [{ type: "text", text: "Hi." }] },
        },
        {
          ...{ type: "result", subtype: "success", is_error: false, result: "Hi.", session_id: "s-1" },
          ...{ total_cost_usd: 0.5, duration_ms: 900, usage: { input_tokens: 3, output_tokens: 2 } },
        },
      )}`,
    });
    const file = join(root, "agent-stdout.txt");
    await utimes(file, 1000, 1000);
    expect(await claudeCode.accepts(file)).toBe(true);
    const reading = await claudeCode.read(file);
    checkLaws(reading.runs);
    const [run] = runsIn(reading);
    expect(run).toMatchObject({
      ...{ runId: "s-1", status: "finished", text: "Hi.", cost: 0.5, usage: { totalTokens: 5 } },
      ...{ startedAt: 1_000_000, finishedAt: 1_000_000 },
    });
    expect(run?.steps[0]?.items[0]).not.toHaveProperty("durationMs");
    expect(reading.runs[0]?.events.at(-1)).toMatchObject({ type: "finishRun", durationMs: 900 });
  });
});
