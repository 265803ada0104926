/** A checkpoint in Perstack's schema: everything needed to go on from the end of a step. */
import * as z from "zod";
import { EventError } from "./failure";
import { FilePart, ImagePart, Message, TextPart } from "./message";
import { Usage } from "./usage";

export const CheckpointStatus = z.enum([
  "init",
  "proceeding",
  "completed",
  "stoppedByInteractiveTool",
  "stoppedByDelegate",
  "stoppedByExceededMaxSteps",
  "stoppedByError",
]);
export type CheckpointStatus = z.infer<typeof CheckpointStatus>;

const ExpertRef = z.object({ key: z.string(), name: z.string(), version: z.string() });

/** A call of the last expert message that has no result yet. */
export const PendingToolCall = z.object({
  id: z.string(),
  skillName: z.string(),
  toolName: z.string(),
  args: z.unknown(),
});
export type PendingToolCall = z.infer<typeof PendingToolCall>;

/** Results of the step that others are still waited for; the tool message is written when all are there. */
const PartialToolResult = z.object({
  id: z.string(),
  skillName: z.string(),
  toolName: z.string(),
  result: z.array(z.discriminatedUnion("type", [TextPart, ImagePart, FilePart])),
  isError: z.boolean().optional(),
});
export type PartialToolResult = z.infer<typeof PartialToolResult>;

const DelegateTo = z.object({ expert: ExpertRef, toolCallId: z.string(), toolName: z.string(), query: z.string() });
export const DelegatedBy = z.object({
  expert: ExpertRef,
  toolCallId: z.string(),
  toolName: z.string(),
  checkpointId: z.string(),
  runId: z.string(),
});
export type DelegatedBy = z.infer<typeof DelegatedBy>;

export const Checkpoint = z.object({
  id: z.string(),
  jobId: z.string(),
  runId: z.string(),
  expert: ExpertRef,
  stepNumber: z.number().int().nonnegative(),
  status: CheckpointStatus,
  messages: z.array(Message),
  usage: Usage,
  contextWindow: z.number().optional(),
  /** 0 to 1: tokens of the last generation against the context window (Perstack's own sums up the job and passes 1). */
  contextWindowUsage: z.number().optional(),
  delegateTo: z.array(DelegateTo).optional(),
  delegatedBy: DelegatedBy.optional(),
  pendingToolCalls: z.array(PendingToolCall).optional(),
  partialToolResults: z.array(PartialToolResult).optional(),
  /** Perstack's has no class. */
  error: EventError.extend({ class: EventError.shape.class.optional() }).optional(),
  retryCount: z.number().int().optional(),
});
export type Checkpoint = z.infer<typeof Checkpoint>;
