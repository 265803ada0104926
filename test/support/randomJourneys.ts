/** Random lives of a run in a real folder: it stops, fails, is cancelled or killed, and goes on, as often as it likes. */
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import * as z from "zod";
import { readRecordedRun } from "../../src/app/goOnWith";
import { newId } from "../../src/app/newId";
import { Checkpoint, type DelegatedBy } from "../../src/model/checkpoint";
import { conversationOf, messagesOf, userMessage } from "../../src/model/conversation";
import type { ResultPart } from "../../src/model/message";
import { todosOf } from "../../src/model/todos";
import type { RunBeginning } from "../../src/runtime/beginRun";
import { goOnFrom } from "../../src/runtime/goOn";
import type { OfferedTool, OfferedTools } from "../../src/runtime/offeredTool";
import { type DelegateOutcome, type KeptResult, ModelError } from "../../src/runtime/ports";
import { type SkillSource, SkillUnavailable } from "../../src/runtime/skills/skill";
import { defineTool, jsonResult } from "../../src/runtime/tools/tool";
import { createRunFolder, type RunFolder, reopenRunFolder } from "../../src/store/runFolder";
import { runLoop, testTools } from "./loopHarness";
import { scriptedModel, type Turn } from "./scriptedModel";

export interface Journey {
  parts: JourneyPart[];
  isDelegate: boolean;
}

export interface JourneyPart {
  turns: Turn[];
  maxSteps: number;
  modelId: string;
  expertVersion: string;
  /** How each delegate ends, in turn. */
  delegates: Omit<DelegateOutcome, "lastStep">[];
  isApproved: boolean;
  isSkillThere: boolean;
  /** Whether large results cannot be stored. */
  isDiskFull: boolean;
  isAnswering: boolean;
  /** What happens after so many events, if anything. */
  end: { at: number; how: "cancel" | "kill" } | undefined;
}

const text = fc.string({ unit: "grapheme", maxLength: 20 });
const call = fc.oneof(
  { weight: 3, arbitrary: fc.record({ tool: fc.constant("echo"), args: fc.record({ text }) }) },
  { weight: 1, arbitrary: fc.constant({ tool: "echo", args: { text: "x".repeat(40_000) } }) },
  { weight: 3, arbitrary: fc.record({ tool: fc.constantFrom("fail", "write", "noSuchTool", "distant") }) },
  { weight: 2, arbitrary: fc.constant({ tool: "attemptCompletion" }) },
  {
    weight: 2,
    arbitrary: fc.record({
      tool: fc.constant("todo"),
      args: fc.record({ newTodos: fc.array(text, { maxLength: 1 }), completedTodos: fc.array(fc.nat(3)) }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ tool: fc.constant("worker"), args: fc.record({ query: text }) }) },
  { weight: 1, arbitrary: fc.record({ tool: fc.constantFrom("worker", "ask", "echo"), args: fc.constant('{"cut') }) },
  { weight: 2, arbitrary: fc.record({ tool: fc.constant("ask"), args: fc.record({ question: text }) }) },
);
const fault = fc
  .record({ isRetryable: fc.boolean() })
  .map(
    ({ isRetryable }): Turn => ({ throws: new ModelError("A fault", { class: "provider_unavailable", isRetryable }) }),
  );
const turn: fc.Arbitrary<Turn> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ text, calls: fc.array(call, { minLength: 1, maxLength: 5 }) }) },
  { weight: 1, arbitrary: fc.record({ text }) },
  { weight: 1, arbitrary: fault },
  { weight: 1, arbitrary: fc.constant<Turn>({ text: "cut", finishReason: "length" }) },
);
const usage = fc.nat(100).map((inputTokens) => ({ inputTokens, outputTokens: 1, totalTokens: inputTokens + 1 }));
const delegate = fc.oneof(
  fc.record({ status: fc.constant("finished" as const), text, totalUsage: usage }),
  fc.record({ status: fc.constant("failed" as const), totalUsage: usage }),
  fc.record({ status: fc.constant("stopped" as const) }),
);
const part: fc.Arbitrary<JourneyPart> = fc
  .record({
    turns: fc.array(turn, { minLength: 1, maxLength: 6 }),
    maxSteps: fc.integer({ min: 1, max: 20 }),
    modelId: fc.constantFrom("claude-haiku-4-5", "nobody-knows-1"),
    expertVersion: fc.constantFrom("1.0.0", "1.1.0"),
    delegates: fc.array(delegate, { minLength: 1, maxLength: 4 }),
    isApproved: fc.boolean(),
    isDiskFull: fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
    isSkillThere: fc.oneof({ weight: 4, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
    isAnswering: fc.boolean(),
    end: fc.option(fc.record({ at: fc.integer({ min: 2, max: 40 }), how: fc.constantFrom("cancel", "kill") })),
  })
  .map((each) => ({ ...each, end: each.end ?? undefined }));

export const randomJourney: fc.Arbitrary<Journey> = fc.record({
  parts: fc.array(part, { minLength: 1, maxLength: 4 }),
  isDelegate: fc.boolean(),
});

export interface Travelled {
  dir: string;
  /** Every checkpoint that was saved, by id, as it was. */
  saved: Map<string, Checkpoint>;
}

/** @param from a checkpoint that the run goes on from, of another one */
export async function travel({ parts, isDelegate }: Journey, from?: Checkpoint): Promise<Travelled> {
  const root = await mkdtemp(join(tmpdir(), "runtrail-journey-"));
  const saved = new Map<string, Checkpoint>();
  let folder = await createRunFolder(root, { jobId: "job", runId: "run" }, newId);
  const { dir } = folder;
  for (const [index, each] of parts.entries()) {
    if (index > 0) folder = (await reopenRunFolder(dir, newId)).folder;
    const begins =
      index > 0 ? await goingOn(dir, each) : from ? branchOf(from) : { instruction: "Be good", jobStep: 0 };
    if (begins) await play(folder, each, { begins, saved, delegatedBy: isDelegate ? coordinator : undefined });
    await folder.close();
  }
  return { dir, saved };
}

const coordinator: DelegatedBy = {
  expert: { key: "@acme/chief@1.0.0", name: "@acme/chief@1.0.0", version: "1.0.0" },
  toolCallId: "c1",
  toolName: "solo",
  checkpointId: "above",
  runId: "other",
};

/** `undefined` where the run has finished. */
async function goingOn(dir: string, { isAnswering }: JourneyPart): Promise<RunBeginning | undefined> {
  const { run, events, base } = await readRecordedRun(dir);
  if (run.status === "finished") return undefined;
  const asked = isAnswering ? run.inputRequests : [];
  const answers = asked.map(({ toolCallId }) => ({ toolCallId, text: "Blue" }));
  return goOnFrom(run, events, conversationOf(events, base), { answers, by: "test" });
}

function branchOf(from: Checkpoint): RunBeginning {
  const { stepNumber: jobStep } = from;
  const messages = messagesOf(from);
  const isAnswered = from.status === "completed";
  const said = isAnswered ? [...messages, userMessage("next", "And now?")] : messages;
  return { messages: said, todos: isAnswered ? [] : todosOf(said), step: jobStep, jobStep };
}

interface PartSetup {
  begins: RunBeginning;
  saved: Map<string, Checkpoint>;
  delegatedBy: DelegatedBy | undefined;
}

class Killed extends Error {}

async function play(folder: RunFolder, part: JourneyPart, { begins, saved, delegatedBy }: PartSetup): Promise<void> {
  const { turns, maxSteps, modelId, expertVersion, delegates, isApproved, isDiskFull, end } = part;
  const abort = new AbortController();
  let events = 0;
  let delegated = 0;
  const isOver = () => end?.how === "kill" && events >= end.at;
  await runLoop(
    { ...scriptedModel(turns), modelId },
    {
      folder: isDiskFull ? { ...folder, spill: async (result) => spillOnFullDisk(result) } : folder,
      limits: { maxSteps },
      signal: abort.signal,
      beforeRecord() {
        if (isOver()) throw new Killed("Nothing is recorded any more");
      },
      onEvent(event) {
        if (!event.type.startsWith("stream")) events += 1;
        if (end?.how === "cancel" && events === end.at) abort.abort();
      },
      onCheckpoint(checkpoint) {
        saved.set(checkpoint.id, Checkpoint.parse(JSON.parse(JSON.stringify(checkpoint))));
        if (isOver()) throw new Killed("Nothing is stored any more");
      },
      approval: { ask: async () => ({ granted: isApproved, by: "test", remember: false }) },
      delegation: {
        async run({ stepsBefore }) {
          const outcome = delegates[delegated % delegates.length];
          delegated += 1;
          // Whoever is asked later may be done earlier.
          for (let wait = delegated % 3; wait > 0; wait -= 1) await new Promise(setImmediate);
          return { status: "failed", ...outcome, lastStep: stepsBefore + (delegated % 3) };
        },
      },
      setup: {
        ...{ begins, expertVersion, tools: offered, skills: skillSource(part), expertKey: "solo@1.0.0" },
        ...(delegatedBy && { delegatedBy, parent: { runId: delegatedBy.runId, toolCallId: delegatedBy.toolCallId } }),
      },
    },
  );
}

function spillOnFullDisk(result: ResultPart[]): KeptResult {
  if (JSON.stringify(result).length > 32_768) throw new Error("No space is left");
  return { result };
}

const definition = (name: string) => ({ name, description: name, inputSchema: { type: "object" } });

/** The expert's key in the definition has no version, the delegate's in the expert has one. */
const offered: OfferedTools = new Map<string, OfferedTool>([
  ...testTools.map((tool): [string, OfferedTool] => [tool.definition.name, { skill: "@perstack/base", tool }]),
  [
    "worker",
    { skill: "delegate/@acme/worker@1.0.0", definition: definition("worker"), delegate: { expertKey: "@acme/worker" } },
  ],
  ["ask", { skill: "questions", definition: definition("ask"), input: true }],
]);

const distant = defineTool({
  name: "distant",
  description: "A tool of a server",
  schema: z.object({}),
  effect: "read",
  execute: async () => jsonResult({ far: "away" }),
});

function skillSource({ isSkillThere }: JourneyPart): SkillSource {
  return {
    knownTools: [],
    async open({ emit }) {
      if (!isSkillThere) throw new SkillUnavailable("The skill is not there");
      emit({ type: "connectSkill", skill: "far", transport: "stdio", durationMs: 1, tools: ["distant"] });
      return { tools: [{ skill: "far", tool: distant }], close: async () => undefined };
    },
  };
}
