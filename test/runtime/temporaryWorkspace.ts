/** A workspace in a folder of its own, with something outside it that nobody may touch. */
import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";
import type { ResultPart } from "../../src/model/message";
import type { Todo } from "../../src/model/todos";
import { openWorkspace } from "../../src/runtime/localWorkspace";
import type { Workspace } from "../../src/runtime/ports";
import { baseTools } from "../../src/runtime/tools";
import type { ToolContext, ToolOutput } from "../../src/runtime/tools/tool";

export interface TemporaryWorkspace {
  /** Absolute, links resolved; the workspace is its folder `ws`. */
  outer: string;
  workspace: Workspace;
}

/** @param files by path relative to the folder around the workspace. */
export async function temporaryWorkspace(files: Record<string, string> = {}): Promise<TemporaryWorkspace> {
  const outer = await realpath(await mkdtemp(join(tmpdir(), "runtrail-workspace-")));
  onTestFinished(() => rm(outer, { recursive: true, force: true }));
  await mkdir(join(outer, "ws"));
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(outer, path)), { recursive: true });
    await writeFile(join(outer, path), content);
  }
  return { outer, workspace: await openWorkspace(join(outer, "ws")) };
}

export interface ToolBench {
  workspace: Workspace;
  todos(): readonly Todo[];
  progress: string[];
  /** Calls a base tool. */
  call(tool: string, args: unknown, signal?: AbortSignal): Promise<ToolOutput>;
  /** The JSON of its one text part. */
  json(tool: string, args: unknown): Promise<unknown>;
}

export function toolBench(workspace: Workspace): ToolBench {
  let todos: readonly Todo[] = [];
  const progress: string[] = [];
  const clock: ToolContext["clock"] = {
    now: () => 0,
    elapsed: () => 0,
    sleep: async () => undefined,
    after: () => ({ dispose: () => undefined }),
  };
  const call: ToolBench["call"] = async (name, args, signal = new AbortController().signal) => {
    const tool = baseTools.find(({ definition }) => definition.name === name);
    if (!tool) throw new Error(`No tool ${name}`);
    const setTodos = (changed: Todo[]) => {
      todos = changed;
    };
    return await tool.execute(args, {
      workspace,
      clock,
      signal,
      todos,
      setTodos,
      progress: (text) => progress.push(text),
    });
  };
  return {
    workspace,
    todos: () => todos,
    progress,
    call,
    json: async (name, args) => jsonOf((await call(name, args)).result),
  };
}

export function jsonOf(result: readonly ResultPart[]): unknown {
  const [part, ...others] = result;
  if (part?.type !== "textPart" || others.length > 0) throw new Error("Not one text part");
  return JSON.parse(part.text);
}
