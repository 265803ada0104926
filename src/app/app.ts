/** The application as its hosts (editor, terminal, library) see it: definitions, runs, and starting one. */

import type { Event } from "../base/bus";
import type { Disposable } from "../base/disposable";
import type { DefinitionDocument } from "../model/definition";
import type { AnyEvent } from "../model/events";
import type { ApprovalAnswer, ApprovalRequest } from "../runtime/ports";
import type { RunOutcome } from "../runtime/runExpert";
import type { RunIndex } from "./runIndex";

export type { RunOutcome };

/** "all": everything is allowed · "read-only": writes and exec are refused · "ask": the host is asked once a run. */
export type ApprovalMode = "ask" | "all" | "read-only";

/** What a request may decide over the definition. */
export interface RunChoices {
  provider?: string | undefined;
  model?: string | undefined;
  reasoningBudget?: string | number | undefined;
  maxSteps?: number | undefined;
  maxRetries?: number | undefined;
  /** Letters, digits, `.`, `_`, `-`; a new one where absent. */
  jobId?: string | undefined;
}

export interface StartRequest extends RunChoices {
  /** Absolute path of the `perstack.toml` that defines the expert. */
  definitionPath: string;
  expertKey: string;
  query: string;
  /** Per generation. */
  timeoutMs?: number | undefined;
  /** `.env` files to read, relative to the definition; default `.env` and `.env.local`. */
  envPaths?: readonly string[] | undefined;
  approval: ApprovalMode;
  /** The workspace folder that confines the run; default: the folder of the definition. */
  workspaceRoot?: string | undefined;
}

export interface RunHandle {
  /** Absolute path of the run's folder. */
  readonly dir: string;
  readonly jobId: string;
  readonly runId: string;
  /** Never rejects. */
  readonly done: Promise<RunOutcome>;
  /** Stops a generation or a tool in the middle; the run ends with `stopRun` (reason cancelled). */
  cancel(): void;
}

/** What a host gives the application. */
export interface AppHost {
  /** Environment of the process. */
  env: Readonly<Record<string, string | undefined>>;
  /** Keys the user stored, by the name of their environment variable. */
  readSecrets(names: readonly string[]): Promise<Record<string, string>>;
  /** Asks the user; only called with approval mode "ask". */
  askApproval(request: ApprovalRequest & { expertKey: string; runId: string }): Promise<ApprovalAnswer>;
  /** A bug or a subscriber's failure, for the log. Must not throw. */
  reportError(error: unknown, context: string): void;
  /** USD per million tokens by model id (`*` at the end matches a prefix), over the built-in table. */
  prices?(): Readonly<Record<string, { input: number; output: number; cachedInput?: number }>>;
}

export interface App extends Disposable {
  /** Every event of every run this application runs, in order, in batches of one tick at the most. */
  readonly onEvents: Event<readonly AnyEvent[]>;
  readonly runs: RunIndex;
  /** Workspace folders (absolute paths) whose runs and definitions are shown. */
  setFolders(folders: readonly string[]): void;
  /** All `perstack.toml` below the folders (not in node_modules and the like), parsed. */
  readDefinitions(signal?: AbortSignal): Promise<DefinitionDocument[]>;
  /** Closes runs whose process died (they get an `errorRun` of class `interrupted`). Writes: for trusted folders only. */
  recover(): Promise<void>;
  /** Throws `UserError` for what is wrong with the request or definition. */
  start(request: StartRequest): Promise<RunHandle>;
  /** The runs going on here. */
  readonly active: readonly RunHandle[];
  /** A query that fits: the recorded one where the expert replays a recording. */
  suggestQuery(definitionPath: string, expertKey: string): Promise<string | undefined>;
  /** Cancels what runs and waits until it has ended. */
  shutdown(): Promise<void>;
}
