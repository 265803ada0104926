/** A checkpoint of which there is no snapshot (any more), as the journal of its run gives it back. */
import { buildCheckpoint, type CheckpointOptions, type CheckpointOwner, type DelegateRef } from "./buildCheckpoint";
import type { Checkpoint } from "./checkpoint";
import { beginFacts, type CheckpointFacts, foldFacts } from "./checkpointFacts";
import { pendingCallsOf } from "./conversation";
import { delegateKeyOf, delegateQueryOf } from "./delegateCall";
import type { RunEvent } from "./events";
import { cancelError } from "./failure";
import type { Message } from "./message";

/**
 * Equal to what was saved under this id, however much of the run came after it; `undefined` where no event names it. Only
 * the size of the model's context window is what is known of it today.
 * @param events of the run in order, large results read back in
 * @param base the conversation that the run went on from: the messages of the checkpoint that `startRun` names
 */
export function rebuildCheckpoint(
  events: readonly RunEvent[],
  id: string,
  base: readonly Message[] = [],
): Checkpoint | undefined {
  const at = events.findIndex((event) => isSavedBefore(event, id));
  const naming = events[at];
  if (!naming) return undefined;
  const { jobId, runId, expertKey } = naming;
  const owner: CheckpointOwner = { jobId, runId, expertKey, expertVersion: "1.0.0" };
  const facts = beginFacts(base);
  const end = naming.type === "startDelegation" ? beginOfDelegations(events, at) : at;
  for (const event of events.slice(0, end)) {
    foldFacts(facts, event);
    learnOwner(owner, event);
  }
  // Of another system's run this may be the first that tells of the step.
  facts.jobStep = Math.max(facts.jobStep, naming.step);
  const skillOf = (tool: string) => facts.skills.get(tool) ?? "";
  // Earlier versions did not say with the step that it is the last.
  const isAnswered = () => events.some((event) => event.type === "finishRun" && event.checkpointId === id);
  return buildCheckpoint(owner, facts, { id, skillOf, ...occasionOf(naming, facts, isAnswered) });
}

/** The first event that names it was recorded right after it was saved; what goes on from it names it again. */
function isSavedBefore(event: RunEvent, id: string): boolean {
  return (
    event.type !== "startRun" && event.type !== "resumeRun" && "checkpointId" in event && event.checkpointId === id
  );
}

function learnOwner(owner: CheckpointOwner, event: RunEvent): void {
  if (event.type !== "startRun" && event.type !== "resumeRun") return;
  owner.modelId = event.model;
  owner.expertVersion = event.expertVersion ?? owner.expertVersion;
  if (event.type === "startRun") owner.delegatedBy = event.delegatedBy;
}

/** Delegates are started one after the other; their checkpoint was saved before the first of these calls. */
function beginOfDelegations(events: readonly RunEvent[], at: number): number {
  const before = events.slice(0, at);
  const asked = before.findLastIndex(({ type }) => type === "finishGeneration" || type === "resumeRun");
  const first = before.findIndex(
    (event, index) => index > asked && event.type === "startToolCall" && delegateKeyOf(event) !== undefined,
  );
  return first < 0 ? at : first;
}

function occasionOf(
  naming: RunEvent,
  facts: CheckpointFacts,
  isAnswered: () => boolean,
): Pick<CheckpointOptions, "status" | "error" | "delegates"> {
  switch (naming.type) {
    case "startDelegation":
      return { status: "stoppedByDelegate", delegates: delegatesOf(facts) };
    case "finishStep":
      return { status: naming.isLast || isAnswered() ? "completed" : "proceeding" };
    case "finishRun":
      return { status: "completed" };
    case "errorRun":
      return { status: "stoppedByError", error: naming.error };
    case "stopRun":
      if (naming.reason === "cancelled") return { status: "stoppedByError", error: cancelError };
      return { status: naming.reason === "input" ? "stoppedByInteractiveTool" : "stoppedByExceededMaxSteps" };
    default:
      return { status: "proceeding" };
  }
}

function delegatesOf({ messages, skills }: CheckpointFacts): DelegateRef[] {
  return pendingCallsOf(messages).flatMap(({ id: toolCallId, tool: toolName, args }) => {
    const expertKey = delegateKeyOf({ skill: skills.get(toolName) ?? "" });
    const query = delegateQueryOf({ args });
    return expertKey === undefined || query === undefined ? [] : [{ toolCallId, toolName, expertKey, query }];
  });
}
