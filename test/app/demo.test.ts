/** The demo of `examples/`: its recordings play to the end they promise, again and again, wherever the folder lies. */
import { cp, mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { App } from "../../src/app/app";
import { createApp } from "../../src/app/createApp";
import type { AnyEvent } from "../../src/model/events";
import { failingStepOf } from "../../src/model/failures";
import type { Run } from "../../src/model/run";

const demo = resolve(import.meta.dirname, "../../examples/demo");

let folder: string;
let app: App;
let bugs: unknown[];
beforeEach(async () => {
  folder = join(await realpath(await mkdtemp(join(tmpdir(), "runtrail-demo-"))), "a folder, später");
  await cp(demo, folder, { recursive: true });
  bugs = [];
  app = createApp({
    env: {},
    readSecrets: async () => ({}),
    askApproval: async () => ({ granted: false, by: "test", remember: true }),
    reportError: (error) => bugs.push(error),
  });
  app.setFolders([folder]);
});
afterEach(async () => {
  await app.shutdown();
  app.dispose();
  await rm(resolve(folder, ".."), { recursive: true });
});

async function play(expertKey: string, query?: string): Promise<Run> {
  const definitionPath = join(folder, "perstack.toml");
  const words = query ?? (await app.suggestQuery(definitionPath, expertKey)) ?? "";
  const run = await app.start({ definitionPath, expertKey, query: words, approval: "all" });
  await run.done;
  expect(bugs).toEqual([]);
  return (await app.runs.load(run.dir)).run;
}

const read = (path: string) => readFile(join(folder, path), "utf8");
const toolsOf = (run: Run) =>
  run.steps.flatMap(({ items }) => items.flatMap((item) => (item.kind === "toolCall" ? [item] : [])));

describe("the demo", () => {
  it("defines experts without a problem", async () => {
    const documents = await app.readDefinitions();
    expect(documents.flatMap(({ problems }) => problems)).toEqual([]);
    expect(documents.flatMap(({ experts }) => experts.map(({ key }) => key))).toEqual([
      "fix-the-sum",
      "fails-on-purpose",
      "look-over-the-shop",
      "read-the-prices",
      "read-the-tests",
      "review-the-sum",
    ]);
  });

  it("has delegates at work side by side, whose answers the coordinator sums up", async () => {
    const run = await play("look-over-the-shop");
    expect(run).toMatchObject({ status: "finished", failures: [] });
    expect(run.text).toContain("the data can be trusted");
    const runs = app.runs.list().filter(({ parentRunId }) => parentRunId === run.runId);
    expect(runs.map(({ expertKey, status }) => [expertKey, status]).sort()).toEqual([
      ["read-the-prices", "finished"],
      ["read-the-tests", "finished"],
    ]);
  });

  it("mends the sum, and again after that", async () => {
    for (const round of [1, 2]) {
      const run = await play("fix-the-sum", (await read("query.txt")).trim());
      expect([round, run.status, run.error]).toEqual([round, "finished", undefined]);
      const tests = toolsOf(run).filter(
        ({ tool, args }) => tool === "exec" && JSON.stringify(args).includes("sum.test"),
      );
      expect(tests.map(({ isError }) => isError)).toEqual([true, false]);
      expect(run.failures.map(({ grade }) => grade)).toEqual(["recovered"]);
      expect(run.steps.length).toBeGreaterThanOrEqual(7);
      expect(await read("src/sum.mjs")).toContain("let index = 0;");
    }
  });

  it("offers the recorded query", async () => {
    const suggested = await app.suggestQuery(join(folder, "perstack.toml"), "fix-the-sum");
    expect(suggested).toBe((await read("query.txt")).trim());
  });

  it("fails on purpose, after an error it gets past, and says what differs from the recording", async () => {
    const run = await play("fails-on-purpose");
    expect(run.status).toBe("failed");
    expect(run.failures.map(({ grade, class: kind }) => `${grade} ${kind}`)).toEqual([
      "recovered tool_error",
      "fatal replay_diverged",
    ]);
    expect(failingStepOf(run)?.step).toBe(5);
    expect(run.error?.message).toMatch(/recorded: .*0\.4.*\nnow: .*0\.5/u);
    expect(toolsOf(run).at(-1)?.touched).toEqual([{ path: "data/prices.json", change: "read" }]);
  });

  it("succeeds once the price is what it was", async () => {
    const prices = join(folder, "data/prices.json");
    await writeFile(prices, (await read("data/prices.json")).replace("0.5", "0.4"));
    for (const round of [1, 2]) expect([round, (await play("fails-on-purpose")).status]).toEqual([round, "finished"]);
    expect(await read("total.txt")).toBe("15.6\n");
  });

  it("tells every event of a run", async () => {
    const types: AnyEvent["type"][] = [];
    app.onEvents((events) => types.push(...events.map(({ type }) => type)));
    await play("fix-the-sum");
    expect([types[0], types.at(-1)]).toEqual(["startRun", "finishRun"]);
    expect(types.filter((type) => type === "finishToolCall")).toHaveLength(10);
  });
});
