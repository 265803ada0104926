/** A checkpoint in Perstack's schema: everything needed to go on from the end of a step. */
import * as z from "zod";
import { EventError } from "./failure";
import { Message, ToolCall } from "./message";
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

export const Checkpoint = z.object({
  id: z.string(),
  jobId: z.string(),
  runId: z.string(),
  expert: z.object({ key: z.string(), name: z.string(), version: z.string() }),
  stepNumber: z.number().int().nonnegative(),
  status: CheckpointStatus,
  messages: z.array(Message),
  usage: Usage,
  contextWindow: z.number().optional(),
  /** 0 to 1: tokens of the last generation against the context window. */
  contextWindowUsage: z.number().optional(),
  pendingToolCalls: z.array(ToolCall).optional(),
  error: EventError.optional(),
  retryCount: z.number().int().optional(),
});
export type Checkpoint = z.infer<typeof Checkpoint>;
