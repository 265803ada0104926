/** The examples of docs/cli.md that read runs, word for word. */
import { access, mkdir, mkdtemp, readFile, realpath, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { runCli } from "../../src/cli/runCli";
import { projectRoot } from "../support/projectPaths";
import { createTestIo } from "./testIo";

it("the examples of reading runs do what they say", async () => {
  const root = await realpath(await mkdtemp(join(tmpdir(), "runtrail-docs-")));
  const envelope = { jobId: "4k1x", runId: "8s2mab", expertKey: "painter" };
  const call = { toolCallId: "c", skill: "s", tool: "exec" };
  const journal = [
    { type: "startRun", step: 0, query: "Paint" },
    { type: "startToolCall", step: 1, ...call, args: {} },
    { type: "finishToolCall", step: 1, ...call, isError: true, result: [{ type: "textPart", text: "no paint" }] },
    { type: "finishRun", step: 1, text: "Done." },
  ]
    .map((event, index) =>
      JSON.stringify({ id: `${index}`, timestamp: 1000 + index, ...envelope, seq: index + 1, ...event }),
    )
    .join("\n");
  for (const dir of ["here/perstack/jobs/4k1x/runs/8s2mab", "elsewhere/runs/first"]) {
    await mkdir(join(root, dir), { recursive: true });
    await writeFile(join(root, dir, "events.jsonl"), `${journal}\n`);
  }
  const cwd = join(root, "here");
  await writeFile(join(cwd, "saved.jsonl"), `${journal}\n`);
  const docs = await readFile(join(projectRoot, "docs", "cli.md"), "utf8");
  const chapter = /## Reading runs\n(?<text>.*?)\n## /su.exec(docs)?.groups?.text ?? "";
  const examples = [...chapter.matchAll(/^runtrail (?<args>(?:log|search|inspect)[^#\n]*)#/gmu)];
  expect(examples.length).toBeGreaterThan(5);
  for (const { groups } of examples) {
    const args = (groups?.args ?? "").trim().split(/ +/u);
    const io = createTestIo({ cwd });
    expect([args, await runCli(args, io), io.err()]).toEqual([args, 0, ""]);
    expect(io.out()).not.toBe("");
  }
  await access(join(cwd, "run.html"));
});
