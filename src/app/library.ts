/** The library: `import { EventLog, resume, run } from "runtrail"`. */
import { resolve } from "node:path";
import { messageOf, UserError } from "../base/errors";
import type { WrittenFormatName } from "../formats/format";
import type { AnyEvent } from "../model/events";
import type { RunOutcome } from "../runtime/runExpert";
import type { App, ApprovalMode, FlushMode, RunChoices, RunHandle } from "./app";
import { createApp } from "./createApp";
import { requireDefinitionUpward } from "./findDefinitions";
import { definitionFor, type GivenAnswer, launchPlan, planGoingOn } from "./planGoingOn";

export type { AnyEvent, EventOf, EventType, LiveEvent, RunEvent } from "../model/events";
export type { ErrorClass, EventError } from "../model/failure";
export type { Usage } from "../model/usage";
export { EventLog, type EventLogOptions, type EventLogProblem, type FollowOptions } from "./eventLog";
export type { GivenAnswer, RunOutcome };
export { UserError };

export interface RunParams extends RunChoices {
  expertKey: string;
  /** Needed unless an earlier job goes on. */
  query?: string;
  /** Folder to work in; the nearest `perstack.toml` from there upward defines the expert. */
  workspace: string;
  /** Path of the `perstack.toml`, where it is not that one. */
  config?: string;
  /** Per generation, in ms. */
  timeout?: number;
  envPaths?: readonly string[];
  /** The systems for which it is written too while it goes on, into `perstack/exports` of the workspace. */
  alsoWrite?: readonly WrittenFormatName[];
  /** When its log is flushed to the disk: with each event, at the end of each step (the default), or never. */
  flush?: FlushMode;
  /**
   * The job to go on with: with a query its newest run is continued by a new one; without, or with answers, the newest
   * run goes on in place.
   */
  continueJob?: string;
  /** With `continueJob`: a new run branches off from this checkpoint of the job. */
  resumeFrom?: string;
  /** With `continueJob`: to what the run asked, where it stopped for input. */
  answers?: readonly GivenAnswer[];
}

export interface ResumeParams extends Omit<RunChoices, "jobId"> {
  /** The folder of a run that stopped, failed or was interrupted: `dir` of its outcome. */
  dir: string;
  /** To what it asked, where it stopped for input. */
  answers?: readonly { toolCallId: string; text: string }[];
  /** Per generation, in ms. */
  timeout?: number;
  envPaths?: readonly string[];
  /** The systems for which it is written too while it goes on, into `perstack/exports` of the workspace. */
  alsoWrite?: readonly WrittenFormatName[];
  /** When its log is flushed to the disk: with each event, at the end of each step (the default), or never. */
  flush?: FlushMode;
}

export type PlayedRun = RunOutcome & { jobId: string; runId: string; dir: string };

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
 * Runs an expert to its end, or to where it stops for input or at a limit.
 * @returns how it ended; a run that fails is an outcome, not an exception
 * @throws UserError for a request or definition that cannot be run
 */
export async function run(params: RunParams, options: RunOptions = {}): Promise<PlayedRun> {
  const { workspace, config, expertKey, continueJob, resumeFrom, answers = [], query = "", ...choices } = params;
  const { jobId, timeout, ...rest } = choices;
  const root = resolve(workspace);
  if (continueJob === undefined && (resumeFrom !== undefined || answers.length > 0)) {
    throw new UserError("resumeFrom and answers need continueJob: the job they are about.");
  }
  const named = config ? resolve(root, config) : undefined;
  const { approval = "read-only" } = options;
  const terms = { ...rest, timeoutMs: timeout, approval, workspaceRoot: root };
  return await play(options, async (app) => {
    if (continueJob === undefined) {
      const definitionPath = named ?? (await requireDefinitionUpward(root));
      return await app.start({ ...terms, definitionPath, expertKey, query, jobId });
    }
    app.setFolders([root]);
    await app.runs.refresh();
    const ofJob = app.runs.list().filter((each) => each.jobId === continueJob);
    if (ofJob.length === 0) throw new UserError(`There is no job ${continueJob} in ${root}.`);
    const howToAnswer = ({ runId, inputRequests = [] }: (typeof ofJob)[number]) =>
      `The run ${runId} waits for answers: ${inputRequests.map(({ toolCallId, tool }) => `${toolCallId} (${tool})`).join(", ")}. Give them as “answers”.`;
    const plan = await planGoingOn(ofJob, { query, answers, resumeFrom }, { runs: app.runs, howToAnswer });
    if (plan.run.expertKey !== expertKey) {
      throw new UserError(`The run ${plan.run.runId} is of the expert “${plan.run.expertKey}”, not of “${expertKey}”.`);
    }
    const definitionPath = named ?? (await definitionFor(plan.run, root));
    return await launchPlan(app, plan, { ...terms, definitionPath, by: "library" });
  });
}

/**
 * Goes on with a run in its own journal.
 * @throws UserError where the run cannot go on: it has finished, goes on elsewhere, waits for answers not given
 */
export async function resume(params: ResumeParams, options: RunOptions = {}): Promise<PlayedRun> {
  const { timeout, dir, ...rest } = params;
  const { approval = "read-only" } = options;
  return await play(options, (app) =>
    app.resume({ ...rest, dir: resolve(dir), timeoutMs: timeout, approval, by: "library" }),
  );
}

async function play(options: RunOptions, launch: (app: App) => Promise<RunHandle>): Promise<PlayedRun> {
  const { eventListener, signal, env = process.env } = options;
  const reportError =
    options.onError ??
    ((error: unknown, context: string) => process.stderr.write(`runtrail: ${context}: ${messageOf(error)}\n`));
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
    const handle = await launch(app);
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
