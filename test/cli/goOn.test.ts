import { mkdtemp, realpath, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import type { RunSummary } from "../../src/app/runIndex";
import { runCli } from "../../src/cli/runCli";
import { noUsage } from "../../src/model/addUsage";
import type { RunEvent } from "../../src/model/events";
import type { Message } from "../../src/model/message";
import { createScriptedApp, type Recorded, type ScriptedRun } from "./scriptedApp";
import { createTestIo, type TestIoOptions } from "./testIo";

let cwd = "";

beforeAll(async () => {
  cwd = await realpath(await mkdtemp(join(tmpdir(), "runtrail-go-on-")));
  for (const name of ["perstack.toml", "own.toml"]) {
    await writeFile(join(cwd, name), '[experts.demo]\ninstruction = "Do it."\n');
  }
});

const dirOf = (jobId: string, runId: string) => `/w/perstack/jobs/${jobId}/runs/${runId}`;
const ask = (toolCallId: string, args: unknown = { question: "Which\u001b[2J colour?" }) => ({
  ...{ toolCallId, skill: "ask", tool: "askUser", args },
});

function summary(runId: string, fields: Partial<RunSummary> = {}): RunSummary {
  const jobId = fields.jobId ?? "job-a";
  return {
    ...{ dir: dirOf(jobId, runId), jobId, runId, expertKey: "demo", query: "Old", status: "finished" },
    ...{ startedAt: 1, usage: noUsage, steps: 1, isHere: false, ...fields },
  };
}

const waiting = (runId: string, ...requests: ReturnType<typeof ask>[]) =>
  summary(runId, { status: "stopped", stopReason: "input", inputRequests: requests });

async function play(args: string[], recorded: (RunSummary | Recorded)[], options: Partial<TestIoOptions> = {}) {
  const runs = recorded.map((each) => ("summary" in each ? each : { summary: each }));
  const app = createScriptedApp(async () => ({}), undefined, runs);
  const io = createTestIo({ cwd, ...options });
  const code = await runCli(args, io, app.open);
  return { code, requests: app.requests, resumed: app.resumed, out: io.out(), err: io.err() };
}

describe("--continue and --continue-job", () => {
  it("continue the newest run of the job that is no delegate's, with the new query", async () => {
    const runs = [
      summary("child", { parentRunId: "second" }),
      summary("second", { definitionPath: join(cwd, "own.toml") }),
      summary("first"),
      summary("elsewhere", { jobId: "job-b" }),
    ];
    for (const args of [["--continue"], ["--continue-job", "job-a"]]) {
      const { code, requests } = await play(["run", "demo", "And now?", "--max-tokens", "9", ...args], runs);
      expect(code).toBe(0);
      expect(requests).toMatchObject([
        {
          query: "And now?",
          from: { kind: "continue", dir: dirOf("job-a", "second") },
          answers: [],
          definitionPath: join(cwd, "own.toml"),
          workspaceRoot: cwd,
          maxTokens: 9,
        },
      ]);
    }
  });

  it.each(["stopped", "failed", "unknown"] as const)(
    "go on in place with a run that is %s, without a query",
    async (status) => {
      const { requests, resumed } = await play(
        ["run", "demo", "--continue", "--max-steps", "40", "--approve", "all"],
        [summary("early", { status })],
      );
      expect(requests).toEqual([]);
      expect(resumed).toMatchObject([
        { dir: dirOf("job-a", "early"), by: "terminal", answers: [], maxSteps: 40, approval: "all" },
      ]);
    },
  );

  it.each([
    { args: ["--continue-job", "nope", "q"], said: "There are, newest first: job-a." },
    { args: ["--continue-job", "job-a", "q"], said: "has not ended yet", run: { status: "running" as const } },
    { args: ["--continue", "q"], said: "is of the expert “other”, not of “demo”", run: { expertKey: "other" } },
    { args: ["--continue", "-i", "blue"], said: "Nothing waits for an answer there" },
    { args: ["--continue-job", "job-a", "q"], said: "no run of its own", run: { parentRunId: "gone" } },
  ])("refuse $args: $said", async ({ args, said, run }) => {
    const { code, err, requests, resumed } = await play(["run", "demo", ...args], [summary("one", run)]);
    expect({ code, requests, resumed }).toEqual({ code: 2, requests: [], resumed: [] });
    expect(err).toContain(said);
  });

  it("say what a waiting run asks and how it is answered, whatever else is wanted", async () => {
    const asked = ask("c1", { question: "Which?", options: ["red", { label: "blue", description: "as the sky" }] });
    for (const query of [[], ["Something else"]]) {
      const { code, err, resumed } = await play(
        ["run", "demo", "--continue", "--workspace", ".", ...query],
        [waiting("one", asked)],
      );
      expect({ code, resumed }).toEqual({ code: 2, resumed: [] });
      expect(err).toBe(
        "The run one waits for an answer:\n  askUser (c1): Which?\n    - red\n    - blue: as the sky\n" +
          'Answer with: runtrail run demo --continue-job job-a --workspace . -i "…"\n',
      );
    }
  });

  it("keep control characters of what is asked off the terminal", async () => {
    const { err } = await play(["run", "demo", "--continue"], [waiting("one", ask("c1"))]);
    expect(err).toContain("Which\\x1b[2J colour?");
  });
});

describe("an answer", () => {
  const two = [waiting("one", ask("c1"), ask("c2"))];
  const perstack = (toolCallId: string, text: string) => ({ toolCallId, toolName: "askUser", skillName: "ask", text });

  it.each([
    { said: "blue", answers: [{ toolCallId: "c1", text: "blue" }] },
    { said: '{"colour":"blue"}', answers: [{ toolCallId: "c1", text: '{"colour":"blue"}' }] },
    { said: "[not json", answers: [{ toolCallId: "c1", text: "[not json" }] },
    { said: JSON.stringify(perstack("c2", "2")), answers: [{ toolCallId: "c2", text: "2" }] },
    {
      said: JSON.stringify([perstack("c2", "2"), perstack("c1", "1")]),
      answers: [
        { toolCallId: "c2", text: "2" },
        { toolCallId: "c1", text: "1" },
      ],
    },
  ])("goes to the call it is for: $said", async ({ said, answers }) => {
    const { code, resumed } = await play(["run", "demo", said, "-i", "--continue-job", "job-a"], two);
    expect(code).toBe(0);
    expect(resumed).toMatchObject([{ dir: dirOf("job-a", "one"), answers }]);
  });

  it("is read from standard input, too", async () => {
    const { resumed } = await play(["run", "demo", "-", "-i", "--continue"], two, { input: "blue\nas the sky\n" });
    expect(resumed[0]?.answers).toEqual([{ toolCallId: "c1", text: "blue\nas the sky" }]);
  });

  it("to a call that does not wait is refused", async () => {
    const said = JSON.stringify(perstack("c9", "x"));
    const { code, err } = await play(["run", "demo", said, "-i", "--continue"], two);
    expect(code).toBe(2);
    expect(err).toContain("The call c9 waits for no answer. These do: c1 (askUser), c2 (askUser).");
  });
});

describe("the definition of a run that goes on in place", () => {
  const early = (definitionPath?: string) =>
    summary("one", { status: "failed", ...(definitionPath !== undefined && { definitionPath }) });
  const usedBy = async (run: RunSummary, ...args: string[]) =>
    (await play(["run", "demo", "--continue", ...args], [run])).resumed[0]?.definitionPath;

  it("is its own, and the nearest or a named one where that is gone or not known", async () => {
    expect(await usedBy(early(join(cwd, "own.toml")))).toBe(join(cwd, "own.toml"));
    expect(await usedBy(early(join(cwd, "own.toml")), "--config", "own.toml")).toBe(join(cwd, "own.toml"));
    for (const run of [early("/gone/own.toml"), early()]) {
      expect(await usedBy(run)).toBe(join(cwd, "perstack.toml"));
      expect(await usedBy(run, "--config", "own.toml")).toBe(join(cwd, "own.toml"));
    }
  });

  it("cannot be another one: a fork can", async () => {
    const args = ["run", "demo", "--continue", "--config", "perstack.toml"];
    const { code, err, resumed } = await play(args, [early(join(cwd, "own.toml"))]);
    expect({ code, resumed }).toEqual({ code: 2, resumed: [] });
    expect(err).toContain(`goes on with the definition it began with, ${join(cwd, "own.toml")}. “runtrail fork one`);
  });
});

const event = (seq: number, fields: { type: string; step?: number; [key: string]: unknown }) =>
  ({
    ...{ id: `e${seq}`, timestamp: seq, jobId: "job-a", runId: "one", seq, expertKey: "demo", step: 0 },
    ...fields,
  }) as RunEvent;
const recorded = (fields: Partial<RunSummary> = {}): Recorded => ({
  summary: summary("one", fields),
  events: [
    event(1, { type: "startRun", query: "Old", tools: [] }),
    event(2, { type: "finishStep", step: 1, checkpointId: "cp-first", durationMs: 1 }),
    event(3, { type: "requestInput", step: 2, ...ask("c1") }),
    event(4, {
      type: "stopRun",
      step: 2,
      reason: "input",
      totalUsage: noUsage,
      durationMs: 1,
      checkpointId: "cp-asked",
    }),
    event(5, { type: "resumeRun", step: 2, checkpointId: "cp-asked", by: "user" }),
    event(6, { type: "receiveInput", step: 2, toolCallId: "c1", text: "red", by: "user" }),
    event(7, { type: "finishStep", step: 2, checkpointId: "cp-second", durationMs: 1 }),
  ],
  messages: [
    { type: "instructionMessage", id: "i", contents: [] },
    { type: "userMessage", id: "q", contents: [{ type: "textPart", id: "q0", text: "Old\nquery" }] },
    { type: "expertMessage", id: "x", contents: [{ type: "textPart", id: "x0", text: "Well" }] },
    {
      type: "toolMessage",
      id: "t",
      contents: [
        {
          ...{ type: "toolResultPart", id: "r", toolCallId: "c0", toolName: "exec" },
          contents: [{ type: "textPart", id: "r0", text: "ok" }],
        },
      ],
    },
  ] satisfies Message[],
});

describe("--resume-from", () => {
  it("branches off from a checkpoint, with a query or without", async () => {
    for (const query of [[], ["Otherwise"]]) {
      const { requests } = await play(
        ["run", "demo", "--continue-job", "job-a", "--resume-from", "cp-f", ...query],
        [recorded()],
      );
      expect(requests).toMatchObject([
        { query: query[0] ?? "", from: { kind: "resume", dir: dirOf("job-a", "one"), checkpointId: "cp-first" } },
      ]);
    }
  });

  it("answers what was asked there once more", async () => {
    const { requests } = await play(
      ["run", "demo", "blue", "-i", "--continue-job", "job-a", "--resume-from", "cp-asked"],
      [recorded()],
    );
    expect(requests).toMatchObject([
      { query: "", from: { kind: "resume", checkpointId: "cp-asked" }, answers: [{ toolCallId: "c1", text: "blue" }] },
    ]);
  });

  it.each([
    { id: "nope", said: "There are, newest first: cp-second, cp-asked, cp-first." },
    { id: "cp-", said: "“cp-” fits more than one checkpoint" },
  ])("refuses $id and says which there are", async ({ id, said }) => {
    const { code, err } = await play(["run", "demo", "--continue-job", "job-a", "--resume-from", id], [recorded()]);
    expect(code).toBe(2);
    expect(err).toContain(said);
  });
});

describe("fork", () => {
  const dir = dirOf("job-a", "one");

  it("begins a new job at the checkpoint, step or end, with what is to be otherwise", async () => {
    const at = async (...args: string[]) => (await play(["fork", "on", "Next", ...args], [recorded()])).requests[0];
    expect(await at()).toMatchObject({
      expertKey: "demo",
      query: "Next",
      from: { kind: "fork", dir },
      workspaceRoot: cwd,
    });
    expect((await at())?.from?.checkpointId).toBeUndefined();
    expect((await at("--step", "1"))?.from?.checkpointId).toBe("cp-first");
    expect((await at("--checkpoint", "cp-s"))?.from?.checkpointId).toBe("cp-second");
    expect(await at("--expert", "other", "--new-instruction", "--job-id", "mine", "--model", "m")).toMatchObject({
      ...{ expertKey: "other", jobId: "mine", model: "m", from: { isNewInstruction: true } },
    });
  });

  it("puts another text in the place of a message, by its number or its id", async () => {
    for (const edit of ["2=a=b", "r=a=b"]) {
      const { requests } = await play(["fork", "one", "--edit", edit], [recorded()]);
      expect(requests[0]?.from?.edit).toEqual({ messageId: "r", text: "a=b" });
    }
    const { requests } = await play(["fork", "one", "--edit", "1=-"], [recorded()], { input: "from a file\n" });
    expect(requests[0]?.from?.edit).toEqual({ messageId: "q", text: "from a file" });
  });

  it("lists what can be edited, and runs nothing", async () => {
    const { code, out, requests } = await play(["fork", "one", "--list"], [recorded()]);
    expect({ code, out, requests }).toEqual({ code: 0, out: "1  user  Old query\n2  exec  ok\n", requests: [] });
  });

  it.each([
    { args: ["--step", "7"], said: "These steps have one: 1, 2." },
    { args: ["--edit", "3=x"], said: "There is no message “3” to edit: there are 2 messages." },
    { args: [], said: "has finished, so nothing is left to do from its end" },
    { args: ["--checkpoint", "nope"], said: "There is no checkpoint “nope” in the run one." },
  ])("refuses $args: $said", async ({ args, said }) => {
    const { code, err, requests } = await play(["fork", "one", ...args], [recorded()]);
    expect({ code, requests }).toEqual({ code: 2, requests: [] });
    expect(err).toContain(said);
  });
});

describe("rerun and retry", () => {
  it("rerun takes over expert and query alone", async () => {
    const { requests } = await play(["rerun", "one", "--model", "m"], [recorded()]);
    expect(requests).toMatchObject([{ expertKey: "demo", query: "", model: "m", from: { kind: "rerun" } }]);
    expect(requests[0]?.from).toEqual({ kind: "rerun", dir: dirOf("job-a", "one") });
  });

  it("retry goes on in place with a run that ended early, and else makes failed calls again", async () => {
    const early = await play(["retry", "one"], [recorded({ status: "failed" })]);
    expect(early.resumed).toMatchObject([{ dir: dirOf("job-a", "one"), by: "terminal" }]);
    const whole = await play(["retry", "one"], [recorded()]);
    expect(whole.requests).toMatchObject([{ query: "", from: { kind: "retry", step: undefined } }]);
    const step = await play(["retry", "one", "--step", "2"], [recorded({ status: "failed" })]);
    expect([step.resumed, step.requests[0]?.from]).toMatchObject([[], { kind: "retry", step: 2 }]);
  });

  it("retry answers nothing", async () => {
    const { code, err } = await play(["retry", "one"], [waiting("one", ask("c1"))]);
    expect(code).toBe(2);
    expect(err).toContain('Answer with: runtrail run demo --continue-job job-a -i "…"');
  });

  it("shows the run to a person with --pretty", async () => {
    const { out } = await play(["rerun", "one", "--pretty"], [recorded()]);
    expect(out).toContain("✓ Finished");
  });
});

describe("a question in the live view", () => {
  const options = ["red", { label: "blue", value: "b" }];
  const asks = async ({ emit, request }: ScriptedRun) => {
    if (!("dir" in request)) {
      emit({ type: "startRun", query: "q", tools: [] });
      emit({ type: "requestInput", step: 1, ...ask("c1", { question: "Which?", options }) });
      emit({ type: "requestInput", step: 1, ...ask("c2", { question: "Sure?" }) });
      emit({ type: "stopRun", step: 1, reason: "input", totalUsage: noUsage, durationMs: 1 });
      return { status: "stopped", stopReason: "input" } as const;
    }
    emit({ type: "resumeRun", step: 1, by: "terminal" });
    for (const { toolCallId, text } of request.answers ?? []) {
      emit({ type: "receiveInput", step: 1, toolCallId, text, by: "terminal" });
    }
    emit({ type: "finishRun", step: 1, text: "Painted.", totalUsage: noUsage, durationMs: 1 });
    return { status: "finished", text: "Painted." } as const;
  };

  async function start(answers: string[] | undefined) {
    const app = createScriptedApp(asks);
    const io = createTestIo({ cwd, ...(answers && { answers }) });
    const code = await runCli(["start", "demo", "q", "--max-steps", "9"], io, app.open);
    return { code, out: io.out(), questions: io.questions, resumed: app.resumed };
  }

  it("is asked at the terminal, a choice by its number, and the run goes on with the answers", async () => {
    const { code, out, questions, resumed } = await start(["", "2", "quite"]);
    expect(code).toBe(0);
    expect(questions).toEqual([
      "\ndemo asks: Which?\n  1  red\n  2  blue\n1 to 2, or another answer: ",
      "Please type an answer: ",
      "\ndemo asks: Sure?\nYour answer: ",
    ]);
    expect(resumed).toMatchObject([
      {
        by: "terminal",
        maxSteps: 9,
        answers: [
          { toolCallId: "c1", text: "b" },
          { toolCallId: "c2", text: "quite" },
        ],
      },
    ]);
    expect(out).toContain("\nPainted.\n\n✓ Finished");
  });

  it("takes another answer than the choices, and a choice by its name", async () => {
    expect((await start(["green", "x"])).resumed[0]?.answers?.[0]?.text).toBe("green");
    expect((await start(["BLUE", "x"])).resumed[0]?.answers?.[0]?.text).toBe("b");
    expect((await start(["3", "x"])).resumed[0]?.answers?.[0]?.text).toBe("3");
  });

  it.each([{ answers: undefined }, { answers: [] }])(
    "stays open where nobody answers: $answers",
    async ({ answers }) => {
      const { code, out, resumed } = await start(answers);
      expect({ code, resumed }).toEqual({ code: 3, resumed: [] });
      expect(out).toContain("! Stopped, waits for input");
      expect(out).toContain('  Answer with: runtrail start demo --continue-job job-1 -i "…"\n');
    },
  );

  it("stays open when it is interrupted", async () => {
    const app = createScriptedApp(asks);
    const io = createTestIo({ cwd });
    io.openTerminal = () => ({
      close: () => undefined,
      ask: (_question, signal) => {
        io.signal("SIGINT");
        return new Promise((_resolve, reject) => {
          if (signal.aborted) reject(signal.reason);
        });
      },
    });
    expect(await runCli(["start", "demo", "q"], io, app.open)).toBe(3);
    expect(io.err()).toBe("SIGINT: the question stays open.\n");
    expect(app.resumed).toEqual([]);
  });
});
