/** Runs of OpenExpertise: which execution a record is about, what is counted once, how runs end, and how they are linked. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import type { ForeignRun } from "../../src/formats/format";
import { classOfNodeFailure } from "../../src/formats/openexpertise/nodeFailure";
import { openexpertise } from "../../src/formats/openexpertise/openexpertise";
import type { NodeItem } from "../../src/model/run";
import { runOf } from "../../src/model/run";
import { checkLaws, eventsIn } from "./foreignRunLaws";
import { ExperienceLog, makeExperience } from "./openexpertiseLog";

async function readOne(log: ExperienceLog, definition?: string): Promise<ForeignRun> {
  const folder = await makeExperience([log], definition);
  const { runs } = await openexpertise.read(folder);
  const [run] = runs;
  if (!run || runs.length > 1) throw new Error(`${runs.length} runs`);
  checkLaws(runs);
  return run;
}

function itemsOf({ events }: ForeignRun): NodeItem[] {
  return (runOf(events)?.steps ?? []).flatMap(({ items }) => items.filter((item) => item.kind === "node"));
}

function rowsOf(run: ForeignRun): string[] {
  return itemsOf(run).map(({ node, iteration, state, isCached, isInferred, usage }) =>
    [
      `${node}${iteration === undefined ? "" : `#${iteration}`} ${state}`,
      ...(isCached ? ["cached"] : []),
      ...(isInferred ? ["inferred"] : []),
      ...(usage ? [usage.totalTokens] : []),
    ].join(" "),
  );
}

describe("executions of a node", () => {
  it("have no number where there is one, and are counted where there are several", async () => {
    const log = new ExperienceLog().start().begin("a", 1).finish("a", 2).begin("b", 3).finish("b", 4).begin("b", 5);
    expect(rowsOf(await readOne(log))).toEqual(["a finished", "b#1 finished", "b#2 running"]);
  });

  it("that are under way at once end in the order in which they began", async () => {
    const log = new ExperienceLog().start().begin("a", 1).begin("a", 2).begin("a", 3);
    log.finish("a", 10, [1, 0]).fail("a", 11, "boom").finish("a", 12, [3, 0]);
    expect(rowsOf(await readOne(log))).toEqual(["a#1 finished 1", "a#2 failed", "a#3 finished 3"]);
  });

  it("that never started but finished were taken from the cache, also between others", async () => {
    const log = new ExperienceLog().start().begin("a", 1).ready("a", 2).write("a", 2, "f").finish("a", 2, [9, 9]);
    const run = await readOne(log.finish("a", 8, [1, 1]).end(9, "success"));
    expect(rowsOf(run)).toEqual(["a#1 finished 2", "a#2 finished cached 18"]);
    expect(eventsIn(run, "writeState").map(({ iteration }) => iteration)).toEqual([2]);
    expect(runOf(run.events)?.usage?.totalTokens).toBe(2);
  });

  it("that are ready while others end still start", async () => {
    const log = new ExperienceLog().start().begin("a", 1).ready("a", 2).finish("a", 3).put("node.started", 4, {
      node_id: "a",
    });
    expect(rowsOf(await readOne(log.finish("a", 5)))).toEqual(["a#1 finished", "a#2 finished"]);
  });

  it("keep the number of their step, whatever happens between", async () => {
    const log = new ExperienceLog().start().begin("a", 1).begin("b", 2).finish("a", 3).begin("a", 4).finish("a", 5);
    const run = await readOne(log);
    expect(eventsIn(run, "finishNode").map(({ step }) => step)).toEqual([1, 1]);
    expect(eventsIn(run, "startNode").map(({ node, step }) => `${node} ${step}`)).toEqual(["a 1", "b 2", "a 1"]);
  });

  it("of tens of thousands of items are told apart in no time", async () => {
    const log = new ExperienceLog().start();
    for (let item = 0; item < 20_000; item += 1) log.ready("a", item);
    for (let item = 0; item < 20_000; item += 1) log.finish("a", 20_000 + item, [1, 1]);
    const run = await readOne(log);
    expect(eventsIn(run, "finishNode").length).toBe(20_000);
  });
});

describe("tokens", () => {
  it("of a call and of the node that made it are the same ones", async () => {
    const log = new ExperienceLog().start().begin("a", 1).tokens("a", 2, [10, 1]).finish("a", 2, [10, 1]);
    expect(runOf((await readOne(log.end(3, "success"))).events)?.usage?.totalTokens).toBe(11);
  });

  it("of an attempt that the node's end does not tell of count as well", async () => {
    const log = new ExperienceLog().start().begin("a", 1).tokens("a", 2, [10, 1]).tokens("a", 3, [20, 2]);
    const run = await readOne(log.finish("a", 3, [20, 2]).end(4, "success"));
    expect(runOf(run.events)?.usage?.totalTokens).toBe(33);
    expect(eventsIn(run, "finishRun").map(({ totalUsage }) => totalUsage?.totalTokens)).toEqual([33]);
  });

  it("that are the sum of several calls are counted once", async () => {
    const log = new ExperienceLog().start().begin("a", 1).tokens("a", 2, [10, 1]).tokens("a", 3, [20, 2]);
    expect(runOf((await readOne(log.finish("a", 3, [30, 3]))).events)?.usage?.totalTokens).toBe(33);
  });

  it("of a node that failed, or has not ended, were spent", async () => {
    const log = new ExperienceLog().start().begin("a", 1).tokens("a", 2, [10, 1]).fail("a", 3, "boom");
    const run = await readOne(log.begin("b", 4).tokens("b", 5, [5, 0]));
    expect(runOf(run.events)?.usage?.totalTokens).toBe(16);
  });

  it("that nobody told are unknown, and absurd ones as well", async () => {
    const log = new ExperienceLog().start().begin("a", 1).finish("a", 2).begin("b", 3);
    log.put("node.finished", 4, { node_id: "b", metrics: { tokens_in: -1, tokens_out: 2.5, cost_usd: -3 } });
    log.raw('{"type":"node.tokens","run_id":"r-1","node_id":"b","input_tokens":1e400,"output_tokens":1}');
    const run = await readOne(log.end(5, "success"));
    expect(runOf(run.events)?.usage).toBeUndefined();
    expect(eventsIn(run, "finishRun").map(({ totalUsage, cost }) => [totalUsage, cost])).toEqual([
      [undefined, undefined],
    ]);
  });

  it("come with their price where it is told", async () => {
    const log = new ExperienceLog().start().begin("a", 1);
    log.put("node.finished", 2, { node_id: "a", metrics: { tokens_in: 1, tokens_out: 1, cost_usd: 0.25 } });
    expect(runOf((await readOne(log.end(3, "success"))).events)?.cost).toBe(0.25);
  });
});

const strict = `name: strict
version: 2.0.0
phases: [{ id: one }]
graph:
  nodes:
    - { id: a, kind: tool, phase: one, impl: ./a.mjs, on_error: { policy: fail_run } }
    - { id: b, kind: tool, impl: ./b.mjs, for_each: { source: $.items } }
    - { id: c, kind: agent, prompt: ./c.md, model: m }
  edges: [{ from: a, to: c, when: "$.x > 1" }]
`;

describe("the experience", () => {
  it("gives a run its name, version, definition and graph", async () => {
    const run = await readOne(new ExperienceLog().start({ x: 1 }), strict);
    const [start, graph] = run.events;
    const uri = pathToFileURL(join(run.dir, "..", "..", "..", "experience.yaml")).href;
    expect(start).toMatchObject({ expertKey: "strict", query: '{"x":1}', expertVersion: "2.0.0", definition: { uri } });
    expect(graph).toMatchObject({
      ...{ type: "foreignEvent", source: "openexpertise", name: "graph" },
      data: {
        nodes: [
          { id: "a", kind: "tool", phase: "one", line: 6, onError: "fail_run" },
          { id: "b", kind: "tool", line: 7, isForEach: true },
          { id: "c", kind: "agent", line: 8 },
        ],
        edges: [{ from: "a", to: "c", when: "$.x > 1" }],
        phases: [{ id: "one" }],
      },
    });
    expect(run.documents?.map(({ label }) => label)).toEqual(["experience.yaml"]);
  });

  it("tells which nodes never ran, once the run has ended", async () => {
    const open = new ExperienceLog().start().begin("a", 1).finish("a", 2);
    expect(rowsOf(await readOne(open, strict))).toEqual(["a finished"]);
    const run = await readOne(open.end(3, "success"), strict);
    expect(rowsOf(run)).toEqual(["a finished", "b skipped inferred", "c skipped inferred"]);
    expect(itemsOf(run).map(({ reason, phase }) => [reason, phase])).toEqual([
      [undefined, "one"],
      ["no items, or never reached", undefined],
      ["never reached", undefined],
    ]);
  });

  it("that is no YAML is a problem with its line, and the run is read", async () => {
    const folder = await makeExperience([new ExperienceLog().start()], "name: x\ngraph: [unclosed\n");
    const { runs, problems } = await openexpertise.read(folder);
    expect(problems.map(({ line, reason }) => [line, reason.startsWith("Not YAML: ")])).toEqual([[3, true]]);
    expect(runs.map(({ events }) => events[0]?.expertKey)).toEqual(["x"]);
  });

  it.each([
    ["a list", "- a\n- b\n"],
    ["a bomb of aliases", `a: &a [x,x,x,x]\nb: &b [*a,*a,*a,*a]\n${bomb()}`],
    ["deep nesting", `graph: ${"[".repeat(5000)}`],
    ["other types", "name: [1]\nversion: {}\ngraph: { nodes: 7, edges: [null, 3, { from: 1 }] }\nphases: x\n"],
  ])("may be %s", async (_, definition) => {
    const run = await readOne(new ExperienceLog().start().begin("a", 1), definition);
    expect([run.events[0]?.expertKey, rowsOf(run)]).toEqual(["sample", ["a running"]]);
  });
});

function bomb(): string {
  const names = "abcdefghijklmnop";
  const lines = [...names].slice(2).map((name, index) => {
    const before = names[index + 1];
    return `${name}: &${name} [${Array.from({ length: 9 }, () => `*${before}`).join(",")}]\n`;
  });
  return lines.join("");
}

describe("the end of a run", () => {
  it("is the failure of a node whose policy says so: its siblings did not finish", async () => {
    const log = new ExperienceLog().start().begin("c", 1).begin("a", 1).ready("b", 1).fail("a", 5, "boom");
    const run = await readOne(log, strict);
    expect(rowsOf(run)).toEqual(["c failed", "a failed", "b skipped inferred"]);
    expect(run.events.at(-1)).toMatchObject({
      ...{ type: "errorRun", step: 2, error: { class: "tool_error", message: "a: boom" } },
      location: { line: 6 },
    });
  });

  it("is open where the log does not tell it", async () => {
    const log = new ExperienceLog().start().begin("a", 1).begin("c", 1).fail("a", 5, "boom");
    expect(runOf((await readOne(log)).events)?.status).toBe("running");
  });

  it("is the last that is told", async () => {
    const log = new ExperienceLog().start().begin("a", 1).finish("a", 2).end(3, "failed").begin("a", 4).finish("a", 5);
    const run = await readOne(log.end(6, "success"));
    expect(run.events.at(-1)).toMatchObject({ type: "finishRun", text: "success" });
    expect(eventsIn(run, "foreignEvent").map(({ name }) => name)).toEqual(["run.finished"]);
  });

  it("does not move for what is told later", async () => {
    const log = new ExperienceLog().start().begin("a", 1).end(3, "success").finish("a", 90);
    const run = await readOne(log);
    expect(runOf(run.events)).toMatchObject({ startedAt: Date.parse("2026-11-22T08:00:00Z"), status: "finished" });
    expect(run.events.at(-1)?.timestamp).toBe(Date.parse("2026-11-22T08:00:00.003Z"));
  });

  it("with another word is kept as it stands, and is none", async () => {
    const run = await readOne(new ExperienceLog().start().end(3, "exploded"));
    expect(runOf(run.events)?.status).toBe("running");
    expect(run.problems.map(({ line, reason }) => [line, reason])).toEqual([
      [2, "run.finished: its status is none that is known."],
    ]);
  });
});

describe("damaged logs", () => {
  it("keep what is known of a record that is not what its type says", async () => {
    const log = new ExperienceLog().start().begin("a", 1).raw('{"type":"node.failed","run_id":"r-1","error":"x"}');
    log.raw('{"type":"node.completed","run_id":"r-1","node_id":"a","durationMs":3}').raw('{"run_id":"r-1","x":1}');
    const run = await readOne(log);
    expect(eventsIn(run, "foreignEvent").map(({ name, step }) => [name, step])).toEqual([
      ["node.failed", 0],
      ["node.completed", 1],
      ["record without a type", 0],
    ]);
    expect(run.problems.map(({ line, reason }) => [line, reason])).toEqual([
      [4, "node.failed: no node_id."],
      [6, "A record without a type."],
    ]);
  });

  it("without their beginning are runs whose arguments are lost", async () => {
    const run = await readOne(new ExperienceLog().begin("a", 5).finish("a", 6));
    expect(run.events[0]).toMatchObject({ type: "startRun", query: "" });
    expect(run.problems.map(({ reason }) => reason)).toEqual([
      "The run has no run.started: what it was called with is lost.",
    ]);
  });

  it("with arguments nested too deeply lose that record alone", async () => {
    const deep = `${'{"a":'.repeat(20_000)}1${"}".repeat(20_000)}`;
    const log = new ExperienceLog().raw(`{"type":"run.started","run_id":"r-1","args":${deep}}`).begin("a", 1);
    const run = await readOne(log);
    expect(rowsOf(run)).toEqual(["a running"]);
    expect(run.problems.length).toBe(2);
  });

  it("with several runs are several runs", async () => {
    const log = new ExperienceLog("one").start().begin("a", 1);
    const folder = await makeExperience([log.raw(new ExperienceLog("two").start({}, 5).text().trim())]);
    const { runs } = await openexpertise.read(folder);
    const file = join(folder, ".openexpertise", "runs", "one.jsonl");
    expect(runs.map(({ dir, runId }) => [dir, runId])).toEqual([
      [`${file}#one`, "one"],
      [`${file}#two`, "two"],
    ]);
  });

  it("of other systems that name a run hold none", async () => {
    const folder = await makeExperience([]);
    const file = join(folder, "events.jsonl");
    await writeFile(file, '{"event_id":"e","event_type":"run.started","run_id":"r"}\n');
    expect(await openexpertise.accepts(file)).toBe(false);
    expect((await openexpertise.read(file)).runs).toEqual([]);
  });
});

describe("nested runs", () => {
  it("belong to the job of the first one that called", async () => {
    const logs = [
      new ExperienceLog("root").start(),
      new ExperienceLog("child").start({ _parent_run_id: "root" }, 1),
      new ExperienceLog("grandchild").start({ _parent_run_id: "child", x: 1 }, 2),
      new ExperienceLog("stray").start({ _parent_run_id: "elsewhere" }, 3),
      new ExperienceLog("ring").start({ _parent_run_id: "ring" }, 4),
    ];
    const { runs } = await openexpertise.read(await makeExperience(logs));
    expect(runs.map(({ jobId }) => jobId)).toEqual(["root", "root", "root", "elsewhere", "ring"]);
    expect(runs.map(({ events: [start] }) => start?.type === "startRun" && [start.query, start.parent?.runId])).toEqual(
      [
        ["", undefined],
        ["", "root"],
        ['{"x":1}', "child"],
        ["", "elsewhere"],
        ["", "ring"],
      ],
    );
  });
});

it("finds each log on its own, in the experiences below a workspace and in those installed there", async () => {
  const folder = await makeExperience([new ExperienceLog("b").start(), new ExperienceLog("a").start()]);
  const installed = join(folder, ".openexpertise", "experiences", "other", ".openexpertise", "runs");
  await mkdir(installed, { recursive: true });
  await writeFile(join(installed, "c.jsonl"), new ExperienceLog("c").start().text());
  await mkdir(join(folder, "node_modules", ".openexpertise", "runs"), { recursive: true });
  await writeFile(join(folder, "node_modules", ".openexpertise", "runs", "d.jsonl"), "");
  const runs = join(folder, ".openexpertise", "runs");
  expect(await openexpertise.find(join(folder, ".."))).toEqual([
    join(installed, "c.jsonl"),
    join(runs, "a.jsonl"),
    join(runs, "b.jsonl"),
  ]);
});

it.each([
  ['cli-agent "x" timed out after 5ms (provider=codex)', "timeout"],
  ['cli-agent "x" (provider=codex) exited with exit code 1. stderr: request timed out', "tool_error"],
  ['Agent "x" structured output failed schema: /a is required', "tool_error"],
  ['Agent "x" expected a structured_output tool call but got none', "tool_error"],
  ["ENOENT: no such file or directory, open 'a'", "tool_error"],
  ["connect ECONNREFUSED 127.0.0.1:1", "transient_io"],
  ["429 too many requests", "provider_rate_limit"],
  ["529 overloaded_error", "provider_unavailable"],
  ["401 authentication_error: invalid x-api-key", "provider_auth"],
])("takes “%s” for %s", (error, expected) => {
  expect(classOfNodeFailure(error)).toBe(expected);
});
