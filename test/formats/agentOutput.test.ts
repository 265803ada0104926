/** The captured output of coding agents: each system's stream as steps, calls, results, usage and cost. */
import { mkdtemp, realpath, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { AgentOutcome } from "../../src/formats/agents/agentOutcome";
import { type AgentName, translateAgentOutput } from "../../src/formats/agents/agentOutput";
import { ForeignRunBuilder } from "../../src/formats/foreignRunBuilder";
import type { FormatProblem } from "../../src/formats/format";
import { openSourceFiles } from "../../src/formats/sourceFiles";
import { type Run, runOf } from "../../src/model/run";
import { checkLaws } from "./foreignRunLaws";

const startedAt = Date.parse("2026-02-20T10:00:00.000Z");

interface Told {
  outcome: AgentOutcome;
  run: Run;
  builder: ForeignRunBuilder;
  problems: FormatProblem[];
}

async function tell(text: string, agent?: AgentName): Promise<Told> {
  const file = join(await realpath(await mkdtemp(join(tmpdir(), "runtrail-output-"))), "agent-stdout.txt");
  await writeFile(file, text);
  const source = openSourceFiles(file);
  const builder = new ForeignRunBuilder({ jobId: "job", runId: "run", expertKey: "agent" });
  const start = { timestamp: startedAt, isUntimed: true };
  builder.emit({ type: "startRun", query: "Do it" }, start);
  const outcome = await translateAgentOutput(agent, source, file, builder, start);
  for (const each of [builder, ...outcome.delegates]) {
    checkLaws([
      { ...each.identity, dir: file, events: each.events, sourceRunIds: [], checkpointIds: [], problems: [] },
    ]);
  }
  const run = runOf(builder.events);
  if (!run) throw new Error("No run was told.");
  return { outcome, run, builder, problems: source.problems };
}

function lines(...records: unknown[]): string {
  return records.map((each) => `${typeof each === "string" ? each : JSON.stringify(each)}\n`).join("");
}

/** Of each step, in short. */
function outline({ steps }: Run): string[][] {
  return steps.map(({ items }) =>
    items.map((item) => {
      if (item.kind === "generation") return `generation ${item.finishReason} ${item.text ?? ""}`.trim();
      if (item.kind !== "toolCall") return item.kind === "note" ? noteOf(item.event) : item.kind;
      const text = item.result?.map((part) => (part.type === "textPart" ? part.text : part.type)).join();
      return `${item.skill === "" ? "" : `${item.skill}/`}${item.tool} ${item.isError ? "failed: " : ""}${text ?? "open"}`;
    }),
  );
}

function noteOf(event: { type: string; name?: string }): string {
  return event.type === "foreignEvent" ? `note ${event.name}` : event.type;
}

const session = { session_id: "s-1" };

function answer(id: string, block: object, more: object = {}, outer: object = {}): object {
  const message = { id, type: "message", role: "assistant", model: "claude-x", content: [block], stop_reason: null };
  return { type: "assistant", message: { ...message, ...more }, parent_tool_use_id: null, ...session, ...outer };
}

function result(id: string, content: unknown, isError = false, outer: object = {}): object {
  const block = { tool_use_id: id, type: "tool_result", content, is_error: isError };
  return { type: "user", message: { role: "user", content: [block] }, parent_tool_use_id: null, ...session, ...outer };
}

const usage = (input: number, output: number) => ({
  usage: { input_tokens: input, cache_creation_input_tokens: 10, cache_read_input_tokens: 100, output_tokens: output },
});
const use = (id: string, name: string, input: object = {}) => ({ type: "tool_use", id, name, input });
const init = { type: "system", subtype: "init", cwd: "/w", model: "claude-x", tools: ["Bash"], ...session };

describe("the output of Claude", () => {
  it("is one generation for each message, however many lines tell it", async () => {
    const { run, outcome, problems } = await tell(
      lines(
        init,
        answer("m1", { type: "thinking", thinking: "First look.", signature: "x" }, usage(4, 1)),
        answer("m1", { type: "text", text: "I look." }, usage(4, 5)),
        answer("m1", use("t1", "Bash", { command: "ls" }), usage(4, 40)),
        result("t1", "a.txt"),
        answer("m1", use("t2", "mcp__files__read_file", { path: "a.txt" }), usage(4, 60)),
        result("t2", [{ type: "text", text: "no such file" }], true),
        answer("m2", { type: "text", text: "Done." }, { ...usage(6, 7), stop_reason: "end_turn" }),
        {
          ...{ type: "result", subtype: "success", is_error: false, duration_ms: 4211, num_turns: 2, result: "Done." },
          ...{ total_cost_usd: 0.25, ...session },
          usage: { input_tokens: 10, cache_creation_input_tokens: 20, cache_read_input_tokens: 200, output_tokens: 67 },
        },
      ),
    );
    expect(problems).toEqual([]);
    expect(outline(run)).toEqual([
      ["generation toolCalls I look.", "Bash a.txt", "files/read_file failed: no such file"],
      ["generation stop Done."],
    ]);
    const [first] = run.steps[0]?.items ?? [];
    expect(first).toMatchObject({
      reasoning: [{ text: "First look." }],
      usage: {
        ...{ inputTokens: 114, outputTokens: 60, totalTokens: 174 },
        ...{ cachedInputTokens: 100, cacheWriteTokens: 10 },
      },
    });
    expect(first).not.toHaveProperty("durationMs");
    expect(outcome).toEqual({
      ...{ sessionId: "s-1", model: "claude-x", text: "Done.", isError: false, cost: 0.25, durationMs: 4211 },
      usage: { inputTokens: 230, outputTokens: 67, totalTokens: 297, cachedInputTokens: 200, cacheWriteTokens: 20 },
      ...{ isEnded: true, isRecognized: true, delegates: [] },
    });
  });

  it("tells of a sub-agent as a run of its own, linked to the call, with its usage in the total", async () => {
    const inside = { parent_tool_use_id: "t1" };
    const { run, outcome, builder } = await tell(
      lines(
        init,
        answer("m1", use("t1", "Task", { prompt: "Count the files", subagent_type: "counter" }), usage(4, 20)),
        { type: "user", message: { role: "user", content: [{ type: "text", text: "Count the files" }] }, ...inside },
        answer("c1", use("t2", "Bash", { command: "ls | wc -l" }), usage(1, 10), inside),
        result("t2", "3", false, inside),
        answer("c2", { type: "text", text: "Three." }, usage(2, 5), inside),
        result("t1", [{ type: "text", text: "Three." }]),
        answer("m2", { type: "text", text: "There are three." }, usage(6, 7)),
        { type: "result", subtype: "success", is_error: false, result: "There are three.", usage: usage(10, 27).usage },
      ),
    );
    expect(outline(run)).toEqual([
      ["generation toolCalls", "Task Three.", "startDelegation", "finishDelegation"],
      ["generation stop There are three."],
    ]);
    const [child] = outcome.delegates.map(({ events }) => runOf(events));
    expect(child && outline(child)).toEqual([["generation toolCalls", "Bash 3"], ["generation stop Three."]]);
    expect(child).toMatchObject({
      ...{ runId: "run-t1", expertKey: "counter", query: "Count the files", status: "finished", text: "Three." },
      ...{ parent: { runId: "run", toolCallId: "t1" }, usage: { inputTokens: 223, outputTokens: 15 } },
    });
    expect(outcome.usage).toMatchObject({ inputTokens: 120 + 223, outputTokens: 27 + 15 });
    expect(run.usage).toMatchObject({ inputTokens: 114 + 116 + 223, outputTokens: 20 + 7 + 15 });
    expect(builder.events.map(({ type }) => type)).not.toContain("finishRun");
  });

  it("that ended in an error says which; what the total leaves out is taken from the steps", async () => {
    const { outcome } = await tell(
      lines(
        init,
        answer("m1", { type: "text", text: "I look." }, usage(4, 12)),
        {
          type: "system",
          subtype: "api_retry",
          attempt: 1,
          retry_delay_ms: 500,
          error_status: 529,
          error: "overloaded",
        },
        answer(
          "x",
          { type: "text", text: "API Error: 529 Overloaded" },
          { model: "<synthetic>" },
          { error: "overloaded" },
        ),
        {
          ...{ type: "result", subtype: "success", is_error: true, result: "API Error: 529 Overloaded" },
          usage: { input_tokens: 4, output_tokens: 57 },
        },
      ),
      "claude",
    );
    expect(outcome).toMatchObject({
      ...{ isError: true, error: "API Error: 529 Overloaded", isEnded: true },
      failure: { class: "provider_unavailable", statusCode: 529, isRetryable: true },
      usage: { inputTokens: 114, outputTokens: 57, totalTokens: 171 },
    });
    const limited = lines(init, {
      type: "result",
      subtype: "error_max_turns",
      is_error: false,
      num_turns: 3,
      ...session,
    });
    expect((await tell(limited)).outcome).toMatchObject({
      ...{ isError: true, error: "error_max_turns", failure: { class: "max_steps" } },
    });
  });

  it("that breaks off has no end", async () => {
    const { outcome, run } = await tell(lines(init, answer("m1", use("t1", "Bash"), usage(4, 12))));
    expect([outcome.isEnded, outcome.isError]).toEqual([false, undefined]);
    expect(outline(run)).toEqual([["generation toolCalls", "Bash open"]]);
  });
});

describe("the output of Codex", () => {
  const started = [{ type: "thread.started", thread_id: "th-1" }, { type: "turn.started" }];
  const item = (progress: string, id: string, type: string, more: object) => ({
    type: `item.${progress}`,
    item: { id, type, ...more },
  });

  it("is a step for what the model did before the next results", async () => {
    const { run, outcome, problems } = await tell(
      lines(
        ...started,
        item("completed", "item_0", "reasoning", { text: "**Looking**" }),
        item("started", "item_1", "command_execution", { command: "ls", aggregated_output: "", exit_code: null }),
        item("completed", "item_1", "command_execution", {
          command: "ls",
          aggregated_output: "",
          exit_code: 2,
          status: "failed",
        }),
        item("started", "item_2", "todo_list", { items: [{ text: "Fix it", completed: false }] }),
        item("completed", "item_3", "file_change", { changes: [{ path: "a.ts", kind: "add" }], status: "completed" }),
        item("started", "item_4", "mcp_tool_call", { server: "docs", tool: "search", arguments: { q: "x" } }),
        item("started", "item_5", "web_search", { query: "y" }),
        item("completed", "item_4", "mcp_tool_call", {
          ...{ server: "docs", tool: "search", arguments: { q: "x" }, status: "failed" },
          ...{ result: null, error: { message: "no docs" } },
        }),
        item("completed", "item_5", "web_search", { query: "y" }),
        item("completed", "item_6", "agent_message", { text: "Fixed." }),
        { type: "turn.completed", usage: { input_tokens: 800, cached_input_tokens: 640, output_tokens: 21 } },
      ),
    );
    expect(problems).toEqual([]);
    expect(outline(run)).toEqual([
      ["generation toolCalls", "command_execution failed: Exit code 2", "note todo_list"],
      ["generation toolCalls", "file_change "],
      ["generation toolCalls", "docs/search failed: no docs", "web_search "],
      ["generation stop Fixed."],
    ]);
    expect(outcome).toEqual({
      ...{ sessionId: "th-1", text: "Fixed.", isError: false, isEnded: true, isRecognized: true, delegates: [] },
      usage: { inputTokens: 800, outputTokens: 21, totalTokens: 821, cachedInputTokens: 640 },
    });
  });

  it("says why a turn failed", async () => {
    const { outcome } = await tell(
      lines(
        ...started,
        { type: "error", message: "Reconnecting... 1/5" },
        { type: "error", message: "unexpected status 401 Unauthorized" },
        { type: "turn.failed", error: { message: "unexpected status 401 Unauthorized" } },
      ),
    );
    expect(outcome).toMatchObject({
      ...{ isError: true, error: "unexpected status 401 Unauthorized", isEnded: true },
      failure: { class: "provider_auth", statusCode: 401 },
    });
  });

  it("of an older version is read as well", async () => {
    const msg = (type: string, more: object = {}) => ({ id: "0", msg: { type, ...more } });
    const { run, outcome } = await tell(
      lines(
        { model: "gpt-5-codex", workdir: "/w", sandbox: "read-only" },
        { prompt: "Do it" },
        msg("task_started"),
        msg("agent_reasoning", { text: "**Looking**" }),
        msg("exec_command_begin", { call_id: "c1", command: ["bash", "-lc", "ls"], cwd: "/w" }),
        msg("exec_command_end", {
          call_id: "c1",
          stdout: "a\n",
          stderr: "",
          exit_code: 0,
          duration: { secs: 1, nanos: 5e8 },
        }),
        msg("token_count", {
          info: {
            total_token_usage: { input_tokens: 30, output_tokens: 4, total_tokens: 34 },
            last_token_usage: { input_tokens: 30, output_tokens: 4, reasoning_output_tokens: 1, total_tokens: 34 },
          },
        }),
        msg("agent_message", { message: "One file." }),
        msg("task_complete", { last_agent_message: "One file." }),
      ),
      "codex",
    );
    expect(outline(run)).toEqual([
      expect.arrayContaining(["generation toolCalls", "shell a\n"]),
      ["generation stop One file."],
    ]);
    expect(run.steps[0]?.items[0]).toMatchObject({ usage: { totalTokens: 34, reasoningTokens: 1 } });
    expect(run.steps[0]?.items[1]).toMatchObject({ durationMs: 1500 });
    expect(outcome).toMatchObject({ text: "One file.", isError: false, isEnded: true, usage: { totalTokens: 34 } });
  });
});

describe("the output of Gemini", () => {
  const at = (seconds: number) => ({ timestamp: new Date(startedAt + seconds * 1000).toISOString() });

  it("has times, and text in pieces", async () => {
    const { run, outcome, problems } = await tell(
      lines(
        "Loaded cached credentials.",
        { type: "init", ...at(0), session_id: "g-1", model: "gemini-x" },
        { type: "message", ...at(1), role: "user", content: "Do it" },
        { type: "message", ...at(2), role: "assistant", content: "I ", delta: true },
        { type: "message", ...at(2.5), role: "assistant", content: "look.", delta: true },
        { type: "tool_use", ...at(3), tool_name: "list_directory", tool_id: "t1", parameters: { dir_path: "." } },
        { type: "tool_result", ...at(3.5), tool_id: "t1", status: "error", error: { type: "x", message: "not there" } },
        { type: "message", ...at(5), role: "assistant", content: "Nothing.", delta: true },
        {
          ...{ type: "result", ...at(6), status: "success" },
          stats: { total_tokens: 60, input_tokens: 50, output_tokens: 7, cached: 20, duration_ms: 5900, tool_calls: 1 },
        },
      ),
    );
    expect(problems).toEqual([]);
    expect(outline(run)).toEqual([
      ["generation toolCalls I look.", "list_directory failed: not there"],
      ["generation stop Nothing."],
    ]);
    const durations = run.steps.flatMap(({ items }) =>
      items.map((each) => ("durationMs" in each ? each.durationMs : 0)),
    );
    expect(durations).toEqual([2000, 500, 1500]);
    expect(outcome).toEqual({
      ...{ sessionId: "g-1", model: "gemini-x", text: "Nothing.", isError: false, durationMs: 5900 },
      usage: { inputTokens: 50, outputTokens: 7, totalTokens: 60, cachedInputTokens: 20 },
      ...{ isEnded: true, endedAt: Date.parse(at(6).timestamp), isRecognized: true, delegates: [] },
    });
  });

  it("says why it failed", async () => {
    const { outcome } = await tell(
      lines(
        { type: "init", ...at(0), session_id: "g-1", model: "gemini-x" },
        { type: "result", ...at(1), status: "error", error: { type: "FatalError", message: "Quota exceeded" } },
      ),
    );
    expect(outcome).toMatchObject({
      isError: true,
      error: "Quota exceeded",
      failure: { class: "provider_rate_limit" },
    });
  });
});

describe("any output", () => {
  it("that is text is nobody's stream, and no problem", async () => {
    for (const text of ["", "plain text\n", '{ "not": "json\n{"type":"other"}\n', "[1]\nnull\n", '{"type":"seq"}']) {
      const { outcome, problems, builder } = await tell(text);
      expect([outcome.isRecognized, problems, builder.events.length]).toEqual([false, [], 1]);
    }
  });

  it("that is another agent's than the one that ran is text", async () => {
    const { outcome } = await tell(lines({ type: "thread.started", thread_id: "th-1" }), "claude");
    expect(outcome.isRecognized).toBe(false);
  });

  it("that is damaged is told as far as it goes, with the place", async () => {
    const { run, problems } = await tell(
      lines(
        init,
        answer("m1", { type: "text", text: "Hi" }),
        '{"type":"assistant","mess',
        answer("m2", use("t1", "Bash")),
      ),
    );
    expect(problems.map(({ line, reason }) => [line, reason])).toEqual([[3, "Not JSON."]]);
    expect(outline(run)).toEqual([["generation stop Hi"], ["generation toolCalls", "Bash open"]]);
  });

  it("with fields of any kind is read without an exception", async () => {
    const odd = [null, 1, "x", [], {}, [null], [[]], -1, 1e300, "constructor"];
    for (const value of odd) {
      await tell(
        lines(
          init,
          { type: "assistant", message: { id: value, content: value, usage: value, model: value, stop_reason: value } },
          {
            type: "assistant",
            message: { id: "m", content: [value, { type: "tool_use", id: "t", name: "n", input: value }] },
          },
          {
            type: "user",
            message: { content: [{ type: "tool_result", tool_use_id: "t", content: value, is_error: value }] },
          },
          { type: "user", message: { content: value }, parent_tool_use_id: value, timestamp: value },
          { type: "result", subtype: "x", usage: value, total_cost_usd: value, result: value, errors: value },
        ),
      );
      await tell(lines({ type: "thread.started", thread_id: "t" }, { type: "item.completed", item: value }, value));
      await tell(lines({ type: "item.completed", item: { id: value, type: "command_execution", exit_code: value } }));
      await tell(lines({ id: 1, msg: { type: "exec_command_end", call_id: "c", duration: value, exit_code: value } }));
      await tell(
        lines({ type: "init", session_id: "g" }, { type: "result", status: "error", error: value, stats: value }),
      );
    }
  });
});
