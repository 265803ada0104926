/** `runtrail run` in the place of `perstack run`: its events, its messages, its exit codes. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { App, RunHandle } from "../app/app";
import { exitCodes } from "../app/exitCodes";
import { findDefinitionUpward } from "../app/findDefinitions";
import { createJobTeller } from "../app/jobTeller";
import { loadWhole } from "../app/loadWhole";
import type { RunSummary } from "../app/runIndex";
import { UserError } from "../base/errors";
import type { EventOf } from "../model/events";
import type { CliContext } from "./cliCommand";
import type { CliIo } from "./cliIo";
import { describeEnding } from "./describeEnding";
import { describeWaiting, type GoOnCommand } from "./howToGoOn";
import { type Launch, launchOf, rootOf } from "./launchRequest";
import { createPerstackPrinter } from "./perstackPrinter";
import { playRun } from "./playRun";
import type { RunOptions } from "./runOptions";

interface Request {
  expertKey: string;
  query: string | undefined;
  options: RunOptions;
  command: GoOnCommand;
}

/** @returns the exit code: 0 for whatever a run that began came to. Throws `UserError`. */
export async function printPerstackRun(request: Request, context: CliContext): Promise<number> {
  const { io } = context;
  const { options, command } = request;
  const launch = await perstackLaunch(request, io);
  const readerGone = new AbortController();
  let started: { app: App; handle: RunHandle } | undefined;
  const openTeller = () => {
    if (!started) throw new Error("An event comes after its run.");
    return createJobTeller(started.handle);
  };
  const printer = createPerstackPrinter(io, options, openTeller, () => readerGone.abort());
  if (options.runtime !== undefined && options.runtime !== "local") {
    printer.notice(`The runtime ${options.runtime} is not there: Runtrail runs the expert itself, on this machine.`);
  }
  const { outcome, run } = await playRun(
    async (app) => {
      const handle = await launch(app);
      started = { app, handle };
      return handle;
    },
    context,
    printer,
    { signal: readerGone.signal },
  );
  await printer.flush();
  if (printer.refusal) printer.notice(missingKey(printer.refusal, run?.provider));
  if (!readerGone.signal.aborted) for (const line of describeEnding(outcome, run, command)) printer.notice(line);
  await printer.flush();
  if (printer.refusal) return 1;
  return outcome.stopReason === "cancelled" ? exitCodes.cancelled : exitCodes.finished;
}

/** What is wrong with the request in the words that programs around Perstack may look for. */
async function perstackLaunch(request: Request, io: CliIo): Promise<Launch> {
  const { options, expertKey } = request;
  const { config, continueJob, resumeFrom } = options;
  const goesOn = options.continue === true || continueJob !== undefined;
  if (config === undefined && (await findDefinitionUpward(io.cwd)) === undefined) {
    throw new UserError("perstack.toml not found. Create one or specify --config path.");
  }
  if (config !== undefined && !/^https?:/iu.test(config) && !existsSync(resolve(io.cwd, config))) {
    throw new UserError(`Given config path "${config}" is not found`);
  }
  // Without a job to go on with, Perstack takes the answer as a query.
  const isAnswer = goesOn && options.interactiveToolCallResult === true;
  const launch = await launchOf({ ...request, options: { ...options, interactiveToolCallResult: isAnswer } }, io);
  if (!goesOn) return launch;
  const root = rootOf(options, io);
  return async (app) => {
    app.setFolders([root]);
    await app.runs.refresh();
    const all = app.runs.list();
    if (continueJob === undefined && all.length === 0) throw new UserError("No runs found");
    const jobId = continueJob ?? all.find(({ parentRunId }) => parentRunId === undefined)?.jobId ?? "";
    const ofJob = all.filter((run) => run.jobId === jobId);
    if (ofJob.length === 0) throw new UserError(`No checkpoints found for job ${jobId}`);
    const run = resumeFrom === undefined ? newestOf(ofJob) : await runWith(resumeFrom, ofJob, app);
    if (!run) throw new UserError(`Checkpoint ${resumeFrom} not found in job ${jobId}`);
    if (run.expertKey !== expertKey) {
      throw new UserError(`Checkpoint expert key ${run.expertKey} does not match input expert key ${expertKey}`);
    }
    if (!isAnswer && resumeFrom === undefined && (run.inputRequests ?? []).length > 0) {
      const waiting = describeWaiting(run, request.command).join("\n");
      throw new UserError(`Interactive tool call result is undefined\n${waiting}`);
    }
    return await launch(app);
  };
}

function newestOf(runs: readonly RunSummary[]): RunSummary | undefined {
  return runs.find(({ parentRunId }) => parentRunId === undefined) ?? runs[0];
}

async function runWith(checkpointId: string, runs: readonly RunSummary[], app: App): Promise<RunSummary | undefined> {
  for (const run of runs) {
    const { events } = await loadWhole(app.runs, run.dir);
    const isNamed = events.some((event) => "checkpointId" in event && event.checkpointId?.startsWith(checkpointId));
    if (isNamed) return run;
  }
  return undefined;
}

const keyNames: Readonly<Record<string, string>> = {
  anthropic: "ANTHROPIC_API_KEY",
  google: "GOOGLE_GENERATIVE_AI_API_KEY",
  openai: "OPENAI_API_KEY",
  "azure-openai": "AZURE_API_KEY",
  "amazon-bedrock": "AWS_ACCESS_KEY_ID",
  deepseek: "DEEPSEEK_API_KEY",
};

/** Perstack's provider is Anthropic where none is named. */
function missingKey({ error }: EventOf<"errorRun">, provider = "anthropic"): string {
  const name = keyNames[provider];
  return name === undefined ? error.message : `${name} is not set`;
}
