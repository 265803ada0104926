/** A checkpoint of a run that stands where its facts say. */
import type { Checkpoint, CheckpointStatus, DelegatedBy } from "./checkpoint";
import type { CheckpointFacts } from "./checkpointFacts";
import { lastResultsOf, pendingCallsOf } from "./conversation";
import type { EventError } from "./failure";
import { contextWindowOf } from "./prices";
import { totalUsageOf } from "./spending";

export interface CheckpointOwner {
  jobId: string;
  runId: string;
  expertKey: string;
  expertVersion: string;
  delegatedBy?: DelegatedBy | undefined;
  modelId?: string | undefined;
}

/** A pending call that delegates. */
export interface DelegateRef {
  toolCallId: string;
  toolName: string;
  expertKey: string;
  query: string;
}

export interface CheckpointOptions {
  id: string;
  status: CheckpointStatus;
  error?: EventError | undefined;
  delegates?: readonly DelegateRef[] | undefined;
  /** "" for a tool that no skill offers. */
  skillOf(tool: string): string;
}

export function buildCheckpoint(
  owner: CheckpointOwner,
  facts: CheckpointFacts,
  options: CheckpointOptions,
): Checkpoint {
  const { jobId, runId, expertKey, expertVersion, delegatedBy, modelId } = owner;
  const { id, status, error } = options;
  const contextWindow = modelId === undefined ? undefined : contextWindowOf(modelId);
  return {
    ...{ id, jobId, runId },
    expert: expertRef(expertKey, expertVersion),
    stepNumber: facts.jobStep,
    status,
    usage: totalUsageOf(facts.spending),
    ...(contextWindow !== undefined && {
      contextWindow,
      contextWindowUsage: Math.min(1, facts.lastTokens / contextWindow),
    }),
    ...(delegatedBy && { delegatedBy }),
    ...standingOf(facts, options),
    ...(error && { error }),
  };
}

type Standing = Pick<Checkpoint, "messages" | "pendingToolCalls" | "partialToolResults" | "delegateTo">;

/** As Perstack writes it: results of a step that is not done stand beside the conversation, not in it. */
function standingOf({ messages }: CheckpointFacts, { status, delegates = [], skillOf }: CheckpointOptions): Standing {
  const pending = pendingCallsOf(messages);
  // What a run begins with is its conversation as it goes on, ids and all.
  if (pending.length === 0 || status === "init") return { messages };
  const results = lastResultsOf(messages);
  const byDelegate = new Set(delegates.map(({ toolCallId }) => toolCallId));
  const others = pending.filter(({ id }) => !byDelegate.has(id));
  return {
    messages: results.length > 0 ? messages.slice(0, -1) : messages,
    ...(others.length > 0 && {
      pendingToolCalls: others.map(({ id, tool, args }) => ({ id, skillName: skillOf(tool), toolName: tool, args })),
    }),
    partialToolResults: results.map(({ toolCallId, toolName, contents, isError }) => ({
      id: toolCallId,
      skillName: skillOf(toolName),
      toolName,
      result: contents,
      ...(isError && { isError }),
    })),
    ...(delegates.length > 0 && {
      delegateTo: delegates.map(({ expertKey, ...rest }) => ({ expert: expertRef(expertKey, "1.0.0"), ...rest })),
    }),
  };
}

function expertRef(key: string, version: string): Checkpoint["expert"] {
  return { key, name: key.replace(/(?<=.)@[^/]*$/u, ""), version };
}
