import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { runCli } from "../../src/cli/runCli";
import { makeWorkspace } from "../support/experts";
import { projectRoot } from "../support/projectPaths";
import { waitUntil } from "../support/waitUntil";
import { createTestIo } from "./testIo";

const serverPath = join(projectRoot, "test", "support", "mcpServer.mjs");

function toml(switches: Readonly<Record<string, readonly string[]>>): string {
  const skills = Object.entries(switches).map(
    ([name, each]) =>
      `[experts.solo.skills.${name}]\ntype = "mcpStdioSkill"\ncommand = ${JSON.stringify(process.execPath)}\nargs = ${JSON.stringify([serverPath, ...each])}\npick = ["echo"]\n`,
  );
  return `[experts.solo]\ninstruction = "Do it."\n${skills.join("")}`;
}

async function install(cwd: string, ...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const io = createTestIo({ cwd, env: { PATH: process.env.PATH ?? "" } });
  const code = await runCli(["install", ...args], io);
  return { code, out: io.out(), err: io.err() };
}

describe("runtrail install", () => {
  it("says how many tools each skill has and what it wrote", async () => {
    const root = await makeWorkspace({ "perstack.toml": toml({ files: [] }) });
    expect(await install(root)).toEqual({ code: 0, out: "solo: files: 1 tool\nperstack.lock: 1 expert\n", err: "" });
    expect(await readFile(join(root, "perstack.lock"), "utf8")).toContain('skillName = "files"');
  });

  it("ends with 1 where a skill fails, and writes the others", async () => {
    const root = await makeWorkspace({ "perstack.toml": toml({ bad: ["--dies"], files: [] }) });
    const { code, out, err } = await install(root, "--config", "perstack.toml");
    expect(code).toBe(1);
    expect(out).toBe("solo: files: 1 tool\nperstack.lock: 1 expert\n");
    expect(err).toMatch(/^solo: bad: The skill “bad” is not available\. It ended with exit code 3\. [^\n]+\n$/u);
  });

  it("ends with 2 where there is no definition, or no such env file", async () => {
    const root = await makeWorkspace({ "perstack.toml": toml({ files: [] }) });
    expect((await install(root, "--config", "none.toml")).code).toBe(2);
    const { code, err } = await install(root, "--env-path", "none.env");
    expect(code).toBe(2);
    expect(err).toContain("There is no such env file.");
  });

  it("ends with 130 on Ctrl+C, with nothing written and no server left", async () => {
    const root = await makeWorkspace({ "perstack.toml": toml({ slow: ["--slow", "--pid-file=pids"] }) });
    const io = createTestIo({ cwd: root, env: { PATH: process.env.PATH ?? "" } });
    const running = runCli(["install"], io);
    const pid = Number(await waitUntil("the server", () => readFile(join(root, "pids"), "utf8")));
    io.signal("SIGINT");
    expect(await running).toBe(130);
    expect(io.err()).toBe("Cancelled: nothing was written.\n");
    await expect(readFile(join(root, "perstack.lock"))).rejects.toThrow("ENOENT");
    expect(() => process.kill(pid, 0)).toThrow("ESRCH");
  });
});
