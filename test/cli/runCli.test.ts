import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import manifest from "../../package.json";
import { UserError } from "../../src/base/errors";
import { runCli } from "../../src/cli/runCli";
import { createScriptedApp } from "./scriptedApp";
import { createTestIo } from "./testIo";

const finished = createScriptedApp(async () => ({ status: "finished" }));
let cwd = "";
let empty = "";

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), "runtrail-cli-"));
  empty = await mkdtemp(join(tmpdir(), "runtrail-empty-"));
  await writeFile(join(cwd, "perstack.toml"), '[experts.demo]\ninstruction = "Do it."\n');
});

describe("the command line", () => {
  it("prints help with every command and every exit code", async () => {
    const io = createTestIo({ cwd });
    expect(await runCli(["--help"], io)).toBe(0);
    for (const word of [
      "run",
      "start",
      "fork",
      "rerun",
      "retry",
      "log",
      "check",
      "130  cancelled",
      "2    wrong usage or definition",
    ]) {
      expect(io.out()).toContain(word);
    }
    expect(io.err()).toBe("");
  });

  it("prints the package's version", async () => {
    const io = createTestIo({ cwd });
    expect(await runCli(["--version"], io)).toBe(0);
    expect(io.out()).toBe(`${manifest.version}\n`);
  });

  it.each([
    { args: [], said: "Usage: runtrail" },
    { args: ["fly"], said: "unknown command 'fly'" },
    { args: ["run", "demo"], said: "The query is missing" },
    { args: ["run", "demo", "--continue"], said: "There are no runs in" },
    { args: ["run", "demo", "--continue-job", "j"], said: "There is no job “j” in" },
    { args: ["run", "demo", "q", "--resume-from", "c"], said: "--resume-from requires --continue-job\n" },
    { args: ["run", "demo", "q", "--continue", "--resume-from", "c"], said: "--resume-from requires --continue-job\n" },
    { args: ["run", "demo", "q", "--continue", "--continue-job", "j"], said: "cannot be used with option" },
    { args: ["run", "demo", "q", "--continue-job", "j", "--job-id", "k"], said: "cannot be used with option" },
    { args: ["run", "demo", "blue", "-i"], said: "-i answers a job that waits. Say which" },
    { args: ["run", "demo", "-i", "--continue-job", "j"], said: "The answer is missing" },
    { args: ["run", "demo", " ", "-i", "--continue-job", "j"], said: "The answer is empty" },
    { args: ["run", "demo", "q", "--max-cost", "free"], said: "It must be an amount of USD" },
    { args: ["run", "demo", "q", "--max-cost", "0"], said: "It must be an amount of USD" },
    { args: ["run", "demo", "q", "--max-tokens", "0"], said: "a whole number, 1 or more" },
    { args: ["fork"], said: "missing required argument 'run'" },
    { args: ["fork", "r", "--edit", "text"], said: "the number of a message and its new text" },
    { args: ["fork", "r", "--step", "1", "--checkpoint", "c"], said: "cannot be used with option" },
    { args: ["fork", "r", "q", "--stream", "--pretty"], said: "cannot be used with option" },
    { args: ["rerun", "r"], said: "There is no run “r” in" },
    { args: ["retry", "r", "--step", "0"], said: "a whole number, 1 or more" },
    { args: ["run", "demo", "q", "--max-steps", "abc"], said: "a whole number, 1 or more" },
    { args: ["run", "demo", "q", "--max-steps", "0"], said: "a whole number, 1 or more" },
    { args: ["run", "demo", "q", "--max-retries", "-1"], said: "a whole number, 0 or more" },
    { args: ["run", "demo", "q", "--timeout", "1e99"], said: "a whole number, 1 or more" },
    { args: ["run", "demo", "q", "--reasoning-budget", "huge"], said: "none, minimal, low, medium, high or a whole" },
    { args: ["run", "demo", "q", "--runtime", "docker"], said: "only “local” is there" },
    { args: ["run", "demo", "q", "--approve", "maybe"], said: "Allowed choices are ask, all, read-only" },
    { args: ["run", "demo", "  "], said: "The query is empty" },
    {
      args: ["run", "demo", "q", "--config", "https://example.com/perstack.toml"],
      said: "read from this machine only",
    },
    {
      args: ["run", "demo", "q", "--provider", "acme"],
      said: "There is no provider “acme”. The providers are: anthropic",
    },
    { args: ["start", "demo", ""], said: "The query is empty" },
    { args: ["log", "--type", "noSuchEvent"], said: "The types are: startRun" },
  ])("refuses $args with exit code 2 and says why", async ({ args, said }) => {
    const io = createTestIo({ cwd });
    expect(await runCli(args, io, finished.open)).toBe(2);
    expect(io.err()).toContain(said);
    expect(io.out()).toBe("");
    expect(finished.requests).toEqual([]);
  });

  it("says where it looked for a definition when there is none", async () => {
    const io = createTestIo({ cwd: empty });
    expect(await runCli(["run", "demo", "q"], io, finished.open)).toBe(2);
    expect(io.err()).toContain(empty);
  });

  it("says what the user can mend, with its place and without a stack", async () => {
    const io = createTestIo({ cwd });
    const open = async () => {
      throw new UserError("There is no expert “x”.", { path: "/a/perstack.toml", line: 3 });
    };
    expect(await runCli(["run", "x", "q"], io, open)).toBe(2);
    expect(io.err()).toBe("/a/perstack.toml:3: There is no expert “x”.\n");
  });

  it("calls a bug a bug, with its stack", async () => {
    const io = createTestIo({ cwd });
    const open = async () => {
      throw new TypeError("x is not a function");
    };
    expect(await runCli(["run", "demo", "q"], io, open)).toBe(1);
    expect(io.err()).toMatch(/bug in runtrail:\nTypeError: x is not a function\n {4}at /u);
  });
});
