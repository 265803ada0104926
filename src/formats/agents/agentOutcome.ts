/** What a coding agent's captured output says of the whole, beyond the steps. */
import type { EventError } from "../../model/failure";
import type { Usage } from "../../model/usage";
import type { Ending, ForeignRunBuilder, Source } from "../foreignRunBuilder";
import type { Fields } from "./fields";

export interface AgentOutcome {
  sessionId?: string;
  model?: string;
  /** Its last word. */
  text?: string;
  isError?: boolean;
  /** The agent's own words. */
  error?: string;
  /** The same, in our classes. */
  failure?: EventError;
  /** All that was used, that of sub-agents included. */
  usage?: Usage;
  /** USD, as recorded. */
  cost?: number;
  durationMs?: number;
  /** Unix ms, where the output has times. */
  endedAt?: number;
  /** Whether the output tells that the agent came to its end. */
  isEnded: boolean;
  /** Whether anything in it is of the agent's stream; else it is text for a person. */
  isRecognized: boolean;
  /** Runs of sub-agents, which the builder's delegations lead to: theirs to be shown beside it. */
  delegates: readonly ForeignRunBuilder[];
}

/** Takes the records of a stream one after the other. */
export interface StreamTeller {
  take(record: Fields): void;
  /** After the last. */
  finish(): Omit<AgentOutcome, "isRecognized">;
}

/** Of the end of a run: what the output tells of the whole goes before what its steps add up to. */
export function agentTotals(
  builder: ForeignRunBuilder,
  { usage, cost, durationMs }: AgentOutcome,
  source: Source,
): Pick<Ending, "totalUsage" | "cost" | "durationMs"> {
  return {
    ...builder.totals(source),
    ...(usage && { totalUsage: usage }),
    ...(cost !== undefined && { cost }),
    ...(durationMs !== undefined && { durationMs }),
  };
}
