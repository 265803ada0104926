import { mkdir, mkdtemp, realpath, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { runCli } from "../../src/cli/runCli";
import { createTestIo } from "./testIo";

let root = "";

beforeAll(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), "runtrail-check-")));
  await Promise.all(["good", "bad", "good/below"].map((name) => mkdir(join(root, name), { recursive: true })));
  await writeFile(join(root, "good", "perstack.toml"), '[experts.demo]\ninstruction = "Do it."\n');
  await writeFile(join(root, "bad", "perstack.toml"), 'maxSteps = "many"\n\n[experts.demo]\ninstruction = "Do it."\n');
});

async function check(cwd: string, ...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const io = createTestIo({ cwd });
  const code = await runCli(["check", ...args], io);
  return { code, out: io.out(), err: io.err() };
}

describe("runtrail check", () => {
  it("has nothing to say about a definition without problems", async () => {
    const { code, out, err } = await check(join(root, "good"));
    expect({ code, out, err }).toEqual({ code: 0, out: "", err: "1 file, 1 expert: 0 errors, 0 warnings\n" });
  });

  it("prints every problem with its line and column, and ends with 2", async () => {
    const { code, out, err } = await check(root);
    expect(code).toBe(2);
    expect(out).toMatch(/^bad\/perstack\.toml:1:\d+: error: .+ \(wrong-type\)\n$/u);
    expect(err).toContain("2 files, 2 experts: 1 error");
  });

  it("checks the one file it is given", async () => {
    expect((await check(root, "good/perstack.toml")).code).toBe(0);
    expect((await check(root, "bad/perstack.toml")).code).toBe(2);
  });

  it("looks upward where the folder has none", async () => {
    expect((await check(join(root, "good", "below"))).err).toContain("1 file, 1 expert");
  });

  it("prints one JSON object with --json", async () => {
    const { code, out } = await check(root, "bad", "--json");
    expect(code).toBe(2);
    const path = join(root, "bad", "perstack.toml");
    expect(JSON.parse(out)).toEqual({
      files: [{ path, experts: ["demo"] }],
      problems: [expect.objectContaining({ path, line: 1, severity: "error", code: "wrong-type" })],
    });
  });

  it("says what is not there", async () => {
    const { code, err } = await check(root, "nowhere.toml");
    expect(code).toBe(2);
    expect(err).toContain(join(root, "nowhere.toml"));
  });
});
