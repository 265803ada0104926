/** `runtrail export`: runs of ours and of others, written as each system that is written. */
import { mkdir, mkdtemp, readdir, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { runCli } from "../../src/cli/runCli";
import { writtenFormatNames } from "../../src/formats/format";
import { formats } from "../../src/formats/index";
import { expertsToml, type JobBench, openJobBench } from "../support/jobs";
import { agentSpans, otlp, testTrace } from "../support/otlp";
import { createTestIo } from "./testIo";

let bench: JobBench | undefined;
afterEach(async () => {
  await bench?.close();
  bench = undefined;
});

async function run(cwd: string, ...args: string[]) {
  const io = createTestIo({ cwd });
  const code = await runCli(args, io);
  return { code, out: io.out(), err: io.err() };
}

async function summarize(cwd: string, path: string) {
  const { code, out } = await run(cwd, "log", path, "--summary", "--json");
  expect(code).toBe(0);
  return JSON.parse(out);
}

async function traceFolder(...traces: string[]): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), "runtrail-export-"));
  const lines = traces.map((trace) => `${JSON.stringify(otlp(agentSpans.map((span) => ({ ...span, trace }))))}\n`);
  await writeFile(join(root, "traces.jsonl"), lines.join(""));
  return root;
}

const other = "0af7651916cd43dd8448eb211c80319c";

it("offers the formats that write", () => {
  const writing = formats.flatMap(({ name, write }) => (write ? [name] : []));
  expect([...writtenFormatNames].filter((name) => formats.some((format) => format.name === name)).sort()).toEqual(
    writing.sort(),
  );
});

describe("a job of ours with a delegate", () => {
  it.each(["perstack", "otel"] as const)("is read back from what is written for %s as it was", async (format) => {
    bench = await openJobBench(expertsToml({ coordinator: 'delegates = ["helper"]', helper: "" }), {
      coordinator: [{ toolCalls: [{ name: "helper", args: { query: "Help" } }] }, { text: "All is done." }],
      helper: [{ text: "Helped." }],
    });
    const { jobId } = await bench.start();
    const before = await summarize(bench.root, ".");
    const written = await run(bench.root, "export", jobId, "--format", format, "--out", "out");
    expect(written).toMatchObject({ code: 0, err: "", out: expect.stringContaining("2 runs in ") });
    const after = await summarize(bench.root, "out");
    expect(after).toMatchObject({ source: format, problems: [] });
    const outline = ({ runs }: { runs: Record<string, unknown>[] }) =>
      runs
        .map(({ id, parentRunId, status, toolCalls, usage }) => ({ id, parentRunId, status, toolCalls, usage }))
        .sort((a, b) => (String(a.id) < String(b.id) ? -1 : 1));
    expect(outline(after)).toEqual(outline(before));
    for (const name of await readdir(join(bench.root, "out"), { recursive: true })) {
      const text = await readFile(join(bench.root, "out", name), "utf8").catch(() => "");
      expect(text).not.toContain("sk-test-0123456789");
    }
  });
});

describe("runs of another system", () => {
  it("are converted: what a trace tells is written for Perstack", async () => {
    const root = await traceFolder(testTrace);
    const converted = await run(root, "export", "traces.jsonl", "--format", "perstack", "--out", "out");
    expect(converted).toMatchObject({ code: 0, err: "", out: expect.stringContaining("1 run in ") });
    expect(await readdir(join(root, "out", "perstack", "jobs"))).toEqual([testTrace]);
    expect(await summarize(root, "out")).toMatchObject({
      source: "perstack",
      runs: [{ status: "finished", title: "Forecaster: Weather in Paris?", usage: { totalTokens: 160 } }],
    });
  });

  it("of several jobs get a folder each, and one of them is taken by its id", async () => {
    const root = await traceFolder(testTrace, other);
    expect(await run(root, "export", ".", "--format", "otel", "--out", "out")).toMatchObject({
      ...{ code: 0, out: expect.stringContaining("2 runs in 2 files") },
    });
    expect((await readdir(join(root, "out"))).sort()).toEqual([other, testTrace].sort());
    const one = await run(root, "export", ".", "--run", other, "--format", "otel", "--out", "one");
    expect(one).toMatchObject({ code: 0, out: expect.stringContaining("1 run in 1 file:") });
    expect(await readdir(join(root, "one"))).toEqual(["traces.jsonl"]);
  });

  it("whose files are damaged are written as far as they can be read, and it says what could not", async () => {
    const root = await traceFolder(testTrace);
    await writeFile(join(root, "traces.jsonl"), `${JSON.stringify(otlp(agentSpans))}\nnot JSON\n`);
    const converted = await run(root, "export", "traces.jsonl", "--format", "otel", "--out", "out");
    expect(converted).toMatchObject({ code: 1, err: expect.stringContaining("traces.jsonl:2: Not JSON.") });
    expect(converted.out).toContain("1 run in 1 file");
  });
});

it("writes nothing where something is, or where nothing is meant", async () => {
  const root = await traceFolder(testTrace);
  await mkdir(join(root, "full"));
  await writeFile(join(root, "full", "mine.txt"), "mine");
  const args = ["export", "traces.jsonl", "--format", "otel", "--out"];
  expect(await run(root, ...args, "full")).toMatchObject({ code: 2, err: expect.stringContaining("is not empty") });
  expect(await readdir(join(root, "full"))).toEqual(["mine.txt"]);
  expect(await run(root, ...args, "new", "--run", "nobody")).toMatchObject({ code: 2 });
  expect(await run(root, "export", "nobody", "--run", "x", "--format", "otel", "--out", "new")).toMatchObject({
    ...{ code: 2, err: expect.stringContaining("no file or folder") },
  });
  expect(await run(root, "export", "traces.jsonl", "--format", "codex", "--out", "new")).toMatchObject({ code: 2 });
  expect(await readdir(root)).not.toContain("new");
});

it("writes a run while it goes on for each system that --also-write names, and says which there are", async () => {
  bench = await openJobBench(expertsToml({ coordinator: "" }), { coordinator: [{ text: "All is done." }] });
  const env = { ANTHROPIC_API_KEY: "sk-test-0123456789", ANTHROPIC_BASE_URL: bench.server.baseUrlFor("anthropic") };
  const io = createTestIo({ cwd: bench.root, env });
  const also = ["--also-write", "otel", "--also-write=perstack"];
  expect(await runCli(["run", "coordinator", "Do it", ...also], io)).toBe(0);
  for (const format of ["otel", "perstack"]) {
    const summary = await summarize(bench.root, join("perstack", "exports", format));
    expect(summary).toMatchObject({ source: format, runs: [{ title: "coordinator: Do it", status: "finished" }] });
  }
  // What is written for others is not shown beside the runs themselves.
  expect((await summarize(bench.root, ".")).runs).toHaveLength(1);
  const wrong = await run(bench.root, "run", "coordinator", "Do it", "--also-write", "codex");
  expect(wrong).toMatchObject({ code: 2, err: expect.stringContaining("perstack, conductor, runner") });
});

it("says on standard error, without a stack, what keeps a system's files from being written", async () => {
  bench = await openJobBench(expertsToml({ coordinator: "" }), { coordinator: [{ text: "All is done." }] });
  await mkdir(join(bench.root, "perstack"));
  await writeFile(join(bench.root, "perstack", "exports"), "a file in the way");
  const env = { ANTHROPIC_API_KEY: "sk-test-0123456789", ANTHROPIC_BASE_URL: bench.server.baseUrlFor("anthropic") };
  const io = createTestIo({ cwd: bench.root, env });
  expect(await runCli(["run", "coordinator", "Do it", "--also-write", "otel"], io)).toBe(0);
  expect(io.err()).toContain("no longer written for OpenTelemetry");
  expect(io.err()).not.toContain("    at ");
});
