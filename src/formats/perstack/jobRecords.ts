/** `job.json` and the `run-setting.json` of each of its runs, as Perstack's schemas have them: no key and no environment. */
import type { EventOf, RunEvent } from "../../model/events";
import type { WrittenCheckpoint, WrittenEvent, WrittenInput, WrittenUsage } from "./writtenEvent";
import { noWrittenUsage, perstackLimits } from "./writtenParts";

interface Part {
  model: string;
  provider: string | undefined;
  expertKey: string;
  input: WrittenInput;
  reasoningBudget: string | number | undefined;
  limits: { maxSteps: number; maxRetries: number; timeout: number };
  startedAt: number;
  updatedAt: number;
}

type JobStatus = "running" | "completed" | "stoppedByMaxSteps" | "stoppedByInteractiveTool" | "stoppedByError";

export class JobRecords {
  /** By Perstack's run id. */
  private readonly parts = new Map<string, Part>();
  private readonly starts = new Map<string, EventOf<"startRun">>();
  private coordinator: EventOf<"startRun"> | undefined;
  private current: RunEvent | undefined;
  private newest: WrittenCheckpoint | undefined;
  private status: JobStatus = "running";
  private finishedAt: number | undefined;

  constructor(private readonly jobId: string) {}

  take(event: RunEvent): void {
    this.current = event;
    if (event.type === "startRun") {
      this.starts.set(event.runId, event);
      if (!event.parent) this.coordinator ??= event;
    }
    const parent = this.starts.get(event.runId)?.parent;
    if (parent && this.starts.has(parent.runId)) return;
    const status = statusAfter(event);
    if (!status) return;
    this.status = status;
    this.finishedAt = status === "running" || status === "stoppedByInteractiveTool" ? undefined : event.timestamp;
  }

  tell(told: WrittenEvent): void {
    const part = this.parts.get(told.runId);
    if (part) part.updatedAt = Math.max(part.updatedAt, told.timestamp);
    const start = this.starts.get(this.current?.runId ?? "");
    if (told.type === "initializeRuntime" && start) this.parts.set(told.runId, partOf(told, start));
    if ("checkpoint" in told) this.newest = told.checkpoint;
  }

  job() {
    const { coordinator, newest, finishedAt } = this;
    if (!coordinator) return undefined;
    return {
      id: this.jobId,
      coordinatorExpertKey: coordinator.expertKey,
      status: this.status,
      totalSteps: newest?.stepNumber ?? 0,
      startedAt: coordinator.timestamp,
      maxSteps: (coordinator.limits ?? perstackLimits).maxSteps,
      usage: newest?.usage ?? (noWrittenUsage satisfies WrittenUsage),
      ...(finishedAt !== undefined && { finishedAt }),
    };
  }

  settings(): { runId: string; setting: object }[] {
    return [...this.parts].map(([runId, part]) => ({ runId, setting: settingOf(this.jobId, runId, part) }));
  }
}

function statusAfter(event: RunEvent): JobStatus | undefined {
  switch (event.type) {
    case "startRun":
    case "resumeRun":
      return "running";
    case "finishRun":
      return "completed";
    case "errorRun":
      return "stoppedByError";
    case "stopRun":
      return stopStatus[event.reason];
    default:
      return undefined;
  }
}

const stopStatus: Readonly<Record<EventOf<"stopRun">["reason"], JobStatus>> = {
  input: "stoppedByInteractiveTool",
  maxSteps: "stoppedByMaxSteps",
  budget: "stoppedByMaxSteps",
  cancelled: "stoppedByError",
};

function partOf(
  told: Extract<WrittenEvent, { type: "initializeRuntime" }>,
  { provider, reasoningBudget, expertKey }: EventOf<"startRun">,
): Part {
  const { model, query, interactiveToolCall, maxSteps, maxRetries, timeout, timestamp } = told;
  const input = { ...(query !== undefined && { query }), ...(interactiveToolCall && { interactiveToolCall }) };
  const limits = { maxSteps, maxRetries, timeout };
  return { model, provider, expertKey, input, reasoningBudget, limits, startedAt: timestamp, updatedAt: timestamp };
}

function settingOf(jobId: string, runId: string, part: Part) {
  const { model, provider, expertKey, input, reasoningBudget, limits, startedAt, updatedAt } = part;
  return {
    model,
    providerConfig: providerConfigOf(provider),
    ...{ jobId, runId, expertKey },
    input: {
      ...(input.query !== undefined && { text: input.query }),
      ...(input.interactiveToolCall && { interactiveToolCallResult: input.interactiveToolCall }),
    },
    experts: {},
    ...(reasoningBudget !== undefined && { reasoningBudget }),
    ...limits,
    ...{ startedAt, updatedAt },
    perstackApiBaseUrl: "https://api.perstack.ai",
    env: {},
  };
}

/** Empty where Perstack wants a key. A provider that it does not have would make it pass over the whole run. */
function providerConfigOf(provider: string | undefined): object {
  switch (provider) {
    case "ollama":
    case "google-vertex":
      return { providerName: provider };
    case "amazon-bedrock":
      return { providerName: provider, accessKeyId: "", secretAccessKey: "", region: "" };
    case "google":
    case "openai":
    case "azure-openai":
    case "deepseek":
      return { providerName: provider, apiKey: "" };
    default:
      return { providerName: "anthropic", apiKey: "" };
  }
}
