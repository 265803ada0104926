/** The first event of a run, or of its going on, and what it stands on by then. */
import type { DelegatedBy } from "../model/checkpoint";
import { lastResultsOf, pendingCallsOf } from "../model/conversation";
import type { DefinitionRef, EventPayload, Limits, Origin } from "../model/events";
import type { BrokenOff, CallOptions } from "./callOptions";
import { definitionOf, type OfferedTools } from "./offeredTool";
import type { RunStanding, RunState } from "./runState";
import type { SkillSource } from "./skills/skill";

export type RunBeginning =
  /** From nothing but the query, after so many steps of the job. */
  { instruction: string; jobStep: number } | GoingOn;

/** From a conversation: a new run, whose query is in it already, or with `journal` the same run again. */
export interface GoingOn extends RunStanding {
  /** What was under way when the run was broken off. */
  brokenOff?: BrokenOff | undefined;
  input?: CallOptions["input"];
  /** The conversation ends with the answer: only the end was not recorded. */
  isAnswered?: boolean | undefined;
  /** Who goes on with a run in its own journal, and from which checkpoint. */
  by?: string | undefined;
  checkpointId?: string | undefined;
}

export interface BeginOptions {
  query: string;
  begins: RunBeginning;
  model: { provider?: string; modelId?: string };
  tools: OfferedTools;
  skills?: SkillSource | undefined;
  limits: Limits;
  reasoningBudget?: string | number | undefined;
  definition?: DefinitionRef | undefined;
  origin?: Origin | undefined;
  parent?: { runId: string; toolCallId: string } | undefined;
  delegatedBy?: DelegatedBy | undefined;
  /** Absolute path of the workspace folder. */
  workspaceRoot?: string | undefined;
  expertVersion: string;
  requestId: string;
  runtimeVersion: string;
}

export async function beginRun(state: RunState, setup: BeginOptions): Promise<void> {
  const { begins } = setup;
  if ("journal" in begins && begins.journal) {
    state.emit(resumeEvent(setup, begins));
    return;
  }
  const conversation =
    "instruction" in begins
      ? { instruction: begins.instruction }
      : { checkpointId: await state.checkpoint("init"), ...openSkills(state) };
  state.emit(startEvent(setup, conversation));
}

/** No event of the run has named them yet. */
function openSkills({ messages, skillOf }: RunState): { openSkills?: Record<string, string> } {
  const pending = pendingCallsOf(messages);
  if (pending.length === 0) return {};
  const tools = [...pending.map(({ tool }) => tool), ...lastResultsOf(messages).map(({ toolName }) => toolName)];
  const known = [...new Set(tools)].map((tool) => [tool, skillOf(tool)] as const).filter(([, skill]) => skill !== "");
  return known.length > 0 ? { openSkills: Object.fromEntries(known) } : {};
}

function resumeEvent(
  { model, limits, expertVersion }: BeginOptions,
  { by = "user", checkpointId }: GoingOn,
): EventPayload {
  return {
    type: "resumeRun",
    ...(checkpointId !== undefined && { checkpointId }),
    by,
    limits,
    ...(model.provider && { provider: model.provider }),
    ...(model.modelId && { model: model.modelId }),
    expertVersion,
  };
}

function startEvent(
  setup: BeginOptions,
  conversation: { instruction: string } | { checkpointId: string; openSkills?: Record<string, string> },
): EventPayload {
  const { query, begins, model, limits, reasoningBudget, definition, origin, parent, workspaceRoot } = setup;
  const { delegatedBy, expertVersion, requestId, runtimeVersion, tools, skills } = setup;
  return {
    type: "startRun",
    query,
    ...conversation,
    ...(model.provider && { provider: model.provider }),
    ...(model.modelId && { model: model.modelId }),
    limits,
    ...(reasoningBudget !== undefined && { reasoningBudget }),
    ...(definition && { definition }),
    ...(workspaceRoot && { workspace: workspaceRoot }),
    expertVersion,
    ...(parent && { parent }),
    ...(delegatedBy && { delegatedBy }),
    ...(origin && { origin }),
    ...(begins.jobStep > 0 && { stepsBefore: begins.jobStep }),
    requestId,
    runtimeVersion,
    tools: [
      ...new Set([...[...tools.values()].map(definitionOf).map(({ name }) => name), ...(skills?.knownTools ?? [])]),
    ],
  };
}
