/** What the runtime needs from its surroundings. `app` supplies it; tests supply scripted ones. */
import type { Disposable } from "../base/disposable";
import type { Checkpoint } from "../model/checkpoint";
import type { EventOf, FinishReason, LiveEvent, RunEvent } from "../model/events";
import type { ErrorClass, EventError } from "../model/failure";
import type { Message, ReasoningPart, ResultPart } from "../model/message";
import type { Usage } from "../model/usage";

export type { Redactor } from "../model/redact";

export interface Clock {
  /** Unix ms. */
  now(): number;
  /** Monotonic ms, for durations. */
  elapsed(): number;
  /** Resolves after `ms`, rejects with `signal.reason` when it is aborted first. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** Calls `action` after `ms` unless disposed of. */
  after(ms: number, action: () => void): Disposable;
}

/** What an event carries of a tool's result: all of it, or its head and where the whole lies. */
export interface KeptResult {
  result: ResultPart[];
  /** `file` is relative to the run's folder. */
  spilled?: { file: string; bytes: number };
}

/** Where a run's facts go. */
export interface RunRecorder {
  /**
   * Appends the events to the journal, all or none, then tells the bus. Throws where they could not be recorded: the run
   * then ends.
   */
  record(...events: readonly RunEvent[]): void;
  /** Tells the bus only. Must not throw. */
  stream(event: LiveEvent): void;
  /** Stores a large result. Throws where it could not be stored. */
  spill(result: ResultPart[]): Promise<KeptResult>;
  /** Stores a checkpoint. Throws where it could not be stored. */
  saveCheckpoint(checkpoint: Checkpoint): Promise<void>;
}

export interface ToolDefinition {
  name: string;
  description: string;
  /** JSON schema (draft 7) of the arguments, an object. */
  inputSchema: Record<string, unknown>;
}

export interface GenerationRequest {
  messages: readonly Message[];
  tools: readonly ToolDefinition[];
  /** "none": the tools are told (providers want them where the conversation has calls), but must not be called. */
  toolChoice: "auto" | "none";
  /** Aborted on cancel and on the generation's timeout: the wire must be closed then. */
  signal: AbortSignal;
  reasoningBudget?: string | number | undefined;
  /** What the requests of one conversation have in common, for the provider's prompt cache. */
  cacheKey?: string | undefined;
  /** Neither may throw. */
  onText(delta: string): void;
  onReasoning(delta: string): void;
}

export interface GenerationResult {
  text: string;
  reasoning: ReasoningPart[];
  /** `args` is a string where the model's arguments are no JSON. */
  toolCalls: { id: string; tool: string; args: unknown; providerOptions?: ReasoningPart["providerOptions"] }[];
  finishReason: FinishReason;
  /** Absent where the provider does not say. */
  usage?: Usage;
}

/** A model, opened and ready. */
export interface LanguageModel {
  readonly provider: string;
  readonly modelId: string;
  /** Throws `ModelError` for everything that the provider, the wire or the answer does wrong; nothing else but bugs. */
  generate(request: GenerationRequest): Promise<GenerationResult>;
}

/** A generation that failed, with what the event needs: class, status and whether trying again can help. */
export class ModelError extends Error {
  override readonly name = "ModelError";
  constructor(
    message: string,
    readonly details: {
      class: ErrorClass;
      isRetryable: boolean;
      statusCode?: number | undefined;
      /** What the provider asked us to wait. */
      retryAfterMs?: number | undefined;
      /** One line: what stands behind it, such as the head of the response body. Never a key or a header. */
      cause?: string | undefined;
    },
  ) {
    super(message);
  }
}

export interface ApprovalRequest {
  approvalId: string;
  toolCallId: string;
  skill: string;
  tool: string;
  effect: "write" | "exec";
  /** One line for the person asked, such as `exec: npm test`. */
  summary: string;
  signal: AbortSignal;
}

export interface ApprovalAnswer {
  granted: boolean;
  /** "user", "setting", "library", … */
  by: string;
  reason?: string;
  /** Whether this answer holds for the rest of the run. */
  remember: boolean;
}

/** Answers before the first write or exec of a run; `undefined`: everything is allowed and nobody is asked. */
export interface Approval {
  /** Must not throw but for an abort: not to be reached is a refusal with its reason. */
  ask(request: ApprovalRequest): Promise<ApprovalAnswer>;
}

export interface FileStat {
  type: "file" | "directory" | "other";
  size: number;
  createdAt: Date;
  modifiedAt: Date;
  accessedAt: Date;
  /** Permission bits. */
  mode: number;
}

export interface ExecRequest {
  command: string;
  args: readonly string[];
  /** Added to a small fixed environment, never the whole of ours. */
  env: Readonly<Record<string, string>>;
  /** Relative to the workspace, or absolute inside it. */
  cwd: string;
  timeoutMs: number;
  /** Bytes kept of stdout and of stderr each. */
  outputLimit: number;
  signal: AbortSignal;
  onOutput?(text: string): void;
}

export interface ExecResult {
  stdout: string;
  stderr: string;
  exitCode: number | null;
  /** The signal that ended it. */
  signal?: string;
  /** Why it did not end by itself. */
  ended: "exit" | "timeout" | "cancelled" | "signal";
  truncated: boolean;
}

/**
 * The only door through which tools touch the world. Every path is confined to the workspace folder, whatever `..`,
 * absolute names or symbolic links say; what leaves it, and `perstack/` inside it, throws `WorkspaceError`.
 */
export interface Workspace {
  /** Absolute, symbolic links resolved. */
  readonly root: string;
  /** The absolute path, checked as every other method checks it; "keep": a link in the last place stays as it is. */
  resolve(path: string, link?: "follow" | "keep"): Promise<string>;
  stat(path: string): Promise<FileStat | undefined>;
  readFile(path: string): Promise<Buffer>;
  writeFile(path: string, content: string): Promise<void>;
  appendFile(path: string, content: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  deleteFile(path: string): Promise<void>;
  list(path: string): Promise<{ name: string; stat: FileStat }[]>;
  createDirectory(path: string): Promise<void>;
  deleteDirectory(path: string, options: { recursive: boolean }): Promise<void>;
  exec(request: ExecRequest): Promise<ExecResult>;
}

/** A refusal or failure of the workspace, worded for the model. */
export class WorkspaceError extends Error {
  override readonly name = "WorkspaceError";
}

/** One call to a delegate: an expert of the same definition does the query in a run of its own, in the same job. */
export interface DelegateRequest {
  toolCallId: string;
  tool: string;
  expertKey: string;
  query: string;
  /** Of the run to be; where `isResumed`, of one that was broken off and goes on. */
  childRunId: string;
  isResumed: boolean;
  /** Of the parent, with this call pending. */
  checkpointId: string;
  /** Steps that the job has had so far. */
  stepsBefore: number;
  signal: AbortSignal;
}

export interface DelegateOutcome {
  status: "finished" | "failed" | "stopped";
  stopReason?: EventOf<"stopRun">["reason"];
  text?: string;
  error?: EventError;
  /** Absent where no run came about. */
  totalUsage?: Usage;
  /** USD; absent where unknown. */
  cost?: number;
  /** The job's last step so far. */
  lastStep: number;
}

export interface Delegation {
  /** Never rejects: a delegate that cannot be run is one that failed. */
  run(request: DelegateRequest): Promise<DelegateOutcome>;
}

/** What a job may still use, shared by all its runs. */
export interface JobBudget {
  spend(usage: Usage | undefined, cost: number | undefined): void;
  /** A sentence that says which limit is reached; `undefined` while none is. */
  exceeded(): string | undefined;
}
