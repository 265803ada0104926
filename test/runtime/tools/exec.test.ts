import { describe, expect, it } from "vitest";
import { ToolError } from "../../../src/runtime/tools/tool";
import { type ToolBench, temporaryWorkspace, toolBench } from "../temporaryWorkspace";

const shell = (script: string, rest: Record<string, unknown> = {}) => ({
  ...{ command: "sh", args: ["-c", script], env: {}, cwd: ".", stdout: true, stderr: true, ...rest },
});

async function bench(): Promise<ToolBench> {
  return toolBench((await temporaryWorkspace()).workspace);
}

async function failure(work: Promise<unknown>): Promise<unknown> {
  const error = await work.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ToolError);
  return error instanceof Error ? JSON.parse(error.message) : undefined;
}

describe("exec", () => {
  it("answers what the command said, of the streams asked for", async () => {
    const tools = await bench();
    const both = "echo out; echo err >&2";
    expect(await tools.json("exec", shell(both))).toEqual({ output: "out\nerr\n" });
    expect(await tools.json("exec", shell(both, { stdout: false }))).toEqual({ output: "err\n" });
    expect(await tools.json("exec", shell(both, { stderr: false }))).toEqual({ output: "out\n" });
    expect(await tools.json("exec", shell("true"))).toEqual({
      output: "Command executed successfully, but produced no output.",
    });
    expect(tools.progress.join("")).toContain("out\n");
  });

  it("fails with the exit code and all that was said", async () => {
    const tools = await bench();
    expect(await failure(tools.call("exec", shell("echo out; echo err >&2; exit 3")))).toEqual({
      error: "The command failed with exit code 3.",
      ...{ exitCode: 3, stdout: "out\n", stderr: "err\n" },
    });
    expect(await failure(tools.call("exec", shell("echo out; exit 1", { stdout: false })))).toEqual({
      error: "The command failed with exit code 1.",
      exitCode: 1,
    });
    expect(await failure(tools.call("exec", shell("kill -KILL $$")))).toEqual({
      error: "The command was ended from outside by the signal SIGKILL.",
    });
  });

  it("fails after the timeout, with what was said until then", async () => {
    const tools = await bench();
    expect(await failure(tools.call("exec", shell("echo before; exec sleep 600", { timeout: 3_000 })))).toEqual({
      error: "The command timed out after 3000 ms and was ended, with all it had started.",
      stdout: "before\n",
    });
    await expect(tools.call("exec", shell("true", { timeout: 0 }))).rejects.toThrow(/timeout is 0/);
  });

  it("says what it left out: output over the cap, variables that hijack", async () => {
    const tools = await bench();
    const env = { PATH: "/evil", GREETING: "hello" };
    expect(await tools.json("exec", shell("echo $GREETING", { env }))).toEqual({
      output: "hello\n",
      ignoredEnv: ["PATH"],
    });
    expect(await tools.json("exec", shell("yes | head -c 1500000"))).toEqual({
      output: "y\n".repeat(500_000),
      truncated: "Only the first 1000000 bytes of each stream were kept.",
    });
  });

  it("stops when the run is cancelled", async () => {
    const tools = await bench();
    const controller = new AbortController();
    const call = tools.call("exec", shell("exec sleep 600"), controller.signal);
    controller.abort();
    expect(await failure(call)).toEqual({ error: "The command was cancelled." });
  });
});
