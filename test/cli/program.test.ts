/** The program as a user runs it: the built file in a process of its own, pipes, signals, and a model over HTTP. */
import { execFile, spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, realpath, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { RunEvent } from "../../src/model/events";
import { type ModelServer, type ModelTurn, startModelServer } from "../support/modelServer";
import { projectRoot } from "../support/projectPaths";

const program = join(projectRoot, "dist", "cli.js");
const run = promisify(execFile);

let cwd = "";
let server: ModelServer | undefined;

beforeAll(async () => {
  await run(process.execPath, [join(projectRoot, ".ci", "build.mjs")]);
});

beforeEach(async () => {
  cwd = await realpath(await mkdtemp(join(tmpdir(), "runtrail-program-")));
  await writeFile(join(cwd, "perstack.toml"), '# A comment\n[experts.demo]\ninstruction = "Do it."\n');
});

afterEach(async () => {
  await server?.close();
  server = undefined;
});

/** The environment of a shell in which only the scripted model can be reached. */
async function environmentFor(...turns: ModelTurn[]): Promise<NodeJS.ProcessEnv> {
  server = await startModelServer(turns);
  const { PATH, HOME, TMPDIR } = process.env;
  return { PATH, HOME, TMPDIR, ANTHROPIC_API_KEY: "test-key", ANTHROPIC_BASE_URL: server.baseUrlFor("anthropic") };
}

/** A pipeline as one types it, `runtrail` being the built program; `code` is that of its first command. */
async function shell(pipeline: string, env: NodeJS.ProcessEnv): Promise<{ code: number; out: string; err: string }> {
  const command = `runtrail() { "$RUNTRAIL_NODE" "$RUNTRAIL_PROGRAM" "$@"; }; ${pipeline}; exit \${PIPESTATUS[0]}`;
  const options = { cwd, env: { ...env, RUNTRAIL_NODE: process.execPath, RUNTRAIL_PROGRAM: program } };
  return await new Promise((resolve) => {
    execFile("bash", ["-c", command], { ...options, maxBuffer: 64_000_000 }, (error, out, err) => {
      resolve({ code: typeof error?.code === "number" ? error.code : 0, out, err });
    });
  });
}

function parseLines(text: string): RunEvent[] {
  const lines = text.split("\n");
  // Every line is whole, the last one too.
  expect(lines.pop()).toBe("");
  return lines.map((line) => JSON.parse(line) as RunEvent);
}

async function journal(): Promise<RunEvent[]> {
  const files = await readdir(cwd, { recursive: true });
  const found = files.filter((file) => file.endsWith("events.jsonl"));
  expect(found).toHaveLength(1);
  return parseLines(await readFile(join(cwd, found[0] ?? ""), "utf8"));
}

/** Compares with `jq` itself where the machine has it. */
async function expectJq(text: string, filter: string, expected: unknown[]): Promise<void> {
  const child = spawn("jq", ["-c", filter]);
  child.stdin.on("error", () => undefined);
  child.stdin.end(text);
  const chunks: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  const exists = await new Promise<boolean>((resolve) => {
    child.once("error", () => resolve(false));
    child.once("close", () => resolve(true));
  });
  if (exists) expect(parseLines(Buffer.concat(chunks).toString("utf8"))).toEqual(expected);
}

const readItself = { name: "readTextFile", args: { path: "perstack.toml" } };
const complete = { name: "attemptCompletion", args: {} };

describe("the program", () => {
  it("prints a run that scripts can read with jq, the very events of its journal", async () => {
    const env = await environmentFor(
      { text: "I look at it.", toolCalls: [readItself], usage: { inputTokens: 100, outputTokens: 20 } },
      { toolCalls: [complete] },
      { text: "Done: “ü\u2028”." },
    );
    const { code, out, err } = await shell('runtrail run demo "What is in it?"', env);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    const events = parseLines(out);
    expect(events).toEqual(await journal());

    const usages = events.flatMap((event) =>
      event.type === "finishGeneration" ? [{ step: event.step, usage: event.usage }] : [],
    );
    expect(usages[0]).toEqual({ step: 1, usage: expect.objectContaining({ totalTokens: 120 }) });
    await expectJq(out, 'select(.type == "finishGeneration") | {step, usage}', usages);
    const ends = events.filter((event) => event.type === "finishRun");
    expect(ends).toHaveLength(1);
    expect(ends[0]?.totalUsage?.totalTokens).toBeGreaterThan(120);
    await expectJq(out, 'select(.type == "finishRun")', ends);
    await expectJq(out, 'select(.type == "errorRun")', []);
  });

  it("says in errorRun why a run failed, and ends with 1", async () => {
    const env = await environmentFor({ status: 401 });
    const { code, out, err } = await shell("runtrail run demo q", env);
    expect(code).toBe(1);
    const errors = parseLines(out).filter((event) => event.type === "errorRun");
    expect(errors).toHaveLength(1);
    expect(errors[0]?.error).toMatchObject({ class: "provider_auth", statusCode: 401 });
    expect(err).toMatch(/^The run failed: .*\(provider_auth, 401\)\n$/u);
    await expectJq(out, 'select(.type == "errorRun")', errors);
  });

  it("shows a person the failing step and the line of the definition", async () => {
    const env = await environmentFor({ toolCalls: [readItself] }, { status: 401 });
    const { code, out } = await shell("runtrail start demo q", env);
    expect(code).toBe(1);
    expect(out).toMatch(/✗ Failed: .*\(provider_auth, 401\)/u);
    expect(out).toContain("Failing step: 2\n  Definition: perstack.toml:2\n");
  });

  it("cancels the run quietly when its reader leaves, and records that", async () => {
    // That it left shows at the next write.
    const env = await environmentFor({ text: Array.from({ length: 100_000 }, () => "more "), slow: 2 });
    const { code, out, err } = await shell("runtrail run demo q --stream | head -1", env);
    expect({ code, err }).toEqual({ code: 130, err: "" });
    expect(parseLines(out).map(({ type }) => type)).toEqual(["startRun"]);
    expect((await journal()).at(-1)).toMatchObject({ type: "stopRun", reason: "cancelled" });
  });

  it.each(["SIGINT", "SIGTERM"] as const)("is cancelled by %s in the middle of a generation", async (signal) => {
    const env = await environmentFor({ text: "slow ".repeat(100), slow: 600_000 });
    const child = spawn(process.execPath, [program, "run", "demo", "q"], { cwd, env });
    const out: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => {
      out.push(chunk);
      if (chunk.includes('"startGeneration"')) child.kill(signal);
    });
    const code = await new Promise((resolve) => child.once("close", resolve));
    expect(code).toBe(130);
    const events = parseLines(Buffer.concat(out).toString("utf8"));
    expect(events.at(-1)).toMatchObject({ type: "stopRun", reason: "cancelled" });
    expect(events).toEqual(await journal());
  });

  it("takes a query of a megabyte from standard input", async () => {
    const env = await environmentFor({ text: "Long." });
    const query = "ünïcode ".repeat(120_000);
    await writeFile(join(cwd, "query.txt"), `${query}\n`);
    const { code, out } = await shell("cat query.txt | runtrail run demo - ", env);
    expect(code).toBe(0);
    expect(parseLines(out)[0]).toMatchObject({ type: "startRun", query });
  });

  it("refuses to write where nobody can be asked, and writes with --approve all", async () => {
    const write = { name: "writeTextFile", args: { path: "new.txt", text: "hello" } };
    const turns: ModelTurn[] = [{ toolCalls: [write] }, { toolCalls: [complete] }, { text: "Done." }];
    // Without a controlling terminal there is nobody to ask.
    const detached = `setsid -w "$RUNTRAIL_NODE" "$RUNTRAIL_PROGRAM" run demo q`;
    const refused = await shell(detached, await environmentFor(...turns));
    expect(parseLines(refused.out)).toContainEqual(
      expect.objectContaining({
        type: "resolveApproval",
        granted: false,
        reason: expect.stringContaining("--approve all"),
      }),
    );
    await server?.close();
    expect(await readdir(cwd)).not.toContain("new.txt");
    await shell(`${detached} --approve all`, await environmentFor(...turns));
    expect(await readFile(join(cwd, "new.txt"), "utf8")).toBe("hello");
  });

  it("prints the log of what it ran", async () => {
    const env = await environmentFor({ toolCalls: [readItself] }, { status: 401 });
    await shell("runtrail run demo q", env);
    const listed = await shell("runtrail log", env);
    expect(listed.out).toMatch(/^STATUS .*\n✗ failed .* demo +q\n$/u);
    const { out } = await shell("runtrail log --errors | head -2", env);
    expect(out).toMatch(/^demo · failed\n/u);
  });
});
