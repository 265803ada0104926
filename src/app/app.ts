/** The application as its hosts (editor, terminal, library) see it: definitions, runs, and starting one. */

import type { Event } from "../base/bus";
import type { Disposable } from "../base/disposable";
import type { WrittenFormatName } from "../formats/format";
import type { DefinitionDocument } from "../model/definition";
import type { AnyEvent, Origin } from "../model/events";
import type { Message } from "../model/message";
import type { PriceOverrides } from "../model/prices";
import type { InputAnswer } from "../runtime/callOptions";
import type { ApprovalAnswer, ApprovalRequest } from "../runtime/ports";
import type { EditorModels, ProviderModel } from "../runtime/providers/provider";
import type { RunOutcome } from "../runtime/runExpert";
import type { FlushMode } from "../store/journal";
import type { LogReader } from "./logReader";
import type { RunIndex, RunRoot } from "./runIndex";
import type { RunListener } from "./runJob";

export type { FlushMode, InputAnswer, RunOutcome };

/** "all": everything is allowed · "read-only": writes and exec are refused · "ask": the host is asked once a run. */
export type ApprovalMode = "ask" | "all" | "read-only";

/** What a request may decide over the definition. */
export interface RunChoices {
  provider?: string | undefined;
  model?: string | undefined;
  reasoningBudget?: string | number | undefined;
  maxSteps?: number | undefined;
  maxRetries?: number | undefined;
  /** Tokens and USD that the job may use, all its runs together. */
  maxTokens?: number | undefined;
  maxCost?: number | undefined;
  /** Letters, digits, `.`, `_`, `-`; a new one where absent. */
  jobId?: string | undefined;
}

/** What a run needs besides its expert and query. */
export interface RunConditions {
  /** Per generation. */
  timeoutMs?: number | undefined;
  /** `.env` files to read, relative to the definition; default `.env` and `.env.local`. */
  envPaths?: readonly string[] | undefined;
  approval: ApprovalMode;
  /** The systems for which the run is written too while it goes on, into `perstack/exports` of its workspace. */
  alsoWrite?: readonly WrittenFormatName[] | undefined;
  /** When its log is flushed to the disk; default "step". */
  flush?: FlushMode | undefined;
}

export interface StartRequest extends RunChoices, RunConditions {
  /** Absolute path of the `perstack.toml` that defines the expert. */
  definitionPath: string;
  expertKey: string;
  /** May be empty where the run goes on `from` an earlier one: then no message is added. */
  query: string;
  /** The workspace folder that confines the run; default: the folder of the definition. */
  workspaceRoot?: string | undefined;
  /** An earlier run that this one goes on from; absent: it begins from nothing. */
  from?: StartFrom | undefined;
  /** To what the earlier run asked, where it stopped for input. */
  answers?: readonly InputAnswer[] | undefined;
}

/** continue, resume and retry stay in the job; fork and rerun begin a job of their own. */
export interface StartFrom {
  kind: Origin["kind"];
  /** The earlier run's folder. */
  dir: string;
  /** Default: the newest of that run. */
  checkpointId?: string | undefined;
  /** retry: the step whose failed calls are made again. */
  step?: number | undefined;
  /** fork: what another text is put in place of; what came after it is dropped. */
  edit?: { messageId: string; text: string } | undefined;
  /** fork: the instruction as the definition has it now, instead of the recorded one. */
  isNewInstruction?: boolean | undefined;
}

/** A run that stopped, failed or was interrupted goes on in its own journal. */
export interface ResumeRequest extends RunConditions, Omit<RunChoices, "jobId"> {
  /** The run's folder. */
  dir: string;
  /** Absolute path of the definition, for a run that does not say it, such as one of another system. */
  definitionPath?: string | undefined;
  /** To what it asked, where it stopped for input; what is left open is asked again. */
  answers?: readonly InputAnswer[] | undefined;
  /** Who goes on with it: "user", "terminal", "library", … */
  by: string;
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
  /** The bundle of `logWorker.ts`, for a thread that reads logs; absent: they are read on this one. */
  logWorker?: URL | undefined;
  /** Where what was read may be kept for the next start (absolute path); absent: nowhere. */
  cacheFolder?: string | undefined;
  /** Whether files may be left beside a log, such as its index. Default: no. */
  mayWrite?(): boolean;
  /** Runs at the same time; the others wait for their turn. Default: 4. */
  maxConcurrentRuns?(): number;
  /** USD per million tokens by model id (`*` at the end matches a prefix), over the built-in table. */
  prices?(): PriceOverrides;
  /** The models that the editor offers, where there is an editor. */
  languageModels?: EditorModels | undefined;
}

/** What a run can go on from. */
export interface CheckpointContent {
  /** Absent where the run names none and its newest was taken. */
  id?: string;
  /** Steps of the job up to it. */
  step: number;
  messages: readonly Message[];
}

/** A provider, and what of it can be used now. */
export interface ProviderChoice {
  provider: string;
  /** For people. */
  label: string;
  usable: boolean;
  /** Why it is not usable, and what to do about it. */
  reason?: string;
  fix?: string;
  /** Environment variables that hold its keys. */
  keyNames: readonly string[];
  /** Whether its other models can be named too. */
  isOpen: boolean;
  models: readonly (ProviderModel & { isDefault?: true })[];
}

export interface App extends Disposable {
  /** Every event of every run this application runs, in order, in batches of one tick at the most. */
  readonly onEvents: Event<readonly AnyEvent[]>;
  readonly runs: RunIndex;
  /** Reads logs of any size without holding up this thread. */
  readonly logs: LogReader;
  /** Hears of the runs of this process. Whoever plays a run by other means tells it here, what is journaled first. */
  readonly listener: RunListener;
  /** Workspace folders (absolute paths) whose runs and definitions are shown. */
  setFolders(folders: readonly string[]): void;
  /** Where runs of other systems are looked for, the workspace folders included; done when they have been read. */
  setRoots(roots: readonly RunRoot[]): Promise<void>;
  /** All `perstack.toml` below the folders (not in node_modules and the like), parsed. */
  readDefinitions(signal?: AbortSignal): Promise<DefinitionDocument[]>;
  /** Closes runs whose process died (they get an `errorRun` of class `interrupted`). Writes: for trusted folders only. */
  recover(): Promise<void>;
  /** Throws `UserError` for what is wrong with the request or definition. */
  start(request: StartRequest): Promise<RunHandle>;
  /** Throws `UserError` where the run cannot go on: it has finished, goes on elsewhere, waits for answers not given. */
  resume(request: ResumeRequest): Promise<RunHandle>;
  /** The runs going on here, those that wait for their turn included; delegates belong to the run that called them. */
  readonly active: readonly RunHandle[];
  /** Default: the newest of the run. Throws `UserError` where there is none. */
  readCheckpoint(dir: string, checkpointId?: string): Promise<CheckpointContent>;
  /** A query that fits: the recorded one where the expert replays a recording. */
  suggestQuery(definitionPath: string, expertKey: string): Promise<string | undefined>;
  /** Every provider with its models, usable or not, in about a second at the most; the definition's settings count. */
  listModels(definitionPath?: string): Promise<ProviderChoice[]>;
  /** Cancels what runs and waits until it has ended. */
  shutdown(): Promise<void>;
}
