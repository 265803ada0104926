import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import type { RunOutcome } from "../../src/app/app";
import { runCli } from "../../src/cli/runCli";
import type { ApprovalAnswer } from "../../src/runtime/ports";
import { cancelled, createScriptedApp, type ScriptedRun } from "./scriptedApp";
import { createTestIo, failingOutput } from "./testIo";

let cwd = "";

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), "runtrail-cli-"));
  await writeFile(join(cwd, "perstack.toml"), '[experts.demo]\ninstruction = "Do it."\n');
});

const untilCancelled = async ({ emit, signal }: ScriptedRun): Promise<Partial<RunOutcome>> => {
  emit({ type: "startRun" });
  await cancelled(signal);
  emit({ type: "stopRun", reason: "cancelled" });
  return { status: "stopped", stopReason: "cancelled" };
};

describe("runtrail run", () => {
  it("prints every durable event as one line of JSON, and nothing else", async () => {
    const app = createScriptedApp(async ({ emit }) => {
      emit({ type: "startRun", query: "a\nb\u2028c" });
      emit({ type: "streamText", delta: "live" });
      emit({ type: "finishRun", text: "done" });
      return {};
    });
    const io = createTestIo({ cwd });
    expect(await runCli(["run", "demo", "q"], io, app.open)).toBe(0);
    expect(io.events().map(({ type }) => type)).toEqual(["startRun", "finishRun"]);
    expect(io.events()[0]?.query).toBe("a\nb\u2028c");
    expect(io.out().endsWith("\n")).toBe(true);
    expect(io.err()).toBe("");
    expect(app.isDisposed()).toBe(true);
  });

  it("prints live events with --stream, and tells people on stderr with --verbose", async () => {
    const app = createScriptedApp(async ({ emit }) => {
      emit({ type: "streamText", step: 1, delta: "live" });
      emit({ type: "startToolCall", step: 1, tool: "exec", args: { command: "ls" } });
      return {};
    });
    const io = createTestIo({ cwd });
    await runCli(["run", "demo", "q", "--stream", "--verbose"], io, app.open);
    expect(io.events().map(({ type }) => type)).toEqual(["streamText", "startToolCall"]);
    expect(io.err()).toBe("demo · step 1 · exec ls\n");
  });

  it("prints what came before the run had a handle, and nothing of other jobs", async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const app = createScriptedApp(
      async ({ emit }) => {
        emit({ type: "startRun" });
        emit({ type: "errorRun", jobId: "another job" });
        release();
        emit({ type: "finishRun" });
        return {};
      },
      () => held,
    );
    const io = createTestIo({ cwd });
    await runCli(["run", "demo", "q"], io, app.open);
    expect(io.events().map(({ type }) => type)).toEqual(["startRun", "finishRun"]);
  });

  it("hands every option to the run", async () => {
    const app = createScriptedApp(async () => ({}));
    const options =
      "--config sub/x.toml --provider anthropic --model m --reasoning-budget 512 --max-steps 7 --max-retries 0 --timeout 1000 " +
      "--max-tokens 5000 --max-cost 0.5 " +
      "--job-id j --env-path a.env --env-path b.env --env A --env B --runtime local --workspace sub --approve all";
    await runCli(["run", "demo", "the query", ...options.split(" ")], createTestIo({ cwd }), app.open);
    expect(app.requests).toEqual([
      {
        definitionPath: join(cwd, "sub/x.toml"),
        expertKey: "demo",
        query: "the query",
        provider: "anthropic",
        model: "m",
        reasoningBudget: 512,
        maxSteps: 7,
        maxRetries: 0,
        maxTokens: 5000,
        maxCost: 0.5,
        timeoutMs: 1000,
        jobId: "j",
        envPaths: [join(cwd, "a.env"), join(cwd, "b.env")],
        approval: "all",
        workspaceRoot: join(cwd, "sub"),
      },
    ]);
  });

  it("reads the query “-” from standard input, whatever its size", async () => {
    const app = createScriptedApp(async () => ({}));
    const input = `${"ü\n".repeat(400_000)}end\n`;
    await runCli(["run", "demo", "-"], createTestIo({ cwd, input }), app.open);
    expect(app.requests[0]?.query).toBe(input.slice(0, -1));
    const io = createTestIo({ cwd, input: "\n" });
    expect(await runCli(["run", "demo", "-"], io, app.open)).toBe(2);
    expect(io.err()).toContain("The query is empty");
  });

  it.each<{ outcome: Partial<RunOutcome>; code: number; said: string }>([
    { outcome: { status: "finished" }, code: 0, said: "" },
    {
      outcome: {
        status: "failed",
        error: {
          name: "E",
          message: "no such model",
          class: "provider_bad_request",
          statusCode: 404,
          isRetryable: false,
        },
      },
      code: 1,
      said: "The run failed: no such model (provider_bad_request, 404)\n",
    },
    {
      outcome: { status: "stopped", stopReason: "maxSteps" },
      code: 3,
      said: "The run was stopped at the step limit.\n",
    },
    { outcome: { status: "stopped", stopReason: "input" }, code: 3, said: "The run was stopped, waits for input.\n" },
    { outcome: { status: "stopped", stopReason: "budget" }, code: 3, said: "The run was stopped, budget used up.\n" },
    { outcome: { status: "stopped", stopReason: "cancelled" }, code: 130, said: "The run was cancelled.\n" },
  ])("ends with $code for $outcome", async ({ outcome, code, said }) => {
    const io = createTestIo({ cwd });
    expect(await runCli(["run", "demo", "q"], io, createScriptedApp(async () => outcome).open)).toBe(code);
    expect(io.err()).toBe(said);
  });
});

describe("a run that is interrupted", () => {
  it("is cancelled by the first signal and left at once by the second", async () => {
    const app = createScriptedApp(async (run) => {
      run.emit({ type: "startRun" });
      io.signal("SIGINT");
      await cancelled(run.signal);
      io.signal("SIGINT");
      return { status: "stopped", stopReason: "cancelled" };
    });
    const io = createTestIo({ cwd });
    expect(await runCli(["run", "demo", "q"], io, app.open)).toBe(130);
    expect(io.err()).toContain("SIGINT: cancelling the run");
    expect(io.exits).toEqual([130]);
  });

  it("is cancelled also when the signal comes before it has begun", async () => {
    const app = createScriptedApp(untilCancelled, async () => io.signal("SIGTERM"));
    const io = createTestIo({ cwd });
    expect(await runCli(["run", "demo", "q"], io, app.open)).toBe(130);
    expect(io.exits).toEqual([]);
  });

  it("is cancelled quietly when the reader of its output leaves", async () => {
    const stdout = failingOutput(1, "EPIPE");
    const app = createScriptedApp(async (run) => {
      run.emit({ type: "startRun" });
      run.emit({ type: "startGeneration" });
      return await untilCancelled(run);
    });
    const io = createTestIo({ cwd, stdout });
    expect(await runCli(["run", "demo", "q"], io, app.open)).toBe(130);
    expect(stdout.taken).toHaveLength(1);
    expect(io.err()).toBe("");
  });

  it("says so when its output cannot be written for another reason", async () => {
    const io = createTestIo({ cwd, stdout: failingOutput(0, "ENOSPC") });
    expect(await runCli(["run", "demo", "q"], io, createScriptedApp(untilCancelled).open)).toBe(130);
    expect(io.err()).toContain("Standard output cannot be written: write ENOSPC. The run is cancelled.");
  });
});

describe("approval in the terminal", () => {
  const request = {
    approvalId: "a",
    toolCallId: "c",
    skill: "s",
    tool: "exec",
    effect: "exec",
    runId: "run-1",
  } as const;

  async function askTwice(answers: string[] | undefined): Promise<{ given: ApprovalAnswer[]; questions: string[] }> {
    const given: ApprovalAnswer[] = [];
    const app = createScriptedApp(async ({ host, signal }) => {
      const ask = (summary: string) => host.askApproval({ ...request, expertKey: "demo", summary, signal });
      given.push(...(await Promise.all([ask("exec: npm test\u001b[2J"), ask("exec: ls")])));
      return {};
    });
    const io = createTestIo({ cwd, ...(answers && { answers }) });
    await runCli(["run", "demo", "q"], io, app.open);
    return { given, questions: io.questions };
  }

  it("asks one question at a time and takes the person's word", async () => {
    const { given, questions } = await askTwice(["what?", "Y", "all"]);
    expect(given).toEqual([
      { granted: true, by: "user", remember: false },
      { granted: true, by: "user", remember: true },
    ]);
    expect(questions[0]).toBe(
      "\ndemo wants to run a command: exec: npm test\\x1b[2J\nAllow it? [y]es, yes to [a]ll in this run, [n]o: ",
    );
    expect(questions.slice(1)).toEqual(["Please answer y, a or n: ", expect.stringContaining("exec: ls")]);
  });

  it("takes a no, and the end of input as one for the whole run", async () => {
    const { given } = await askTwice(["n"]);
    expect(given).toEqual([
      { granted: false, by: "user", reason: "the user said no", remember: false },
      { granted: false, by: "terminal", reason: "the terminal's input has ended", remember: true },
    ]);
  });

  it("refuses where there is no terminal, and names the way out", async () => {
    const { given } = await askTwice(undefined);
    expect(given[0]).toMatchObject({ granted: false, remember: true });
    expect(given[0]?.reason).toContain("--approve all");
  });
});
