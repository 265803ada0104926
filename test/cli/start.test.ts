import { mkdtemp, realpath, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import type { RunOutcome } from "../../src/app/app";
import { runCli } from "../../src/cli/runCli";
import { createScriptedApp, type ScriptedRun } from "./scriptedApp";
import { createTestIo } from "./testIo";

let cwd = "";

beforeAll(async () => {
  cwd = await realpath(await mkdtemp(join(tmpdir(), "runtrail-cli-")));
  await writeFile(join(cwd, "perstack.toml"), '[experts.demo]\ninstruction = "Do it."\n');
});

const usage = { inputTokens: 1000, outputTokens: 234, totalTokens: 1234 };
const totals = { totalUsage: usage, durationMs: 1500, cost: 0.0123 };
const error = {
  name: "E",
  message: "invalid x-api-key",
  class: "provider_auth",
  statusCode: 401,
  isRetryable: false,
} as const;

function playStep({ emit }: ScriptedRun): void {
  const limits = { maxSteps: 1, maxRetries: 1, timeoutMs: 1 };
  const definition = { uri: pathToFileURL(join(cwd, "perstack.toml")).href, line: 1 };
  const call = { step: 1, toolCallId: "c1", skill: "s", tool: "exec" };
  emit({ type: "startRun", query: "q", provider: "anthropic", model: "m", limits, definition, tools: [] });
  emit({ type: "startGeneration", step: 1, attempt: 1, messageCount: 2 });
  emit({ type: "streamText", step: 1, delta: "I run the " });
  emit({
    type: "finishGeneration",
    step: 1,
    attempt: 1,
    finishReason: "toolCalls",
    text: "I run the tests.\n\u001b[2JCleared?",
    toolCalls: [],
    usage,
    durationMs: 2000,
  });
  emit({ type: "startToolCall", ...call, args: { command: "npm", args: ["test"] } });
  emit({ type: "progressTool", step: 1, toolCallId: "c1", text: "1 failing" });
  emit({
    type: "finishToolCall",
    ...call,
    isError: true,
    result: [{ type: "textPart", text: '{"error":"Error","message":"exit code 1"}' }],
    durationMs: 850,
  });
  emit({ type: "finishStep", step: 1, durationMs: 1, usage });
}

async function fail(run: ScriptedRun): Promise<Partial<RunOutcome>> {
  playStep(run);
  run.emit({ type: "errorRun", step: 2, error, ...totals });
  return { status: "failed", error, ...totals };
}

async function finish(run: ScriptedRun): Promise<Partial<RunOutcome>> {
  playStep(run);
  run.emit({ type: "finishRun", step: 1, text: "All good.", ...totals });
  return { status: "finished", text: "All good.", ...totals };
}

describe("runtrail start", () => {
  it("tells a person what happens, and of a failure the step and the line to look at", async () => {
    const io = createTestIo({ cwd });
    expect(await runCli(["start", "demo", "q"], io, createScriptedApp(fail).open)).toBe(1);
    expect(io.out().replaceAll(cwd, "<cwd>")).toMatchInlineSnapshot(`
      "demo · anthropic m

      Step 1
        I run the tests.
        \\x1b[2JCleared?
        model · 2.0 s · 1.2k tokens
        ~ exec npm test · failed: exit code 1 · 850 ms

      ✗ Failed: invalid x-api-key (provider_auth, 401)
        2 steps · 1 tool call · 1.2k tokens · $0.0123 · 800 ms
        Failing step: 2
        Definition: perstack.toml:1
        Run: /work/perstack/jobs/job-1/runs/run-1
        Log: runtrail log --run run-1
        Try again from there: runtrail retry run-1 --pretty
      "
    `);
  });

  it("prints the answer of a run that finished", async () => {
    const io = createTestIo({ cwd });
    expect(await runCli(["start", "demo", "q"], io, createScriptedApp(finish).open)).toBe(0);
    expect(io.out()).toContain("\nAll good.\n\n✓ Finished\n  1 step · 1 tool call · 1.2k tokens · $0.0123");
  });

  it("draws a progress line on a terminal, and leaves none behind", async () => {
    const io = createTestIo({ cwd, isTTY: true });
    const app = createScriptedApp(async (run) => {
      run.emit({ type: "startRun", query: "q" });
      run.emit({ type: "startGeneration", step: 1, attempt: 1, messageCount: 2 });
      run.emit({ type: "streamText", step: 1, delta: "Let me\u001b[2J see" });
      io.tick();
      return await finish(run);
    });
    await runCli(["start", "demo", "q"], io, app.open);
    expect(io.out()).toContain("step 1 · writes: …Let me\\x1b[2J see · 59.9 s");
    const drawn = io.out().split("\r\u001b[2K");
    expect(drawn.length).toBeGreaterThan(2);
    // Behind the last clearing stand whole lines only.
    expect(drawn.at(-1)).not.toContain("\u001b[?7l");
    io.tick();
    expect(io.out().endsWith("\n")).toBe(true);
  });

  it("draws nothing while a question stands", async () => {
    const io = createTestIo({ cwd, isTTY: true, answers: ["y"] });
    const asked = io.openTerminal();
    const drawnWhileAsking: boolean[] = [];
    let emit: ScriptedRun["emit"] = () => undefined;
    io.openTerminal = () =>
      asked && {
        close: asked.close,
        ask: async (question, signal) => {
          const before = io.out();
          io.tick();
          emit({ type: "connectSkill", skill: "meanwhile", transport: "stdio", durationMs: 1 });
          drawnWhileAsking.push(io.out() !== before);
          return await asked.ask(question, signal);
        },
      };
    const app = createScriptedApp(async (run) => {
      emit = run.emit;
      run.emit({ type: "startRun", query: "q" });
      io.tick();
      const { host, signal } = run;
      const request = {
        approvalId: "a",
        toolCallId: "c",
        skill: "s",
        tool: "exec",
        effect: "exec",
        runId: "r",
      } as const;
      await host.askApproval({ ...request, expertKey: "demo", summary: "exec: ls", signal });
      return {};
    });
    await runCli(["start", "demo", "q"], io, app.open);
    expect(drawnWhileAsking).toEqual([false]);
    expect(io.out()).toContain("skill meanwhile connected");
  });

  it("uses colours on a terminal only, and none with NO_COLOR", async () => {
    const outputOf = async (options: { isTTY: boolean; env?: Record<string, string> }) => {
      const io = createTestIo({ cwd, ...options });
      await runCli(["start", "demo", "q"], io, createScriptedApp(fail).open);
      return io.out();
    };
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colours begin with ESC
    const colour = /\u001b\[\d+m/u;
    expect(await outputOf({ isTTY: true })).toMatch(colour);
    expect(await outputOf({ isTTY: true, env: { NO_COLOR: "1" } })).not.toMatch(colour);
    expect(await outputOf({ isTTY: false })).not.toMatch(colour);
  });
});
