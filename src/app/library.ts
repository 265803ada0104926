/** The library: `import { run } from "runtrail"`. */
import { resolve } from "node:path";
import { messageOf } from "../base/errors";
import type { AnyEvent } from "../model/events";
import type { RunOutcome } from "../runtime/runExpert";
import type { ApprovalMode, RunChoices, StartRequest } from "./app";
import { createApp } from "./createApp";
import { requireDefinitionUpward } from "./findDefinitions";

export { UserError } from "../base/errors";
export type { AnyEvent, EventOf, EventType, LiveEvent, RunEvent } from "../model/events";
export type { ErrorClass, EventError } from "../model/failure";
export type { Usage } from "../model/usage";
export type { RunOutcome };

export interface RunParams extends RunChoices {
  expertKey: string;
  query: string;
  /** Folder to work in; the nearest `perstack.toml` from there upward defines the expert. */
  workspace: string;
  /** Path of the `perstack.toml`, where it is not that one. */
  config?: string;
  /** Per generation, in ms. */
  timeout?: number;
  envPaths?: readonly string[];
}

export interface RunOptions {
  /** Hears every event, durable ones after they are in the journal. What it throws is reported and harms nothing. */
  eventListener?: (event: AnyEvent) => void;
  /** Cancels the run. */
  signal?: AbortSignal;
  /** Whether the expert may write files and run commands; default "read-only". */
  approval?: Exclude<ApprovalMode, "ask">;
  /** Keys and base URLs; default `process.env`. */
  env?: Readonly<Record<string, string | undefined>>;
  /** Hears of failures beside the run, such as a listener that throws; default: a line on stderr. */
  onError?: (error: unknown, context: string) => void;
}

/**
 * Runs an expert to its end.
 * @returns how it ended; a run that fails is an outcome, not an exception
 * @throws UserError for a request or definition that cannot be run
 */
export async function run(
  params: RunParams,
  options: RunOptions = {},
): Promise<RunOutcome & { jobId: string; runId: string; dir: string }> {
  const { workspace, config, timeout, ...rest } = params;
  const { eventListener, signal, approval = "read-only", env = process.env } = options;
  const reportError =
    options.onError ??
    ((error: unknown, context: string) => process.stderr.write(`runtrail: ${context}: ${messageOf(error)}\n`));
  const root = resolve(workspace);
  const request: StartRequest = {
    ...rest,
    definitionPath: config ? resolve(root, config) : await requireDefinitionUpward(root),
    workspaceRoot: root,
    timeoutMs: timeout,
    approval,
  };
  const app = createApp({
    env,
    readSecrets: async () => ({}),
    askApproval: async () => ({ granted: false, by: "library", reason: "nobody can be asked", remember: true }),
    reportError,
  });
  const listening = app.onEvents((events) => {
    for (const event of events) callListener(eventListener, event, reportError);
  });
  try {
    signal?.throwIfAborted();
    const handle = await app.start(request);
    const onAbort = () => handle.cancel();
    signal?.addEventListener("abort", onAbort, { once: true });
    if (signal?.aborted) handle.cancel();
    const outcome = await handle.done;
    signal?.removeEventListener("abort", onAbort);
    return { ...outcome, jobId: handle.jobId, runId: handle.runId, dir: handle.dir };
  } finally {
    listening.dispose();
    app.dispose();
  }
}

function callListener(
  listener: RunOptions["eventListener"],
  event: AnyEvent,
  reportError: (error: unknown, context: string) => void,
): void {
  try {
    listener?.(event);
  } catch (error) {
    reportError(error, "event listener");
  }
}
