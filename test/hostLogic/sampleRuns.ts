/** Runs for the tests of what the editor shows: real events through the real reducer. */
import type { RunSummary } from "../../src/app/runIndex";
import { summarizeRun } from "../../src/app/summarizeRun";
import type { EventPayload, RunEvent } from "../../src/model/events";
import { type Run, runOf } from "../../src/model/run";

const usage = { inputTokens: 900, outputTokens: 100, totalTokens: 1000 };
const call = { toolCallId: "call-1", skill: "@perstack/base", tool: "exec" };
const totals = { totalUsage: usage, durationMs: 5000, cost: 0.01 };

/** Events in order, one second apart. */
export function eventsOf(payloads: readonly (EventPayload & { step?: number })[], runId = "run-1"): RunEvent[] {
  return payloads.map(
    (payload, index) =>
      ({
        id: `event-${index}`,
        timestamp: 1_770_000_000_000 + index * 1000,
        jobId: "job-1",
        runId,
        seq: index + 1,
        expertKey: "fix-the-sum",
        step: 1,
        ...payload,
      }) as RunEvent,
  );
}

export const started = {
  step: 0,
  type: "startRun",
  query: "Run the tests.\nMend what fails.",
  instruction: "You mend.",
  provider: "openai",
  model: "gpt-4o",
  limits: { maxSteps: 10, maxRetries: 5, timeoutMs: 1000 },
  definition: { uri: "file:///work/perstack.toml", line: 12 },
  requestId: "request-1",
  runtimeVersion: "0.1.0",
  tools: ["exec"],
} satisfies EventPayload & { step: number };

/** A step whose tool fails and which the expert gets past. */
export const recovering: readonly EventPayload[] = [
  { type: "startGeneration", attempt: 1, messageCount: 2 },
  {
    type: "finishGeneration",
    attempt: 1,
    usage,
    finishReason: "toolCalls",
    text: "I run the tests.",
    toolCalls: [{ id: "call-1", skill: "@perstack/base", tool: "exec", args: { command: "npm", args: ["test"] } }],
    durationMs: 1000,
  },
  { type: "startToolCall", ...call, args: { command: "npm", args: ["test"] } },
  {
    type: "finishToolCall",
    ...call,
    isError: true,
    errorClass: "tool_error",
    result: [{ type: "textPart", text: '{"error":"exit code 1","stdout":"1 failed\\n```\\n# not a heading"}' }],
    durationMs: 1000,
    touched: [
      { path: "src/sum.mjs", change: "read" },
      { path: "out/report.txt", change: "write" },
    ],
  },
  { type: "finishStep", usage, checkpointId: "checkpoint-1", durationMs: 4000 },
];

export const finished: EventPayload & { step: number } = { step: 1, type: "finishRun", text: "Mended.", ...totals };

export const failed: EventPayload & { step: number } = {
  step: 2,
  type: "errorRun",
  error: { name: "ModelError", message: "The model is gone", class: "provider_unavailable", isRetryable: true },
  ...totals,
};

export function runFrom(events: readonly RunEvent[]): Run {
  const run = runOf(events);
  if (!run) throw new Error("There are no events.");
  return run;
}

export function summaryOf(events: readonly RunEvent[], more: Partial<RunSummary> = {}): RunSummary {
  const dir = `/work/perstack/jobs/job-1/runs/${more.runId ?? "run-1"}`;
  return { ...summarizeRun(runFrom(events), { dir, isHere: false }), ...more };
}
