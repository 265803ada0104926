/** The first event of a run, or of its going on: what it was asked, and the conversation it stands on. */

import { pathToFileURL } from "node:url";
import { pendingCallsOf } from "../../model/conversation";
import type { EventPayload, Limits } from "../../model/events";
import type { Message } from "../../model/message";
import type { LinkedRun, Segment } from "./linkRuns";
import type { PerstackEvent } from "./perstackEvent";
import { messagesOf, textOf } from "./perstackMessages";
import type { RunBuilder } from "./runBuilder";
import type { RunSetting } from "./runSetting";
import { perstackLimits } from "./writtenParts";

/** What is known of a job beside its events. */
export interface RunPlace {
  jobId: string;
  /** By Perstack's run id. */
  settings: ReadonlyMap<string, RunSetting>;
  /** Absolute path of the folder that holds `perstack/jobs`, where that is known. */
  workspace?: string | undefined;
  /** Absolute path of the `perstack.toml` there. */
  definition?: string | undefined;
}

/**
 * Begins a run, or goes on with one that had stopped; one that waited for its delegates just goes on.
 * @returns the conversation that it goes on from
 */
export function openRun(builder: RunBuilder, segment: Segment, event: PerstackEvent, job: RunPlace): Message[] {
  const setting = job.settings.get(segment.runId);
  const limits = limitsOf(segment, setting);
  const model = segment.setup?.model ?? setting?.model;
  const provider = setting?.provider;
  const named = { ...(provider && { provider }), ...(model && { model }) };
  const source = { id: segment.start?.id, timestamp: event.timestamp };
  if (builder.events.length > 0) {
    const checkpointId = builder.checkpointIds.at(-1);
    const from = { by: "user", ...(checkpointId && { checkpointId }), ...(limits && { limits }) };
    if (builder.ending) builder.emit({ type: "resumeRun", ...from, ...named }, source);
    return [];
  }
  const opening = openingOf(segment);
  const stepsBefore = Math.max(0, (segment.start?.initialCheckpoint.stepNumber ?? 1) - 1);
  const runtime = segment.setup?.runtimeVersion;
  const told = {
    ...(stepsBefore > 0 && { stepsBefore }),
    runtimeVersion: runtime ? `perstack ${runtime}` : "perstack",
  };
  const start = startPayload(segment.run, opening, job);
  builder.emit({ ...start, ...named, limits: limits ?? perstackLimits, ...told }, source, 0);
  builder.messageCount = opening.count;
  for (const { id, tool, args } of pendingCallsOf(opening.base)) {
    builder.calls.set(id, { call: { id, skill: "", tool, args: args ?? null }, step: builder.step, isDone: false });
  }
  return opening.base;
}

function startPayload(
  run: LinkedRun,
  { query, instruction, checkpointId, version }: Opening,
  { jobId, workspace, definition }: RunPlace,
): Omit<EventPayload & { type: "startRun" }, "limits" | "runtimeVersion"> {
  return {
    type: "startRun",
    query,
    ...(instruction !== undefined && { instruction }),
    ...(checkpointId !== undefined && { checkpointId }),
    ...(definition !== undefined && { definition: { uri: pathToFileURL(definition).href } }),
    ...(workspace !== undefined && { workspace }),
    ...(version !== undefined && { expertVersion: version }),
    ...(run.parent && { parent: run.parent }),
    ...(run.origin && { origin: { ...run.origin, jobId } }),
    requestId: "",
    tools: [],
  };
}

interface Opening {
  query: string;
  instruction?: string | undefined;
  checkpointId?: string | undefined;
  version?: string | undefined;
  base: Message[];
  /** Messages of the conversation at the start. */
  count: number;
}

/** What a run was asked, and the conversation it goes on from; as far as it can be told where its start is lost. */
function openingOf({ start, setup, records }: Segment): Opening {
  const first = start?.initialCheckpoint;
  const version = first?.expert.version;
  const documented = records.find(({ event }) => event.type === "documentedStart")?.event;
  const asked = documented?.type === "documentedStart" ? documented : undefined;
  const generation = records.find(({ event }) => event.type === "startGeneration")?.event;
  const heard = generation?.type === "startGeneration" ? (generation.messages ?? []) : [];
  const input = start?.inputMessages ?? heard;
  const all = [...(first?.messages ?? []), ...input];
  const query = textOf(all, "userMessage") ?? setup?.query ?? asked?.query ?? "";
  const messages = messagesOf(all);
  const isFresh = messages.every(({ type }) => type === "instructionMessage" || type === "userMessage");
  const instruction = textOf(messages, "instructionMessage") ?? asked?.instruction;
  // The answers of delegates and people are told as results.
  const isWhole = messages.length <= 2 && (instruction !== undefined || messages.length === 0);
  if (isFresh && isWhole) return { query, instruction, version, base: [], count: messages.length };
  return { query, checkpointId: first?.id, version, base: messages, count: messages.length };
}

/** Perstack's own where nothing else is told. */

function limitsOf({ setup }: Segment, setting: RunSetting | undefined): Limits | undefined {
  const told = setup ?? setting;
  if (!told) return undefined;
  return {
    maxSteps: told.maxSteps ?? perstackLimits.maxSteps,
    maxRetries: told.maxRetries ?? perstackLimits.maxRetries,
    timeoutMs: told.timeout ?? perstackLimits.timeoutMs,
  };
}
