/** Drives the loop with a scripted model, tools of the test's own and a recorder in memory. */
import * as z from "zod";
import { newId } from "../../src/app/newId";
import type { Checkpoint } from "../../src/model/checkpoint";
import type { AnyEvent, LiveEvent, RunEvent } from "../../src/model/events";
import { createRedactor } from "../../src/model/redact";
import { updateTodos } from "../../src/model/todos";
import type { Approval, Clock, Delegation, JobBudget, LanguageModel, Workspace } from "../../src/runtime/ports";
import { type RunOutcome, type RunSetup, runExpert } from "../../src/runtime/runExpert";
import { defineTool, jsonResult, type Tool, ToolError } from "../../src/runtime/tools/tool";
import type { RunFolder } from "../../src/store/runFolder";

export interface LoopRun {
  outcome: RunOutcome;
  events: RunEvent[];
  live: LiveEvent[];
  checkpoints: Checkpoint[];
  bugs: unknown[];
  delays: number[];
  /** Types of the durable events, in order. */
  types: string[];
}

export interface LoopOptions {
  tools?: readonly Tool[];
  limits?: Partial<RunSetup["limits"]>;
  stepsBefore?: number;
  approval?: Approval;
  delegation?: Delegation;
  budget?: JobBudget;
  signal?: AbortSignal;
  /** Hears of each event once it is recorded; may abort. */
  onEvent?(event: AnyEvent): void;
  /** Called before an event is recorded; may throw as a full disk would. */
  beforeRecord?(event: RunEvent): void;
  /** Hears of each checkpoint before it is saved; may throw as a full disk would. */
  onCheckpoint?(checkpoint: Checkpoint): void;
  setup?: Partial<RunSetup>;
  /** Where the journal and checkpoints go as well. */
  folder?: RunFolder;
  /** Keeps nothing in memory: for measuring what the loop costs without its test. */
  isForgetful?: boolean;
}

export async function runLoop(model: LanguageModel, options: LoopOptions = {}): Promise<LoopRun> {
  const { events, live, checkpoints, bugs, delays } = {
    events: [] as RunEvent[],
    live: [] as LiveEvent[],
    checkpoints: [] as Checkpoint[],
    bugs: [] as unknown[],
    delays: [] as number[],
  };
  const tools = options.tools ?? testTools;
  const setup: RunSetup = {
    jobId: "job",
    runId: "run",
    expertKey: "solo",
    expertVersion: "1.0.0",
    query: "Do it",
    begins: { instruction: "Be good", jobStep: options.stepsBefore ?? 0 },
    model,
    price: undefined,
    tools: new Map(tools.map((tool) => [tool.definition.name, { skill: "@perstack/base", tool }])),
    limits: { maxSteps: 20, maxRetries: 2, timeoutMs: 60_000, ...options.limits },
    requestId: "request",
    runtimeVersion: "0.0.0",
    ...options.setup,
  };
  const outcome = await runExpert(
    setup,
    {
      recorder: {
        record(...recorded) {
          for (const event of recorded) options.beforeRecord?.(event);
          options.folder?.append(...recorded);
          for (const event of recorded) {
            if (!options.isForgetful) events.push(structuredClone(event));
            options.onEvent?.(event);
          }
        },
        stream(event) {
          live.push(event);
          options.onEvent?.(event);
        },
        async saveCheckpoint(checkpoint) {
          options.onCheckpoint?.(checkpoint);
          if (!options.isForgetful) checkpoints.push(structuredClone(checkpoint));
          await options.folder?.saveCheckpoint(checkpoint, Date.now());
        },
        spill: async (result) => (options.folder ? await options.folder.spill(result) : { result }),
      },
      clock: testClock(delays),
      newId,
      random: () => 1,
      workspace: noWorkspace,
      approval: options.approval,
      standing: {},
      redactor: createRedactor([]),
      ...(options.delegation && { delegation: options.delegation }),
      ...(options.budget && { budget: options.budget }),
      onBug: (error) => bugs.push(error),
    },
    options.signal ?? new AbortController().signal,
  );
  return { outcome, events, live, checkpoints, bugs, delays, types: events.map(({ type }) => type) };
}

/** Real time, but waiting between attempts takes none. */
function testClock(delays: number[]): Clock {
  return {
    now: () => Date.now(),
    elapsed: () => performance.now(),
    async sleep(ms, signal) {
      delays.push(ms);
      signal.throwIfAborted();
    },
    after(ms, action) {
      const timer = setTimeout(action, ms);
      return { dispose: () => clearTimeout(timer) };
    },
  };
}

const noWorkspace = new Proxy({} as Workspace, {
  get(_, property) {
    if (property === "root") return "/nowhere";
    throw new Error("These tests touch no files");
  },
});

export const testTools: readonly Tool[] = [
  defineTool({
    name: "echo",
    description: "Gives back its text",
    schema: z.object({ text: z.string() }),
    effect: "read",
    execute: async ({ text }) => jsonResult({ text }),
  }),
  defineTool({
    name: "fail",
    description: "Fails",
    schema: z.object({}),
    effect: "read",
    execute: async () => {
      throw new ToolError("It cannot be done");
    },
  }),
  defineTool({
    name: "write",
    description: "Changes the world",
    schema: z.object({}),
    effect: "write",
    execute: async () => jsonResult({ written: true }, [{ path: "a.txt", change: "write" }]),
  }),
  defineTool({
    name: "todo",
    description: "Changes the todo list",
    schema: z.object({ newTodos: z.array(z.string()).optional(), completedTodos: z.array(z.number()).optional() }),
    effect: "none",
    execute: async (change, context) => {
      const todos = updateTodos(context.todos, change);
      context.setTodos(todos);
      return jsonResult({ todos });
    },
  }),
  defineTool({
    name: "attemptCompletion",
    description: "Ends the run",
    schema: z.object({}),
    effect: "none",
    execute: async (_, { todos }) => {
      const remaining = todos.filter(({ completed }) => !completed);
      return jsonResult(remaining.length > 0 ? { remainingTodos: remaining } : {});
    },
  }),
];
