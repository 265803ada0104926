/** Canaries: secrets sent down every path through a run, and looked for in all that was written, heard, said and sent. */
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import type { AppHost, StartRequest } from "../../src/app/app";
import { runCli } from "../../src/cli/runCli";
import type { AnyEvent } from "../../src/model/events";
import { createTestIo } from "../cli/testIo";
import { createTestApp, makeWorkspace, runSolo } from "../support/experts";
import { type ModelScript, type ModelServer, startModelServer } from "../support/modelServer";
import { projectRoot } from "../support/projectPaths";

/** With characters that every encoding has to escape. */
const key = 'sk-canary-"k3y"/+&=<0123>';
const canaries: Readonly<Record<string, string>> = {
  ANTHROPIC_API_KEY: key,
  GITHUB_TOKEN: "ghp_canary0fTheProcess",
  DB_PASSWORD: "canary-pa$$word-of-the-file",
  DATABASE_URL: "canary-pw-in-url",
  SEARCH_ENGINE_ID: "canary-required-by-a-skill",
  "provider.setting.headers.X-Proxy-Auth": "canary-in-a-header",
};
const envFile = [
  `DB_PASSWORD='${canaries.DB_PASSWORD}'`,
  `DATABASE_URL=postgres://me:${canaries.DATABASE_URL}@host/db`,
  `SEARCH_ENGINE_ID=${canaries.SEARCH_ENGINE_ID}`,
  "COLOUR=blue-and-green",
].join("\n");
const all = Object.values(canaries).join(" ");

let server: ModelServer | undefined;
afterEach(async () => {
  await server?.close();
});

interface Played {
  root: string;
  dir: string;
  run: Awaited<ReturnType<typeof runSolo>>;
  heard: readonly AnyEvent[];
  /** The bodies of what the model was sent. */
  prompts: string[];
  asked: unknown[];
}

const mcpServer = join(projectRoot, "test", "support", "mcpServer.mjs");

/** `solo`, and an expert that is not run, but whose skill requires a secret that `solo` can read too. */
const definition = (ofSolo = "", more = "") => `
[provider]
providerName = "anthropic"
[provider.setting.headers]
"X-Proxy-Auth" = "${canaries["provider.setting.headers.X-Proxy-Auth"]}"
[experts.searches]
instruction = "Search."
[experts.searches.skills.search]
type = "mcpStdioSkill"
command = '${process.execPath}'
args = ['${mcpServer}', '--say=${canaries.DB_PASSWORD}']
requiredEnv = ["SEARCH_ENGINE_ID"]
[experts.solo]
description = "Alone"
instruction = "Do it with ${canaries.DB_PASSWORD}."
${ofSolo}
${more}
`;

function hostFor(models: ModelServer) {
  return {
    env: { ANTHROPIC_BASE_URL: models.baseUrlFor("anthropic"), GITHUB_TOKEN: canaries.GITHUB_TOKEN },
    readSecrets: async () => ({ ANTHROPIC_API_KEY: key }),
  };
}

/** Plays a run that comes upon canaries; whatever happens in it, none may be left anywhere. */
async function play(
  script: ModelScript,
  {
    toml = definition(),
    host = {},
    ...request
  }: Partial<StartRequest> & { toml?: string; host?: Partial<AppHost> } = {},
): Promise<Played> {
  server = await startModelServer(script);
  const root = await makeWorkspace({ "perstack.toml": toml, ".env": envFile, "big.txt": `${all}\n`.repeat(1000) });
  const asked: unknown[] = [];
  const run = await runSolo(
    root,
    { maxRetries: 0, ...request },
    {
      env: { ANTHROPIC_BASE_URL: server.baseUrlFor("anthropic"), GITHUB_TOKEN: canaries.GITHUB_TOKEN },
      readSecrets: async () => ({ ANTHROPIC_API_KEY: key }),
      askApproval: async ({ signal: _, ...question }) => {
        asked.push(question);
        return { granted: true, by: "test", reason: `because of ${all}`, remember: false };
      },
      ...host,
    },
  );
  const prompts = server.requests.map(({ body }) => JSON.stringify(body));
  const played = { root, dir: run.dir, run, heard: run.heard, prompts, asked };
  await expectNoCanary(played);
  return played;
}

async function expectNoCanary({ root, run, prompts, asked }: Played): Promise<void> {
  const files = await filesBelow(join(root, "perstack"));
  expect(files.map(({ name }) => name.replace(/^.*[\\/]/u, ""))).toEqual(
    expect.arrayContaining(["run-info.yaml", "run-setting.json", "job.json", "events.jsonl"]),
  );
  for (const { name, content } of files) expectClean(name, content);
  expectClean("what was heard", JSON.stringify(run.heard));
  expectClean("the outcome", JSON.stringify(run.outcome));
  for (const { error, context } of run.errors) {
    expectClean("a reported error", `${context} ${error instanceof Error ? error.stack : String(error)}`);
  }
  expectClean("a question", JSON.stringify(asked));
  for (const prompt of prompts) expectClean("a prompt", prompt);
  for (const args of [[], ["--json"], ["--summary"]]) {
    const io = createTestIo({ cwd: root });
    await runCli(["log", "--run", run.events[0]?.runId ?? "", ...args], io);
    expect(io.out()).not.toBe("");
    expectClean("the log", io.out() + io.err());
  }
}

async function filesBelow(folder: string): Promise<{ name: string; content: string }[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const names = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return await Promise.all(names.map(async (name) => ({ name, content: await readFile(name, "utf8") })));
}

function expectClean(where: string, text: string): void {
  for (const [name, canary] of Object.entries(canaries)) {
    const json = JSON.stringify(canary).slice(1, -1);
    const forms = {
      raw: canary,
      json,
      "json in json": JSON.stringify(json).slice(1, -1),
      uri: encodeURIComponent(canary),
      base64: Buffer.from(canary).toString("base64").replace(/=+$/u, ""),
      base64url: Buffer.from(canary).toString("base64url"),
    };
    const found = Object.entries(forms).find(([, form]) => text.includes(form));
    expect(found, `${name} in ${where}`).toBeUndefined();
  }
}

const done = { text: "Done." };

function callTo(name: string, args: unknown): ModelScript {
  return [{ toolCalls: [{ name, args }] }, { text: "Well." }, done];
}

function execArgs(command: string, ...args: string[]) {
  return { command, args, env: {}, cwd: ".", stdout: true, stderr: true };
}

/** What the model was told the tool had said. */
function toolResult({ run }: Played): string {
  return JSON.stringify(run.events.filter(({ type }) => type === "finishToolCall"));
}

describe("no secret is told", () => {
  it.each([
    ["as it is", key],
    ["in JSON", JSON.stringify({ key })],
    ["in a URL", `https://example.com/?key=${encodeURIComponent(key)}`],
    ["in base64", Buffer.from(`user:${key}`).toString("base64")],
  ])("by a provider whose error echoes the key %s", async (_how, echoed) => {
    const { run } = await play([{ status: 400, body: { error: { message: `Bad request with ${echoed} in it` } } }]);
    expect(run.outcome).toMatchObject({ status: "failed", error: { class: "provider_bad_request" } });
    expect(run.outcome.error?.message).toContain("Bad request with");
    expect(JSON.stringify(run.outcome.error)).toContain("[redacted");
  });

  it("by a provider whose long error is cut in the middle of the key", async () => {
    for (let before = 440; before <= 505; before += 13) {
      const body = { error: { message: `${"x".repeat(before)}${canaries.DB_PASSWORD}${key}` } };
      const { run } = await play([{ status: 400, body }]);
      expect(JSON.stringify(run.outcome.error)).not.toMatch(/sk-canary|canary-pa/u);
      await server?.close();
    }
  });

  it("by a model that says it, thinks it and gives it to tools", async () => {
    const { run, prompts } = await play(
      [
        {
          text: `The keys are ${all}`,
          reasoning: `I must not say ${all}, or so`,
          toolCalls: [
            { name: "think", args: { [key]: all } },
            { name: "readTextFile", args: { path: `./${key}` } },
          ],
        },
        { toolCalls: [{ name: "exec", args: "no", rawArgs: `{"command": "${key}` }] },
        done,
      ],
      { provider: "anthropic", reasoningBudget: "low" },
    );
    expect(run.outcome).toMatchObject({ status: "finished", text: "Done." });
    const [answer] = run.events.filter((event) => event.type === "finishGeneration");
    expect(answer?.text).toContain("[redacted ANTHROPIC_API_KEY] [redacted GITHUB_TOKEN] [redacted DB_PASSWORD]");
    expect(answer?.reasoning?.[0]?.text).toContain("[redacted SEARCH_ENGINE_ID]");
    expect(prompts[1]).toContain("[redacted ANTHROPIC_API_KEY]");
  });

  it("in the last word that a completed run is asked for", async () => {
    const { run } = await play([{ toolCalls: [{ name: "attemptCompletion", args: {} }] }, { text: `It was ${key}` }]);
    expect(run.outcome).toMatchObject({ status: "finished", text: "It was [redacted ANTHROPIC_API_KEY]" });
  });

  it("by live text that is cut in the middle of it, which still equals what is recorded", async () => {
    const pieces = ["The key is sk-can", 'ary-"k3', 'y"/+&=<0123', "> or sk-canary-", "not at all"];
    const { run, heard } = await play([{ text: pieces, reasoning: `Half ${key} and half` }], {
      reasoningBudget: "low",
    });
    const deltas = (type: string) =>
      heard.flatMap((event) => ("delta" in event && event.type === type ? [event.delta] : []));
    expect(deltas("streamText").join("")).toBe("The key is [redacted ANTHROPIC_API_KEY] or sk-canary-not at all");
    expect(deltas("streamText").join("")).toBe(run.outcome.text);
    expect(deltas("streamReasoning").join("")).toBe("Half [redacted ANTHROPIC_API_KEY] and half");
    expect(deltas("streamText").length).toBeGreaterThan(2);
  });

  it("by a command that prints its environment and the env file, live or in the end", async () => {
    const args = {
      ...execArgs(
        "sh",
        "-c",
        'env; cat .env; printf sk-can; sleep 0.05; printf %s "$1"',
        "x",
        key.replace("sk-can", ""),
      ),
      env: { K: key },
    };
    const played = await play(callTo("exec", args));
    expect(toolResult(played)).toMatch(/K=\[redacted ANTHROPIC_API_KEY\].*DB_PASSWORD='\[redacted DB_PASSWORD\]'/u);
    expect(toolResult(played)).toContain("postgres://me:[redacted DATABASE_URL]@host/db");
    expect(toolResult(played)).toContain("COLOUR=blue-and-green");
    const progress = played.heard.flatMap((event) => (event.type === "progressTool" ? [event.text] : [])).join("");
    expect(progress).toMatch(/COLOUR=blue-and-green\[redacted ANTHROPIC_API_KEY\]$/u);
  });

  it("by a command that fails with it, and in the question whether it may run", async () => {
    const args = execArgs("sh", "-c", `cat .env >&2; echo '${key}' | base64; exit 3`);
    const played = await play(callTo("exec", args), { approval: "ask" });
    expect(JSON.stringify(played.asked)).toContain("[redacted ANTHROPIC_API_KEY]");
    expect(toolResult(played)).toContain("exit code 3");
  });

  it("by a tool that reads it from a file", async () => {
    const played = await play(callTo("readTextFile", { path: ".env" }));
    expect(toolResult(played)).toContain("[redacted DB_PASSWORD]");
    expect(toolResult(played)).toContain("blue-and-green");
  });

  it("by a large result that is stored in a file of its own", async () => {
    const played = await play(callTo("readTextFile", { path: "big.txt" }));
    const spilled = (await filesBelow(join(played.dir, "spill"))).map(({ content }) => content).join("");
    expect(spilled.match(/\[redacted ANTHROPIC_API_KEY\]/gu)).toHaveLength(1000);
  });

  it("by an error that nobody expected, told to the expert and to the log", async () => {
    const broken = {
      get granted(): boolean {
        throw new Error(`No window for ${all}`);
      },
    };
    const { run } = await play([{ toolCalls: [{ name: "exec", args: execArgs("true") }] }, done], {
      approval: "ask",
      host: { askApproval: async () => Object.assign(broken, { by: "test", remember: false }) },
    });
    expect(JSON.stringify(run.events)).toContain("No window for [redacted ANTHROPIC_API_KEY]");
    expect(String(run.errors[0]?.error)).toContain("No window for [redacted ANTHROPIC_API_KEY]");
  });

  it("by the query, the instruction and the words for a tool", async () => {
    const skill = `
[experts.solo.skills.ask]
type = "interactiveSkill"
[experts.solo.skills.ask.tools.confirm]
description = "Sends ${canaries.GITHUB_TOKEN}"
inputJsonSchema = '{"type": "object", "properties": {"x": {"description": "as ${canaries.GITHUB_TOKEN}"}}}'
`;
    const toml = definition(skill);
    const { run, prompts } = await play([done], { toml, query: `Use ${all} ${"x".repeat(300)} ${all}` });
    expect(run.outcome.status).toBe("finished");
    expect(prompts[0]).toContain("Do it with [redacted DB_PASSWORD].");
    expect(prompts[0]).toContain("Use [redacted ANTHROPIC_API_KEY]");
    expect(prompts[0]).toContain("Sends [redacted GITHUB_TOKEN]");
  });

  it("by a query that is cut in the middle of it for the run’s record", async () => {
    for (let before = 475; before <= 500; before += 3) {
      const { dir } = await play([done], { query: `${"x".repeat(before)}${key}` });
      expect(await readFile(join(dir, "run-info.yaml"), "utf8")).not.toContain("sk-ca");
      await server?.close();
    }
  });

  it("by what is shown of a run that waits for its turn", async () => {
    server = await startModelServer([{ toolCalls: [{ name: "exec", args: execArgs("true") }] }]);
    const root = await makeWorkspace({ "perstack.toml": definition(), ".env": envFile });
    const asked = Promise.withResolvers<void>();
    const { app, heard } = createTestApp({
      ...hostFor(server),
      maxConcurrentRuns: () => 1,
      askApproval: async ({ signal }) => {
        asked.resolve();
        return await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
      },
    });
    const request = { definitionPath: join(root, "perstack.toml"), expertKey: "solo", query: `Use ${all}` };
    await app.start({ ...request, approval: "ask" });
    await asked.promise;
    const waiting = await app.start({ ...request, approval: "ask" });
    expect(app.runs.get(waiting.dir)).toMatchObject({
      isQueued: true,
      query: expect.stringMatching(/^Use \[redacted/u),
    });
    expectClean("the list of runs", JSON.stringify(app.runs.list()));
    await app.shutdown();
    expectClean("what was heard", JSON.stringify(heard));
    app.dispose();
  });

  it("by an MCP server that is given it and says it", async () => {
    const played = await play(callTo("env", {}), { expertKey: "searches" });
    expect(played.run.outcome.status).toBe("finished");
    expect(toolResult(played)).toContain("[redacted SEARCH_ENGINE_ID]");
  });

  it("by a delegate, whose run is one more of the same kind", async () => {
    const helper = `[experts.helper]\ndescription = "Helps"\ninstruction = "Help with ${canaries.DB_PASSWORD}."`;
    const toml = definition('delegates = ["helper"]', helper);
    const script: ModelScript = [
      { toolCalls: [{ name: "helper", args: { query: `Use ${all}` } }] },
      { text: `I used ${all}` },
      { text: `It said ${all}` },
    ];
    const { run, prompts } = await play(script, { toml });
    expect(run.outcome).toMatchObject({ status: "finished" });
    expect(run.outcome.text).toContain("It said [redacted ANTHROPIC_API_KEY]");
    expect(prompts[1]).toContain("Help with [redacted DB_PASSWORD].");
    expect(prompts[2]).toContain("I used [redacted ANTHROPIC_API_KEY]");
  });

  it("by an answer, by what a run goes on with, nor by what an earlier one left behind", async () => {
    const ask = { toolCalls: [{ id: "q1", name: "askUser", args: { question: "Which?" } }] };
    server = await startModelServer([ask, done, done, done]);
    const skill = `
[experts.solo.skills.ask]
type = "interactiveSkill"
[experts.solo.skills.ask.tools.askUser]
inputJsonSchema = '{"type": "object", "properties": {"question": {"type": "string"}}}'
`;
    const root = await makeWorkspace({ "perstack.toml": definition(skill), ".env": envFile });
    const { app, heard } = createTestApp(hostFor(server));
    const request = { definitionPath: join(root, "perstack.toml"), expertKey: "solo", approval: "all" as const };
    const first = await app.start({ ...request, query: "Do it" });
    expect((await first.done).stopReason).toBe("input");
    const { dir } = first;
    const answers = [{ toolCallId: "q1", text: `With ${all}` }];
    const answered = await app.resume({ dir, by: "test", approval: "all", answers });
    expect((await answered.done).status).toBe("finished");
    const from = { kind: "continue" as const, dir };
    const second = await app.start({ ...request, query: `More with ${all}`, from });
    expect((await second.done).status).toBe("finished");
    for (const { name, content } of await filesBelow(join(root, "perstack"))) expectClean(name, content);

    // As another program, or an earlier version, may have recorded it.
    const left = (await filesBelow(second.dir)).filter(({ name }) => name.includes("checkpoint-"));
    const text = JSON.stringify(all).slice(1, -1);
    for (const { name, content } of left) await writeFile(name, content.replaceAll("Done.", `Done with ${text}`));
    const third = await app.start({ ...request, query: "Once more", from: { ...from, dir: second.dir } });
    expect((await third.done).status).toBe("finished");
    for (const { name, content } of await filesBelow(third.dir)) expectClean(name, content);
    expect(JSON.stringify(server.requests.at(-1)?.body)).toContain("Done with [redacted ANTHROPIC_API_KEY]");
    for (const { body } of server.requests) expectClean("a prompt", JSON.stringify(body));
    expectClean("what was heard", JSON.stringify(heard));
    app.dispose();
  });
});
