/** What a checkpoint tells of a run: a fold over its events, kept by the run and given back by its journal alike. */
import { foldMessage } from "./conversation";
import type { RunEvent } from "./events";
import type { Message } from "./message";
import { noSpending, type Spending, spendDelegate, spendGeneration } from "./spending";

export interface CheckpointFacts {
  readonly messages: Message[];
  spending: Spending;
  /** The last step of the job: beyond the run's own after a delegation. */
  jobStep: number;
  /** The last step of the job that is known from others than the run: what was before it, and its delegates. */
  stepOfOthers: number;
  /** Of the newest generation since the run began or went on. */
  lastTokens: number;
  /** The skill that offers a tool, by the tool's name. */
  readonly skills: Map<string, string>;
}

/** @param base the conversation that the run goes on from, if it does not begin from nothing */
export function beginFacts(base: readonly Message[] = []): CheckpointFacts {
  const messages = structuredClone([...base]);
  return { messages, spending: noSpending, jobStep: 0, stepOfOthers: 0, lastTokens: 0, skills: new Map() };
}

/** Changes `facts` in place by what the event tells (a large result read back in). */
export function foldFacts(facts: CheckpointFacts, event: RunEvent): void {
  foldMessage(facts.messages, event);
  facts.jobStep = Math.max(facts.jobStep, event.step);
  switch (event.type) {
    case "startRun":
      facts.stepOfOthers = Math.max(facts.stepOfOthers, event.stepsBefore ?? 0);
      facts.jobStep = Math.max(facts.jobStep, facts.stepOfOthers);
      for (const [tool, skill] of Object.entries(event.openSkills ?? {})) learn(facts.skills, tool, skill);
      return;
    case "resumeRun":
      // A step that had come to nothing is made again.
      facts.jobStep = Math.max(event.step, facts.stepOfOthers);
      facts.lastTokens = 0;
      return;
    case "connectSkill":
      for (const tool of event.tools ?? []) if (!facts.skills.has(tool)) facts.skills.set(tool, event.skill);
      return;
    case "finishGeneration":
      facts.lastTokens = event.usage?.totalTokens ?? facts.lastTokens;
      facts.spending = spendGeneration(facts.spending, event);
      for (const { tool, skill } of event.toolCalls) learn(facts.skills, tool, skill);
      return;
    case "startToolCall":
    case "requestInput":
      learn(facts.skills, event.tool, event.skill);
      return;
    case "finishDelegation":
      facts.spending = spendDelegate(facts.spending, event.childRunId, event);
      facts.stepOfOthers = Math.max(facts.stepOfOthers, event.lastStep ?? 0);
      facts.jobStep = Math.max(facts.jobStep, facts.stepOfOthers);
      return;
    default:
  }
}

/** By the tool's name, as events tell it. */
export function skillsIn(events: Iterable<RunEvent>): ReadonlyMap<string, string> {
  const facts = beginFacts();
  for (const event of events) foldFacts(facts, event);
  return facts.skills;
}

/** Of a tool that no skill offers the name is "". */
function learn(skills: Map<string, string>, tool: string, skill: string): void {
  if (skill !== "") skills.set(tool, skill);
}
