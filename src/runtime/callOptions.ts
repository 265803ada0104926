/** What carrying out the calls of a step needs. */
import type { OfferedTools } from "./offeredTool";
import type { Approval, Clock, Delegation, Workspace } from "./ports";

export interface CallOptions {
  tools: OfferedTools;
  workspace: Workspace;
  approval: Approval | undefined;
  /** Absent: calls to delegates fail. */
  delegation: Delegation | undefined;
  clock: Clock;
  newId(): string;
  signal: AbortSignal;
  /** A tool broke in a way nobody expected: for the log. The model hears of it as a tool error. Must not throw. */
  onBug(error: unknown): void;
  /** The answer that holds for the rest of the job. */
  standing: { answer?: { granted: boolean; reason?: string } };
  /** What was under way when the run was broken off, where it goes on after that. */
  brokenOff?: BrokenOff | undefined;
  /** What a person answered, and which calls were asked before. */
  input?: { answers: readonly InputAnswer[]; by: string; asked: ReadonlySet<string> } | undefined;
}

/** What a person answered to a call of an interactive skill. */
export interface InputAnswer {
  toolCallId: string;
  text: string;
}

export interface BrokenOff {
  /** Calls that had begun: nobody knows how far they got. */
  calls: ReadonlySet<string>;
  /** The run of the delegate, by the call that started it. */
  delegates: ReadonlyMap<string, string>;
}
