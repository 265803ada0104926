import * as fc from "fast-check";
import { describe, expect, it, onTestFinished } from "vitest";
import { CappedOutput } from "../../src/runtime/cappedOutput";
import { execEnvironment } from "../../src/runtime/execEnvironment";
import { type ExecRequest, type ExecResult, type Workspace, WorkspaceError } from "../../src/runtime/ports";
import { waitUntil } from "../support/waitUntil";
import { temporaryWorkspace } from "./temporaryWorkspace";

function request(command: string, args: readonly string[], rest: Partial<ExecRequest> = {}): ExecRequest {
  const signal = new AbortController().signal;
  return { command, args, env: {}, cwd: ".", timeoutMs: 60_000, outputLimit: 1_000_000, signal, ...rest };
}

const shell = (script: string, rest?: Partial<ExecRequest>) => request("sh", ["-c", script], rest);
const node = (script: string, rest?: Partial<ExecRequest>) => request(process.execPath, ["-e", script], rest);

/** Runs a script that says the ids of its processes, one a line, then `ready`; ends it at that word. */
async function cancelWhenReady(workspace: Workspace, script: string): Promise<{ result: ExecResult; pids: number[] }> {
  const controller = new AbortController();
  let said = "";
  const onOutput = (text: string) => {
    said += text;
    if (said.includes("ready")) controller.abort();
  };
  const result = await workspace.exec(shell(script, { signal: controller.signal, onOutput }));
  return { result, pids: pidsIn(said) };
}

function pidsIn(text: string): number[] {
  const pids = text
    .split("\n")
    .filter((line) => /^\d+$/.test(line))
    .map(Number);
  onTestFinished(() => {
    for (const pid of pids) {
      if (isAlive(pid)) process.kill(pid, "SIGKILL");
    }
  });
  return pids;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function expectGone(pids: number[], count: number): Promise<void> {
  expect(pids).toHaveLength(count);
  for (const pid of pids) await waitUntil(`the end of process ${pid}`, () => !isAlive(pid));
}

/** A child and a grandchild, all of them deaf to SIGTERM. */
const deafFamily = `trap '' TERM; echo $$
sh -c 'trap "" TERM; echo $$; sh -c "trap \\"\\" TERM; echo \\$\\$; echo ready; while :; do sleep 1; done" & while :; do sleep 1; done' &
while :; do sleep 1; done`;

describe("a command", () => {
  it("gives its output, its errors and its exit code", async () => {
    const { workspace } = await temporaryWorkspace({ "ws/sub/a.txt": "a" });
    const result = await workspace.exec(shell("pwd; echo wrong >&2; exit 3", { cwd: "sub" }));
    expect(result).toEqual({
      ...{ stdout: `${workspace.root}/sub\n`, stderr: "wrong\n", exitCode: 3, ended: "exit", truncated: false },
    });
  });

  it("takes its arguments as they are, without a shell", async () => {
    const { workspace } = await temporaryWorkspace();
    const args = ["$HOME", "*", "a b", '"', "`id`", "; echo no", ""];
    const result = await workspace.exec(request("printf", ["%s\\n", ...args]));
    expect(result.stdout).toBe(`${args.join("\n")}\n`);
  });

  it("finds nothing on its standard input", async () => {
    const { workspace } = await temporaryWorkspace();
    expect(await workspace.exec(request("cat", []))).toMatchObject({ stdout: "", exitCode: 0, ended: "exit" });
  });

  it("says which signal ended it", async () => {
    const { workspace } = await temporaryWorkspace();
    const result = await workspace.exec(shell("kill -SEGV $$"));
    expect(result).toMatchObject({ exitCode: null, signal: "SIGSEGV", ended: "signal" });
  });

  it.each([
    ["is unknown", request("no-such-command-1234", []), /no command “no-such-command-1234”/],
    ["is no program", request("./a.txt", []), /not an executable file/],
    ["has a NUL in an argument", request("echo", ["a\0b"]), /cannot be started/],
    ["has arguments without end", request("echo", ["x".repeat(10_000_000)]), /too long for the system/],
    ["runs where there is no folder", request("true", [], { cwd: "nowhere" }), /“nowhere” does not exist/],
    ["runs in a file", request("true", [], { cwd: "a.txt" }), /not a folder/],
    ["has an environment that smuggles", request("true", [], { env: { "PATH=/evil:": "x" } }), /no valid name/],
  ])("is refused in words when it %s", async (_why, bad, message) => {
    const { workspace } = await temporaryWorkspace({ "ws/a.txt": "a" });
    const error = await workspace.exec(bad).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(WorkspaceError);
    expect(String(error)).toMatch(message);
  });

  it("gets a small environment, and none of the names that hijack", async () => {
    const own = { PATH: "/bin", HOME: "/home/me", LANG: "C", SECRET_KEY: "secret", SHELL: undefined };
    const added = {
      A: "1",
      PATH: "/evil",
      Node_Options: "-r x",
      LD_PRELOAD: "x",
      DYLD_INSERT_LIBRARIES: "x",
      HOME: "/x",
    };
    expect(execEnvironment(own, added)).toEqual({ PATH: "/bin", HOME: "/home/me", LANG: "C", A: "1" });
    const { workspace } = await temporaryWorkspace();
    const { stdout } = await workspace.exec(request("env", [], { env: { GREETING: "hello" } }));
    const names = stdout
      .trim()
      .split("\n")
      .map((line) => line.split("=")[0]);
    expect(names).toContain("GREETING");
    expect(names.filter((each) => !["GREETING", "PATH", "HOME", "SHELL", "TERM", "LANG"].includes(each ?? ""))).toEqual(
      [],
    );
  });

  it("is cut off at the cap, and its memory does not grow with what it says", async () => {
    const { workspace } = await temporaryWorkspace();
    let heard = 0;
    const onOutput = (text: string) => {
      heard += text.length;
    };
    const before = process.memoryUsage().rss;
    const result = await workspace.exec(shell("yes | head -c 200000000", { outputLimit: 1_000, onOutput }));
    expect(result).toMatchObject({ exitCode: 0, truncated: true, stdout: "y\n".repeat(500) });
    expect(heard).toBe(1_000);
    expect(process.memoryUsage().rss - before).toBeLessThan(100_000_000);
  });

  it("may say what is no UTF-8", async () => {
    const { workspace } = await temporaryWorkspace();
    const result = await workspace.exec(request("printf", ["a\\377b\\303\\251"]));
    expect(result.stdout).toBe("a\u{fffd}bé");
  });

  it("streams what it says while it runs", async () => {
    const { workspace } = await temporaryWorkspace();
    const { result } = await cancelWhenReady(workspace, "echo ready; exec sleep 600");
    expect(result).toMatchObject({ stdout: "ready\n", exitCode: null, ended: "cancelled" });
  });
});

describe("ending a command", () => {
  it("does not start it when the run is cancelled already", async () => {
    const { workspace } = await temporaryWorkspace();
    const signal = AbortSignal.abort();
    const result = await workspace.exec(shell("touch made", { signal }));
    expect(result).toMatchObject({ ended: "cancelled", exitCode: null });
    expect(await workspace.stat("made")).toBeUndefined();
  });

  it("on cancel reaches children and grandchildren that ignore SIGTERM", async () => {
    const { workspace } = await temporaryWorkspace();
    const { result, pids } = await cancelWhenReady(workspace, deafFamily);
    expect(result.ended).toBe("cancelled");
    await expectGone(pids, 3);
  });

  it("lets a command that heeds SIGTERM clean up and say so", async () => {
    const { workspace } = await temporaryWorkspace();
    const script = `trap 'echo cleaned; exit 7' TERM; echo $$; echo ready; while :; do sleep 0.05; done`;
    const { result, pids } = await cancelWhenReady(workspace, script);
    expect(result).toMatchObject({ ended: "cancelled", exitCode: 7 });
    expect(result.stdout).toContain("cleaned");
    await expectGone(pids, 1);
  });

  it("kills a grandchild that outlives its obedient parent", async () => {
    const { workspace } = await temporaryWorkspace();
    const script = `echo $$; sh -c 'trap "" TERM; echo $$; echo ready; while :; do sleep 1; done' & wait`;
    const { pids } = await cancelWhenReady(workspace, script);
    await expectGone(pids, 2);
  });

  it("ends a stopped process too", async () => {
    const { workspace } = await temporaryWorkspace();
    const { result, pids } = await cancelWhenReady(workspace, "echo $$; echo ready; kill -STOP $$");
    expect(result.ended).toBe("cancelled");
    await expectGone(pids, 1);
  });

  it("on timeout ends all of them, and keeps what was said", async () => {
    const { workspace } = await temporaryWorkspace();
    const result = await workspace.exec(shell(deafFamily, { timeoutMs: 4_000 }));
    expect(result).toMatchObject({ ended: "timeout", exitCode: null, signal: "SIGKILL" });
    await expectGone(pidsIn(result.stdout), 3);
  });

  it("ends what it left in the background, however it holds on to the pipe", async () => {
    const { workspace } = await temporaryWorkspace();
    const result = await workspace.exec(shell("sleep 600 & echo $!; exit 0"));
    expect(result).toMatchObject({ ended: "exit", exitCode: 0 });
    await expectGone(pidsIn(result.stdout), 1);
  });

  it.runIf(process.platform === "linux")(
    "does not wait for a daemon that holds the pipe in a session of its own",
    async () => {
      const { workspace } = await temporaryWorkspace();
      const script = `setsid sh -c 'echo $$; echo up > up; exec sleep 600' & while [ ! -s up ]; do sleep 0.05; done; echo done`;
      const result = await workspace.exec(shell(script));
      expect(result).toMatchObject({ ended: "exit", exitCode: 0 });
      const pids = pidsIn(result.stdout);
      expect(result.stdout).toContain("done");
      expect(pids.map(isAlive)).toEqual([true]);
    },
  );

  it("keeps the last output of a command that ends right after it", async () => {
    const { workspace } = await temporaryWorkspace();
    const script = `process.stdout.write("x".repeat(300000) + "END", () => process.exit(2))`;
    const result = await workspace.exec(node(script));
    expect(result.exitCode).toBe(2);
    expect(result.stdout).toHaveLength(300_003);
    expect(result.stdout.endsWith("END")).toBe(true);
  });
});

describe("capped output", () => {
  it("is the head of the text, however the bytes were cut into chunks", async () => {
    const text = fc.string({ unit: "binary", maxLength: 60 });
    const cuts = fc.array(fc.nat(200), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(text, cuts, fc.nat(200), async (said, points, limit) => {
        const bytes = Buffer.from(said);
        let heard = "";
        const output = new CappedOutput(limit, (part) => {
          heard += part;
        });
        const ends = [...points.filter((point) => point < bytes.length).sort((a, b) => a - b), bytes.length];
        for (const [index, end] of ends.entries()) output.add(bytes.subarray(ends[index - 1] ?? 0, end));
        const whole = bytes.toString();
        expect(output.truncated).toBe(bytes.length > limit);
        expect(whole.startsWith(output.text())).toBe(true);
        expect(heard).toBe(output.text());
        const missing = bytes.length - Buffer.byteLength(output.text());
        expect(missing - Math.max(bytes.length - limit, 0)).toBeLessThan(4);
      }),
    );
  });
});
