import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, describe, expect, it } from "vitest";
import { UserError } from "../../src/base/errors";
import { endsRun } from "../../src/model/eventKinds";
import { layout } from "../../src/store/layout";
import { readJournal } from "../../src/store/readJournal";
import { listRunFolders } from "../../src/store/runFolders";
import { createTestApp, makeWorkspace, runSolo, soloToml } from "../support/experts";
import { type ModelServer, startModelServer } from "../support/modelServer";
import { projectRoot } from "../support/projectPaths";
import { canMount, isLinuxRoot, onSmallDisk } from "../support/smallDisk";

let server: ModelServer | undefined;
afterEach(async () => {
  await server?.close();
});

async function anthropic(script: Parameters<typeof startModelServer>[0]) {
  server = await startModelServer(script);
  return { env: { ANTHROPIC_API_KEY: "sk-x", ANTHROPIC_BASE_URL: server.baseUrlFor("anthropic") } };
}

describe("a definition that cannot be run", () => {
  const start = async (toml: string, expertKey = "solo") => {
    const root = await makeWorkspace({ "perstack.toml": toml });
    const request = { definitionPath: join(root, "perstack.toml"), expertKey, query: "q", approval: "all" } as const;
    const failure = await createTestApp()
      .app.start(request)
      .then(
        () => undefined,
        (error: unknown) => error,
      );
    expect(await readdir(root)).toEqual(["perstack.toml"]);
    return failure instanceof UserError ? failure.toDisplay().replace(root, "") : failure;
  };

  it.each([
    ["a syntax error", "[experts.solo\n", /^\/perstack\.toml:1:\d+: /],
    ["an unknown provider", soloToml('[provider]\nproviderName = "antropic"'), /^\/perstack\.toml:2:\d+: .*antropic/],
    ["a missing instruction", "[experts.solo]\n", /^\/perstack\.toml:1:\d+: .*instruction/],
    ["a wrong type", soloToml('maxSteps = "many"'), /^\/perstack\.toml:1:\d+: /],
  ])("names file, line and cause: %s", async (_name, toml, message) => {
    expect(await start(toml)).toMatch(message);
  });

  it("names the experts there are, where the one asked for is not among them", async () => {
    expect(await start(soloToml(), "duo")).toMatch(/no expert “duo” in this file\. It defines: solo\./);
  });

  it("is said to be missing where it is missing", async () => {
    const app = createTestApp().app;
    const request = { definitionPath: "/nowhere/perstack.toml", expertKey: "x", query: "q", approval: "all" } as const;
    await expect(app.start(request)).rejects.toThrow(/There is no such file/);
  });
});

describe("a request that cannot be served", () => {
  it("without any key ends as a recorded failure that names every way to get one", async () => {
    const root = await makeWorkspace({ "perstack.toml": soloToml() });
    const { outcome, events } = await runSolo(root, {}, { env: { OLLAMA_BASE_URL: "http://127.0.0.1:9/api" } });
    expect(outcome).toMatchObject({ status: "failed", error: { class: "provider_auth" } });
    for (const way of ["ANTHROPIC_API_KEY", "OPENAI_API_KEY", "Ollama", "replay"]) {
      expect(outcome.error?.message.toLowerCase()).toContain(way.toLowerCase());
    }
    expect(events.at(-1)).toMatchObject({ type: "errorRun", location: { line: 2 } });
  });

  it("with a job id that leads elsewhere is refused, and nothing is written", async () => {
    const root = await makeWorkspace({ "perstack.toml": soloToml() });
    await expect(runSolo(root, { jobId: "../../x" })).rejects.toThrow(/cannot be a job id/);
    expect(await readdir(root)).toEqual(["perstack.toml"]);
  });

  it("in a folder that cannot be written says so", async () => {
    const root = await makeWorkspace({ "perstack.toml": soloToml(), perstack: "a file in the way" });
    await expect(runSolo(root, {}, await anthropic([]))).rejects.toThrow(/run's folder .* cannot be written/);
  });

  it.skipIf(isLinuxRoot)("in a folder without permission says what to do", async () => {
    const root = await makeWorkspace({ "perstack.toml": soloToml() });
    await chmod(root, 0o500);
    await expect(runSolo(root, {}, await anthropic([]))).rejects.toThrow(/permission denied/);
    await chmod(root, 0o700);
  });
});

describe("a run in adverse conditions", () => {
  it("carries a query of 1 MB and every kind of character through wire, journal and checkpoint", async () => {
    const query = `${"x".repeat(1_000_000)} ünïcødé 日本語 🧵 \u2028 \u0000 "quotes" \\ end`;
    const answer = "Antwort: ✓ 日本 \u2029 🧵";
    const root = await makeWorkspace({ "perstack.toml": soloToml() });
    const { outcome, events, problems } = await runSolo(root, { query }, await anthropic([{ text: answer }]));
    expect(outcome).toMatchObject({ status: "finished", text: answer });
    expect(problems).toEqual([]);
    expect(events[0]).toMatchObject({ type: "startRun", query });
    expect(JSON.stringify(server?.requests[0]?.body)).toContain("日本語 🧵");
  });

  it("ends as failed when its workspace vanishes", async () => {
    const root = await makeWorkspace({ "perstack.toml": soloToml(), "a.txt": "a" });
    const call = { toolCalls: [{ name: "readTextFile", args: { path: "a.txt" } }] };
    const host = await anthropic([call, call, { text: "End" }]);
    let isGone = false;
    const run = runSolo(root, {}, host, (event) => {
      if (event.type !== "startToolCall" || isGone) return;
      isGone = true;
      execFileSync("rm", ["-rf", root]);
    });
    const { outcome } = await run;
    expect(outcome).toMatchObject({ status: "failed", error: { class: "transient_io" } });
  });

  it.skipIf(process.platform === "win32")("leaves a whole journal when a file cannot grow any more", async () => {
    const root = await makeWorkspace({ "perstack.toml": soloToml() });
    const call = { text: "y".repeat(10_000), toolCalls: [{ name: "healthCheck" }] };
    const { env } = await anthropic(Array(30).fill(call));
    const cli = join(projectRoot, "dist", "cli.js");
    // The limit is per file and needs no privilege; the blocks of POSIX sh have 512 bytes.
    const script = `ulimit -f 100; exec "$0" "$@"`;
    const args = ["-c", script, process.execPath, cli, "run", "solo", "Do it", "--approve", "all"];
    const child = spawn("sh", args, { cwd: root, env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
    const [printed, said, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
    expect([code, said]).toEqual([1, expect.stringMatching(/EFBIG|too large/)]);
    const [place] = await listRunFolders(root);
    const { events, problems } = await readJournal(layout.journal(place?.dir ?? ""));
    expect(problems).toEqual([]);
    expect(
      printed
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line)),
    ).toEqual(events);
  });

  it.runIf(canMount())(
    "ends as failed when the disk is full, with a whole journal, and goes on when there is room",
    async () => {
      await onSmallDisk(2_048, async (root) => {
        await writeFile(join(root, "perstack.toml"), soloToml());
        await writeFile(join(root, "fill"), "x".repeat(1_900_000));
        const toolCalls = [{ name: "healthCheck" }];
        const answers = [
          { text: "Small", toolCalls },
          { text: "y".repeat(400_000), toolCalls },
        ];
        const { app, heard } = createTestApp(await anthropic(() => answers.shift() ?? { text: "End" }));
        app.setFolders([root]);
        const request = { definitionPath: join(root, "perstack.toml"), expertKey: "solo", query: "q" } as const;
        const { dir, done } = await app.start({ ...request, approval: "all" });
        const outcome = await done;
        expect(outcome).toMatchObject({ status: "failed", error: { class: "transient_io" } });
        expect(outcome.error?.message).toMatch(/ENOSPC|no space/);
        const { events, problems } = await readJournal(layout.journal(dir));
        expect(problems).toEqual([]);
        expect(heard.filter(({ type }) => !type.startsWith("stream"))).toEqual(events);
        // Nor is its end: it goes on as one that was broken off.
        expect(events.some(endsRun)).toBe(false);
        await rm(join(root, "fill"));
        // In the same window: nobody had to start anew.
        const again = await app.resume({ dir, approval: "all", by: "user" });
        expect(await again.done).toMatchObject({ status: "finished", text: "End" });
        const whole = await readJournal(layout.journal(dir));
        expect(whole.problems).toEqual([]);
        expect(whole.events.slice(0, events.length)).toEqual(events);
        expect(whole.events.map(({ seq }) => seq)).toEqual(whole.events.map((_, index) => index + 1));
        await app.shutdown();
        app.dispose();
      });
    },
  );
});
