/** The contract of a skill that is not built in: it connects, offers tools, and is closed when the run ends. */
import type { EventPayload } from "../../model/events";
import type { Clock } from "../ports";
import type { Tool } from "../tools/tool";

export type SkillEvent = Extract<EventPayload, { type: "connectSkill" | "logSkill" | "disconnectSkill" }>;

export interface SkillContext {
  /** Absolute path of the workspace folder: servers start there. */
  workspaceRoot: string;
  clock: Clock;
  /** Aborted on cancel. */
  signal: AbortSignal;
  /** Records the events, all or none. Throws where they could not be recorded. */
  emit(...events: readonly SkillEvent[]): void;
}

export interface SkillSession {
  /** In the order in which they are offered; a name stands once. */
  readonly tools: readonly { skill: string; tool: Tool }[];
  /** Ends every server that was started. Never rejects; `disconnectSkill` is told for each that was connected. */
  close(): Promise<void>;
}

/** The skills of one expert, ready to be opened. */
export interface SkillSource {
  /** Names of the tools that are known without a connection, for the record. */
  readonly knownTools: readonly string[];
  /**
   * Connects what must be connected before the first step (all that no current lock file describes), side by side.
   * Throws `SkillUnavailable` for a skill that cannot be had; what was started by then is closed.
   */
  open(context: SkillContext): Promise<SkillSession>;
}

/** A skill cannot be had: the message says which, why and what to do. Thrown by a tool it makes the call end so. */
export class SkillUnavailable extends Error {
  override readonly name = "SkillUnavailable";
}
