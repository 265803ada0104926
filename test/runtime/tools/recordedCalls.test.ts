import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { WorkspaceError } from "../../../src/runtime/ports";
import { ToolError } from "../../../src/runtime/tools/tool";
import { projectRoot } from "../../support/projectPaths";
import { jsonOf, temporaryWorkspace, toolBench } from "../temporaryWorkspace";

const Recorded = z.object({
  type: z.string(),
  toolCalls: z.array(z.object({ id: z.string(), toolName: z.string(), args: z.unknown() })).optional(),
  toolResults: z.array(z.object({ id: z.string(), result: z.array(z.object({ text: z.string() })) })).optional(),
});

const folder = join(projectRoot, "../shared/fixtures/perstack");
const scenarios = [
  "file-tools",
  "file-tools/run-2",
  "todo-gate",
  "tool-error",
  "parallel-tools",
  "max-steps",
  "reasoning",
];

/** What a call of a run of the real runtime got, and what ours gets for it in the same place. */
describe.runIf(existsSync(folder))("a recorded run's calls", () => {
  it.each(scenarios)("get the same answers: %s", async (scenario) => {
    const { workspace } = await temporaryWorkspace({
      ...{ "ws/input.txt": "line one\nline two\nline three\n", "ws/perstack.toml": "x".repeat(389) },
      ...(scenario === "file-tools/run-2" && { "ws/notes/plan.md": "" }),
    });
    const tools = toolBench(workspace);
    let calls = 0;
    for (const { id, toolName, args, answer } of recordedCalls(join(folder, scenario, "stdout.jsonl"))) {
      calls += 1;
      const theirs: unknown = JSON.parse(answer.replaceAll(/\/var\/tmp\/ps-ws\/[a-z-]+/g, workspace.root));
      const ours = await tools.call(toolName, args).then(
        ({ result }) => jsonOf(result),
        (error: unknown) => {
          expect(error instanceof ToolError || error instanceof WorkspaceError).toBe(true);
          return { error: "Error" };
        },
      );
      if (z.object({ error: z.literal("Error") }).safeParse(theirs).success)
        expect(ours, id).toEqual({ error: "Error" });
      else expect(timeless(ours), `${toolName} ${id}`).toEqual(timeless(theirs));
    }
    expect(calls).toBeGreaterThan(2);
  });
});

function recordedCalls(path: string) {
  const events = readFileSync(path, "utf8")
    .trim()
    .split("\n")
    .map((line) => Recorded.parse(JSON.parse(line)));
  const calls = new Map(
    events
      .flatMap(({ type, toolCalls }) => (type === "callTools" ? (toolCalls ?? []) : []))
      .map((call) => [call.id, call]),
  );
  return events
    .flatMap(({ type, toolResults }) => (type === "resolveToolResults" ? (toolResults ?? []) : []))
    .flatMap(({ id, result }) => {
      const call = calls.get(id);
      return call ? [{ ...call, answer: result.map(({ text }) => text).join("") }] : [];
    });
}

/** Without what differs from run to run: times, sizes of folders, the process. */
function timeless(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (key, each) => {
      if (["created", "modified", "accessed", "heapUsed", "heapTotal", "uptime"].includes(key)) return typeof each;
      if (key === "pid") return 0;
      return key === "size" && each === 4096 ? 0 : each;
    }),
  );
}
