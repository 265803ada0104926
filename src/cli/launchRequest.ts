/** From the arguments of `run` and `start` to a run under way: a new one, or an earlier job that goes on. */
import { dirname, resolve } from "node:path";
import type { App, RunHandle } from "../app/app";
import { type GivenAnswer, launchPlan, planGoingOn } from "../app/planGoingOn";
import type { RunSummary } from "../app/runIndex";
import { UserError } from "../base/errors";
import type { CliIo } from "./cliIo";
import { findRuns } from "./findRuns";
import { describeWaiting, type GoOnCommand } from "./howToGoOn";
import { parseAnswers } from "./parseAnswers";
import { definitionInPlace, definitionOf } from "./recordedRun";
import { definitionPathOf, type RunOptions, readText, termsOf } from "./runOptions";
import { workspaceRootOf } from "./workspaceRoot";

/** Throws `UserError` for what is wrong with the request, the definition or the run that shall go on. */
export type Launch = (app: App) => Promise<RunHandle>;

interface Request {
  expertKey: string;
  query: string | undefined;
  options: RunOptions;
  command: GoOnCommand;
}

/** Throws `UserError`. */
export async function launchOf(request: Request, io: CliIo): Promise<Launch> {
  const { options, query } = request;
  const { continueJob, resumeFrom, interactiveToolCallResult: isAnswer = false } = options;
  const goesOn = options.continue === true || continueJob !== undefined;
  if (resumeFrom !== undefined && continueJob === undefined) {
    throw new UserError("--resume-from requires --continue-job");
  }
  if (isAnswer && !goesOn) {
    throw new UserError(
      "-i answers a job that waits. Say which: --continue-job <id>, or --continue for the newest one.",
    );
  }
  if (query === undefined && !goesOn) {
    throw new UserError(
      "The query is missing. Say what the expert is to do, or go on with an earlier job: --continue-job <id>.",
    );
  }
  const text = query === undefined ? undefined : await readText(query, io);
  if (text?.trim() === "" && isAnswer) throw new UserError("The answer is empty.");
  if (text?.trim() === "") throw new UserError("The query is empty. Say what the expert is to do.");
  if (text === undefined && isAnswer) throw new UserError("The answer is missing: it stands in the query's place.");
  return goesOn ? await goOn(request, text ?? "", io) : await startNew(request, text ?? "", io);
}

async function startNew({ expertKey, options }: Request, query: string, io: CliIo): Promise<Launch> {
  const terms = await termsOf(options, io);
  const definitionPath = await definitionPathOf(options.config, io.cwd);
  const workspaceRoot = options.workspace === undefined ? undefined : resolve(io.cwd, options.workspace);
  return async (app) => {
    app.setFolders([workspaceRoot ?? dirname(definitionPath)]);
    return await app.start({ ...terms, definitionPath, workspaceRoot, expertKey, query, jobId: options.jobId });
  };
}

async function goOn({ expertKey, options, command }: Request, text: string, io: CliIo): Promise<Launch> {
  const terms = await termsOf(options, io);
  const root = rootOf(options, io);
  const isAnswer = options.interactiveToolCallResult === true;
  const answers: readonly GivenAnswer[] = isAnswer ? parseAnswers(text) : [];
  const query = isAnswer ? "" : text;
  return async (app) => {
    app.setFolders([root]);
    await app.runs.refresh();
    const all = app.runs.list();
    const ofJob = findRuns(all, { job: options.continueJob ?? newestJob(all, root) }, root);
    const howToAnswer = (run: RunSummary) => describeWaiting(run, command).join("\n");
    const plan = await planGoingOn(
      ofJob,
      { query, answers, resumeFrom: options.resumeFrom },
      { runs: app.runs, howToAnswer },
    );
    checkExpert(plan.run, expertKey);
    const find = plan.kind === "resume" ? definitionInPlace : definitionOf;
    const definitionPath = await find(plan.run, options, root, io);
    return await launchPlan(app, plan, { ...terms, definitionPath, workspaceRoot: root, by: "terminal" });
  };
}

function newestJob(all: readonly RunSummary[], root: string): string {
  const newest = all.find(({ parentRunId }) => parentRunId === undefined);
  if (newest) return newest.jobId;
  throw new UserError(`There are no runs in ${root} to go on with yet.`);
}

/** Where the runs lie: the folder that they may work in. */
export function rootOf({ workspace, config }: RunOptions, io: CliIo): string {
  const named = workspace ?? (config === undefined ? undefined : dirname(resolve(io.cwd, config)));
  return workspaceRootOf(io.cwd, named);
}

function checkExpert({ runId, expertKey: recorded }: RunSummary, expertKey: string): void {
  if (recorded === expertKey) return;
  throw new UserError(
    `The run ${runId} is of the expert “${recorded}”, not of “${expertKey}”. “runtrail fork ${runId} --expert ${expertKey}” goes on with another.`,
  );
}
