/**
 * A session of a coding agent as one run: its query is the first prompt; where a turn ended the run has an end, and a
 * further prompt lets it go on.
 */
import type { EventPayload } from "../../model/events";
import type { EventError } from "../../model/failure";
import { ForeignRunBuilder, type Source } from "../foreignRunBuilder";
import type { ForeignGroup, ForeignRun } from "../format";
import type { AgentName } from "./agentOutput";

/** What a session's file says of it before anything is told. */
export interface SessionOpening {
  sessionId: string;
  /** The same unless it is a sub-agent's. */
  runId?: string | undefined;
  expertKey?: string | undefined;
  query?: string | undefined;
  model?: string | undefined;
  workspace?: string | undefined;
  version?: string | undefined;
  parent?: { runId: string; toolCallId?: string } | undefined;
  origin?: (EventPayload & { type: "startRun" })["origin"];
}

export function openSession(agent: AgentName, opening: SessionOpening, start: Source): ForeignRunBuilder {
  const { sessionId, runId = sessionId, expertKey = agent, query = "", model, workspace, version, parent } = opening;
  const builder = new ForeignRunBuilder({ jobId: sessionId, runId, expertKey });
  const isAbsolute = workspace !== undefined && /^(?:\/|[a-z]:[\\/]|\\\\)/iu.test(workspace);
  builder.emit(
    {
      ...{ type: "startRun", query },
      ...(model !== undefined && { model }),
      ...(isAbsolute && { workspace }),
      ...(version !== undefined && { runtimeVersion: version }),
      ...(parent && { parent }),
      ...(opening.origin && { origin: opening.origin }),
    },
    start,
  );
  return builder;
}

/** A turn came to its end with the agent's last word. */
export function finishTurn(builder: ForeignRunBuilder, text: string, source: Source): void {
  if (!builder.ending) builder.emit({ type: "finishRun", text, ...builder.totals(source) }, source);
}

export function failTurn(builder: ForeignRunBuilder, error: EventError, source: Source): void {
  if (!builder.ending) builder.emit({ type: "errorRun", error, ...builder.totals(source) }, source);
}

/** The person broke a turn off. */
export function stopTurn(builder: ForeignRunBuilder, message: string, source: Source): void {
  if (!builder.ending) {
    builder.emit({ type: "stopRun", reason: "cancelled", message, ...builder.totals(source) }, source);
  }
}

/** Before anything is told that happened after an end. */
export function resumeTurn(builder: ForeignRunBuilder, by: string, source: Source): void {
  if (builder.ending) builder.emit({ type: "resumeRun", by }, source);
}

/** The project that sessions were held in. */
export function projectGroup(folder: string): ForeignGroup {
  const label = folder.split(/[\\/]/u).findLast((part) => part !== "") ?? folder;
  return { id: folder, label, documents: [] };
}

export function toForeignRun(
  builder: ForeignRunBuilder,
  more: Pick<ForeignRun, "dir" | "problems"> & { group?: string | undefined },
): ForeignRun {
  const { jobId, runId } = builder.identity;
  const { group, ...rest } = more;
  return {
    ...{ jobId, runId, events: builder.events, sourceRunIds: [runId], checkpointIds: [] },
    ...rest,
    ...(group !== undefined && { group }),
  };
}
