/** Chats that Gemini CLI saves, whole or line by line, as runs. */
import { mkdir, mkdtemp, realpath, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import type { ForeignRuns } from "../../src/formats/format";
import { gemini } from "../../src/formats/gemini/gemini";
import { type Run, runOf } from "../../src/model/run";
import {
  at,
  geminiHeading,
  geminiSession,
  geminiTokens,
  jsonLines,
  geminiMessage as message,
} from "../support/agentSessions";
import { checkLaws, eventsIn } from "./foreignRunLaws";

const chats = ".gemini/tmp/0123456789abcdef/chats";
const name = `session-2026-03-01T09-00-${geminiSession.slice(0, 8)}`;

async function folderWith(files: Record<string, string>): Promise<string> {
  const root = await realpath(await mkdtemp(join(tmpdir(), "runtrail-gemini-")));
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  return root;
}

async function readChat(file: string, text: string): Promise<{ reading: ForeignRuns; run: Run; root: string }> {
  const root = await folderWith({ [file]: text });
  expect(await gemini.accepts(join(root, file))).toBe(true);
  const reading = await gemini.read(join(root, file));
  checkLaws(reading.runs);
  const run = runOf(reading.runs[0]?.events ?? []);
  if (!run) throw new Error("No run was read.");
  return { reading, run, root };
}

const response = (output: string) => [{ functionResponse: { id: "t1", name: "x", response: { output } } }];
const turn = [
  message(1, "u1", "user", [{ text: "Fix the build" }]),
  message(4, "g1", "gemini", "I look.", {
    ...geminiTokens(100, 10, 4),
    ...{ model: "gemini-x", thoughts: [{ subject: "Looking", description: "for the rule", timestamp: at(3) }] },
    toolCalls: [
      {
        id: "t1",
        name: "run_shell_command",
        args: { command: "make" },
        status: "error",
        timestamp: at(6),
        result: response("no rule"),
      },
      {
        id: "t2",
        name: "docs__search",
        args: { q: "make" },
        status: "success",
        timestamp: at(7),
        result: response("manual"),
      },
    ],
  }),
  message(9, "g2", "gemini", "Done.", { ...geminiTokens(130, 5), model: "gemini-x" }),
];
const whole = (messages: readonly object[]) => JSON.stringify({ ...geminiHeading(), messages }, null, 2);
const time = (seconds: number) => Date.parse(at(seconds));

describe("a chat of Gemini CLI", () => {
  it("is a run of the first prompt, with calls, thoughts and tokens of each answer", async () => {
    const { reading, run } = await readChat(`${chats}/${name}.json`, whole(turn));
    expect([reading.problems, reading.runs[0]?.problems]).toEqual([[], []]);
    expect(run).toMatchObject({
      ...{ jobId: geminiSession, runId: geminiSession, expertKey: "gemini", query: "Fix the build", model: "gemini-x" },
      ...{ status: "finished", text: "Done.", startedAt: time(0), finishedAt: time(9) },
      usage: { inputTokens: 230, outputTokens: 19, totalTokens: 249, reasoningTokens: 4 },
      failures: [{ grade: "recovered", step: 1, reason: "run_shell_command: no rule" }],
    });
    const outline = run.steps.map(({ items }) => items.map((item) => ("tool" in item ? item.tool : item.kind)));
    expect(outline).toEqual([["generation", "run_shell_command", "search"], ["generation"]]);
    expect(run.steps[0]?.items[0]).toMatchObject({ reasoning: [{ text: "Looking\nfor the rule" }], durationMs: 3000 });
    expect(run.steps[0]?.items[2]).toMatchObject({ skill: "docs", durationMs: 3000 });
    expect(reading.groups).toEqual([{ id: "0123456789abcdef", label: "project 01234567", documents: [] }]);
  });

  it("is the same line by line: the last word on a message counts, and what was rewound is gone", async () => {
    const [asked, looked, done] = turn;
    const { run } = await readChat(
      `${chats}/${name}.jsonl`,
      jsonLines(
        geminiHeading(),
        asked,
        message(4, "g1", "gemini", "I look."),
        looked,
        message(5, "g0", "gemini", "Wrong."),
        { $rewindTo: "g0" },
        done,
        { $set: { lastUpdated: at(60) } },
      ),
    );
    const same = await readChat(`${chats}/${name}.json`, whole(turn));
    expect({ ...run, eventCount: 0 }).toEqual({ ...same.run, eventCount: 0 });
  });

  it("is known though its heading is damaged", async () => {
    const file = `${chats}/${name}.jsonl`;
    const root = await folderWith({ [file]: `{"sessionId":"${geminiSession}\n${jsonLines(...turn)}` });
    expect(await gemini.accepts(join(root, file))).toBe(true);
    const { runs } = await gemini.read(join(root, file));
    expect(runs.map(({ runId, problems }) => [runId, problems.map(({ line }) => line)])).toEqual([[name, [1]]]);
  });

  it("goes on with a further prompt; may be cancelled, or fail", async () => {
    const cancelled = [
      ...turn,
      message(20, "u2", "user", "And the tests"),
      message(22, "i1", "info", "Request cancelled."),
    ];
    const { run, reading } = await readChat(`${chats}/${name}.json`, whole(cancelled));
    expect(run).toMatchObject({ status: "stopped", stopReason: "cancelled" });
    expect(reading.runs[0] && eventsIn(reading.runs[0], "resumeRun").length).toBe(1);
    const failed = [
      message(1, "u1", "user", "Hi"),
      message(2, "e1", "error", "[API Error: got status: 429 Too Many Requests]"),
    ];
    const { run: lost } = await readChat(`${chats}/${name}.json`, whole(failed));
    expect(lost).toMatchObject({ status: "failed", error: { class: "provider_rate_limit" } });
  });

  it("that is cut keeps every message that is whole", async () => {
    const text = whole(turn);
    const cut = text.slice(0, text.indexOf('"Done."'));
    const { run, reading } = await readChat(`${chats}/${name}.json`, cut);
    expect(run).toMatchObject({ runId: geminiSession, query: "Fix the build", status: "running" });
    expect(run.steps.length).toBe(1);
    expect(reading.runs[0]?.problems).toMatchObject([{ reason: expect.stringMatching(/^The last record is torn/u) }]);
  });

  it("of a sub-agent belongs to the session in whose folder it lies", async () => {
    const text = jsonLines(
      { ...geminiHeading(), sessionId: "sub-1", kind: "subagent", directories: ["/home/dev/shop"] },
      ...turn,
    );
    const { run, reading } = await readChat(`${chats}/${geminiSession}/sub-1.jsonl`, text);
    expect(run).toMatchObject({ jobId: geminiSession, runId: "sub-1", parent: { runId: geminiSession } });
    expect(reading.groups).toMatchObject([{ id: "/home/dev/shop", label: "shop" }]);
  });

  it("is found in the folders of Gemini; a file that was written anew line by line is read once", async () => {
    const root = await folderWith({
      [`${chats}/${name}.json`]: whole(turn),
      [`${chats}/${name}.jsonl`]: jsonLines(geminiHeading(), ...turn),
      ".gemini/tmp/0123456789abcdef/logs.json": JSON.stringify([
        { sessionId: "x", messageId: 0, type: "user", message: "Hi" },
      ]),
      ".gemini/tmp/0123456789abcdef/.project_root": "/home/dev/shop\n",
      ".gemini/settings.json": "{}",
    });
    for (const folder of [root, join(root, ".gemini"), join(root, chats)]) {
      expect(await gemini.accepts(folder)).toBe(true);
      const { runs, groups } = await gemini.read(folder);
      expect(runs.map(({ dir }) => dir)).toEqual([join(root, chats, `${name}.jsonl`)]);
      expect(groups).toEqual([{ id: "/home/dev/shop", label: "shop", documents: [] }]);
    }
    expect(await gemini.accepts(join(root, ".gemini/tmp/0123456789abcdef/logs.json"))).toBe(false);
  });
});
