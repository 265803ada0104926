/** Sessions of Codex: rollouts of today and of before as runs. */
import { mkdir, mkdtemp, realpath, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { codex } from "../../src/formats/codex/codex";
import type { ForeignRun } from "../../src/formats/format";
import { type Run, runOf } from "../../src/model/run";
import {
  at,
  codexEvent,
  codexItem,
  codexLine,
  codexMessage,
  codexMeta,
  codexSession,
  codexTokens,
  jsonLines,
} from "../support/agentSessions";
import { checkLaws, eventsIn } from "./foreignRunLaws";

const file = `.codex/sessions/2026/03/01/rollout-2026-03-01T09-00-00-${codexSession}.jsonl`;

async function readSession(text: string): Promise<{ run: Run; told: ForeignRun; root: string }> {
  const root = await realpath(await mkdtemp(join(tmpdir(), "runtrail-codex-")));
  await mkdir(dirname(join(root, file)), { recursive: true });
  await writeFile(join(root, file), text);
  expect(await codex.accepts(join(root, file))).toBe(true);
  const { runs, problems } = await codex.read(join(root, file));
  checkLaws(runs);
  const [told] = runs;
  const run = told && runOf(told.events);
  if (!told || !run) throw new Error("No run was read.");
  expect([problems, told.problems]).toEqual([[], []]);
  return { run, told, root };
}

const time = (seconds: number) => Date.parse(at(seconds));
const call = (seconds: number, id: string, name: string, args: object) =>
  codexItem(seconds, "function_call", { name, call_id: id, arguments: JSON.stringify(args) });
const output = (seconds: number, id: string, text: unknown) =>
  codexItem(seconds, "function_call_output", { call_id: id, output: text });

describe("a session of Codex", () => {
  it("is a run of the first prompt: what stands in it twice is told once, usage per answer", async () => {
    const { run, told } = await readSession(
      jsonLines(
        codexMeta(),
        codexMessage(0, "user", "<environment_context>\n  <cwd>/home/dev/shop</cwd>\n</environment_context>"),
        codexEvent(1, "task_started", { model_context_window: 272000 }),
        codexMessage(1, "user", "Fix the build"),
        codexEvent(1, "user_message", { message: "Fix the build", kind: "plain" }),
        codexLine(1, "turn_context", { cwd: "/home/dev/shop", model: "gpt-x", effort: "high" }),
        codexEvent(3, "agent_reasoning", { text: "**Looking**" }),
        codexItem(3, "reasoning", { summary: [], content: null, encrypted_content: "gAAA" }),
        codexEvent(4, "agent_message", { message: "I look." }),
        codexMessage(4, "assistant", "I look."),
        call(5, "c1", "shell", { command: ["bash", "-lc", "make"] }),
        call(5, "c2", "docs__search", { q: "make" }),
        codexTokens(5, [100, 20], 120),
        codexEvent(7, "exec_command_end", { call_id: "c1", exit_code: 2, duration: { secs: 1, nanos: 250_000_000 } }),
        output(7, "c1", JSON.stringify({ output: "make: *** no rule\n", metadata: { exit_code: 2 } })),
        output(8, "c2", "see manual"),
        codexTokens(9, [100, 20], 120),
        codexItem(10, "custom_tool_call", { call_id: "c3", name: "apply_patch", input: "*** Begin Patch" }),
        codexItem(11, "custom_tool_call_output", { call_id: "c3", output: "Exit code: 0\nOutput:\nSuccess." }),
        codexTokens(11, [130, 10], 260),
        codexMessage(12, "assistant", "Done."),
        codexEvent(12, "agent_message", { message: "Done." }),
        codexTokens(12, [150, 5], 415),
        codexEvent(13, "task_complete", { last_agent_message: "Done." }),
      ),
    );
    expect(run).toMatchObject({
      ...{ jobId: codexSession, runId: codexSession, expertKey: "codex", query: "Fix the build", model: "gpt-x" },
      ...{ status: "finished", text: "Done.", startedAt: time(0), finishedAt: time(13) },
      usage: { inputTokens: 380, outputTokens: 35, totalTokens: 415, cachedInputTokens: 15, reasoningTokens: 3 },
      failures: [{ grade: "recovered", step: 1, reason: "shell: make: *** no rule" }],
    });
    const outline = run.steps.map(({ items }) => items.map((item) => ("tool" in item ? item.tool : item.kind)));
    expect(outline).toEqual([["generation", "shell", "search"], ["generation", "apply_patch"], ["generation"]]);
    expect(run.steps[0]?.items[0]).toMatchObject({
      ...{ text: "I look.", reasoning: [{ text: "**Looking**" }], usage: { totalTokens: 120 }, durationMs: 4000 },
    });
    expect(run.steps[0]?.items[1]).toMatchObject({ durationMs: 1250, args: { command: ["bash", "-lc", "make"] } });
    expect(run.steps[0]?.items[2]).toMatchObject({ skill: "docs", isError: false });
    expect(told.group).toBe("/home/dev/shop");
  });

  it("that was interrupted is stopped, and goes on with a further prompt", async () => {
    const { run, told } = await readSession(
      jsonLines(
        codexMeta(),
        codexEvent(1, "user_message", { message: "Fix the build" }),
        call(5, "c1", "exec_command", { cmd: "make" }),
        output(6, "c1", "aborted by user after 1.0s"),
        codexEvent(6, "turn_aborted", { reason: "interrupted" }),
        codexEvent(20, "user_message", { message: "Only the tests" }),
        codexMessage(22, "assistant", "Green."),
        codexEvent(23, "task_complete", { last_agent_message: "Green." }),
      ),
    );
    expect(told.events.filter(({ type }) => /Run$/u.test(type)).map(({ type }) => type)).toEqual([
      ...["startRun", "stopRun", "resumeRun", "finishRun"],
    ]);
    expect(run).toMatchObject({ status: "finished", text: "Green.", failures: [{ class: "cancelled" }] });
    expect(eventsIn(told, "foreignEvent")).toMatchObject([{ name: "user", data: { text: "Only the tests" } }]);
  });

  it("that failed says why; one that has no end is open", async () => {
    const begin = [codexMeta(), codexEvent(1, "user_message", { message: "Fix the build" })];
    const failed = await readSession(
      jsonLines(
        ...begin,
        codexEvent(3, "error", { message: "You've hit your usage limit." }),
        codexEvent(3, "task_complete", { last_agent_message: null }),
      ),
    );
    expect(failed.run).toMatchObject({ status: "failed", error: { class: "provider_rate_limit" } });
    const open = await readSession(jsonLines(...begin, call(5, "c1", "exec_command", { cmd: "make" })));
    expect(open.run).toMatchObject({ status: "running", steps: [{ items: [{}, { tool: "exec_command" }] }] });
    expect(open.run.usage).toBeUndefined();
  });

  it("of a sub-agent belongs to the thread that began it", async () => {
    const source = { subagent: { thread_spawn: { parent_thread_id: "th-0", depth: 1, agent_role: "explorer" } } };
    const { run } = await readSession(
      jsonLines(codexMeta({ source }), codexEvent(1, "user_message", { message: "Look around" })),
    );
    expect(run).toMatchObject({ parent: { runId: "th-0" }, expertKey: "explorer" });
  });

  it("is known though its first line is damaged: the file's name has its id", async () => {
    const { root } = await readSession(jsonLines(codexMeta()));
    const damaged = `{"timestamp":"x\n${jsonLines(codexEvent(1, "user_message", { message: "Fix the build" }))}`;
    await writeFile(join(root, file), damaged);
    const { runs } = await codex.read(join(root, file));
    expect(runs.map(({ runId, problems }) => [runId, problems.map(({ line }) => line)])).toEqual([[codexSession, [1]]]);
  });

  it("of an older version has no envelopes and no times of its records", async () => {
    const item = (type: string, more: object) => ({ type, ...more });
    const { run, told } = await readSession(
      jsonLines(
        { id: codexSession, timestamp: at(0), instructions: null, git: { branch: "main" } },
        { record_type: "state" },
        item("message", {
          role: "user",
          content: [
            { type: "input_text", text: "<environment_context>\n<cwd>/home/dev/old</cwd>\n</environment_context>" },
          ],
        }),
        item("message", { role: "user", content: [{ type: "input_text", text: "Fix the build" }] }),
        item("reasoning", { summary: [{ type: "summary_text", text: "Look" }] }),
        item("local_shell_call", { call_id: "c1", status: "completed", action: { type: "exec", command: ["ls"] } }),
        item("function_call_output", { call_id: "c1", output: { content: "a.txt", success: true } }),
        item("message", { role: "assistant", content: [{ type: "output_text", text: "Done." }] }),
      ),
    );
    expect(run).toMatchObject({ runId: codexSession, query: "Fix the build", status: "running", startedAt: time(0) });
    expect(run.steps.length).toBe(2);
    expect(run.steps[0]?.items[1]).toMatchObject({ tool: "local_shell", isError: false });
    expect(run.steps[0]?.items[1]).not.toHaveProperty("durationMs");
    expect(told.group).toBe("/home/dev/old");
  });

  it("is found in the folders of Codex, and not taken for another's", async () => {
    const { root } = await readSession(jsonLines(codexMeta()));
    await writeFile(join(root, ".codex", "history.jsonl"), jsonLines({ session_id: "x", ts: 1, text: "hello" }));
    for (const folder of [root, join(root, ".codex"), dirname(join(root, file))]) {
      expect(await codex.find(folder)).toEqual([join(root, file)]);
      expect(await codex.accepts(folder)).toBe(true);
    }
    expect(await codex.accepts(join(root, ".codex", "history.jsonl"))).toBe(false);
  });

  it("a captured output is read as a run as well", async () => {
    const root = await realpath(await mkdtemp(join(tmpdir(), "runtrail-codex-")));
    const path = join(root, "out.txt");
    const records = [
      ...[{ type: "thread.started", thread_id: "th-1" }, { type: "turn.started" }],
      { type: "turn.failed", error: { message: "stream disconnected before completion" } },
    ];
    await writeFile(path, jsonLines(...records));
    expect(await codex.accepts(path)).toBe(true);
    const [told] = (await codex.read(path)).runs;
    expect(told && runOf(told.events)).toMatchObject({
      ...{ runId: "th-1", status: "failed", error: { class: "transient_io" } },
    });
  });
});
