/** `runtrail inspect`: a run with its delegates as lines by time, and as a page that stands for itself. */
import { mkdir, mkdtemp, readFile, realpath, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { runCli } from "../../src/cli/runCli";
import { createTestIo } from "./testIo";

let root = "";

interface Fields {
  type: string;
  step: number;
  at: number;
  [key: string]: unknown;
}

async function writeRun(runId: string, expertKey: string, list: Fields[], jobId = "job"): Promise<string> {
  const dir = join(root, "perstack", "jobs", jobId, "runs", runId);
  await mkdir(dir, { recursive: true });
  const events = list.map(({ at, ...fields }, index) => ({
    ...{ id: `${runId}-${index}`, timestamp: Date.UTC(2026, 1, 3) + at, jobId, runId, expertKey, seq: index + 1 },
    ...fields,
  }));
  await writeFile(join(dir, "events.jsonl"), `${events.map((event) => JSON.stringify(event)).join("\n")}\n`);
  return dir;
}

beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), "runtrail-inspect-")));
  const call = { toolCallId: "c1", skill: "worker", tool: "worker" };
  await writeRun("boss-1", "boss", [
    { type: "startRun", step: 0, at: 0, query: "Do it" },
    { type: "startToolCall", step: 1, at: 10, ...call, args: { query: "Work" } },
    {
      type: "startDelegation",
      step: 1,
      at: 11,
      toolCallId: "c1",
      childRunId: "work-1",
      childExpertKey: "worker",
      query: "Work",
    },
    { type: "finishDelegation", step: 1, at: 60, toolCallId: "c1", childRunId: "work-1", status: "failed" },
    {
      type: "finishToolCall",
      step: 1,
      at: 61,
      ...call,
      isError: true,
      result: [{ type: "textPart", text: "no luck" }],
    },
    { type: "finishRun", step: 2, at: 100, text: "Done.", durationMs: 100 },
  ]);
  const error = { name: "E", message: "no <b>key</b>", class: "provider_auth", isRetryable: false };
  await writeRun("work-1", "worker", [
    { type: "startRun", step: 0, at: 20, query: "Work", parent: { runId: "boss-1", toolCallId: "c1" } },
    { type: "startGeneration", step: 1, at: 30, attempt: 1 },
    { type: "errorRun", step: 1, at: 50, error, durationMs: 30 },
  ]);
  await writeRun("old-1", "boss", [{ type: "startRun", step: 0, at: -1000, query: "Before" }], "older");
});

async function inspect(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const io = createTestIo({ cwd: root });
  const code = await runCli(["inspect", ...args], io);
  return { code, out: io.out(), err: io.err() };
}

describe("runtrail inspect", () => {
  it("prints a run and its delegates by time, the level and the type first", async () => {
    const { code, out } = await inspect("boss");
    expect(code).toBe(0);
    expect(out.trimEnd().split("\n")).toEqual([
      "INFO: startRun boss · started “Do it”",
      "INFO: startToolCall boss · step 1 · worker Work",
      "INFO: startDelegation boss · step 1 · delegates to worker: “Work”",
      "INFO: startRun worker · started “Work”",
      "DEBUG: startGeneration worker · step 1 · asks the model",
      "ERROR: errorRun worker · step 1 · failed: no <b>key</b> (provider_auth) · 30 ms",
      "INFO: finishDelegation boss · step 1 · delegation failed",
      "WARN: finishToolCall boss · step 1 · worker failed: no luck",
      "INFO: finishRun boss · step 2 · finished: “Done.” · 100 ms",
    ]);
  });

  it("takes the newest run that nobody called, and says how many others there are", async () => {
    const { out, err } = await inspect();
    expect(out).toBe((await inspect("boss-1")).out);
    expect(err).toContain("1 other run is in");
  });

  it("leaves out what matters less, and says when it was", async () => {
    const { out } = await inspect("work", "--level", "warn", "--time");
    expect(out).toMatch(/^2026-02-03T00:00:00\.050Z ERROR: errorRun step 1 · failed: [^\n]+\n$/u);
  });

  it("reads a path as log does", async () => {
    const dir = join(root, "perstack", "jobs", "job", "runs", "work-1");
    expect((await inspect(dir)).out).toBe((await inspect("work-1")).out);
    expect((await inspect(join(dir, "events.jsonl"))).out).toBe((await inspect("work-1")).out);
    expect((await inspect(root, "--run", "work-1")).out).toBe((await inspect("work-1")).out);
  });

  it("says what there is where nothing fits", async () => {
    expect(await inspect("nope")).toMatchObject({ code: 2, out: "" });
    expect((await inspect("nope")).err).toContain("There are, newest first: work-1, boss-1, old-1.");
  });

  it("writes a page that asks for nothing and lets no text of a run become markup", async () => {
    const { code, out } = await inspect("boss", "--html");
    expect(code).toBe(0);
    expect(out).toMatch(/^<!DOCTYPE html>/u);
    expect(out).toContain("default-src 'none'");
    expect(out).toContain("no &lt;b&gt;key&lt;/b&gt;");
    for (const word of ["<b>", "<script", "http:", "https:", "@import", "url(h", " onclick", " style="]) {
      expect(out).not.toContain(word);
    }
  });

  it("writes the page to a new file, and replaces one only where it is told to", async () => {
    const { code, out } = await inspect("boss", "--html", "-o", "page.html");
    expect([code, out]).toEqual([0, `${join(root, "page.html")}\n`]);
    expect(await readFile(join(root, "page.html"), "utf8")).toBe((await inspect("boss", "--html")).out);
    await writeFile(join(root, "page.html"), "mine");
    expect(await inspect("boss", "--html", "-o", "page.html")).toMatchObject({ code: 2 });
    expect(await readFile(join(root, "page.html"), "utf8")).toBe("mine");
    expect((await inspect("boss", "--html", "-o", "page.html", "--force")).code).toBe(0);
    expect(await readFile(join(root, "page.html"), "utf8")).toContain("</html>");
    expect((await inspect("boss", "--html", "-o", "no/page.html")).err).toContain(
      `There is no folder ${join(root, "no")}.`,
    );
    expect((await inspect("boss", "--html", "-o", "perstack", "--force")).err).toContain("is a folder");
    expect((await inspect("boss", "-o", "page.html")).err).toContain("it needs --html");
  });
});
