/** From the arguments of `fork`, `rerun` and `retry` to a run under way. */
import type { App, StartFrom } from "../app/app";
import { launchPlan } from "../app/planGoingOn";
import { UserError } from "../base/errors";
import type { CliIo } from "./cliIo";
import type { ForkOptions } from "./commands/fork";
import type { RetryOptions } from "./commands/retry";
import { findEdit, findForkPoint } from "./forkPoint";
import { describeWaiting, type GoOnCommand } from "./howToGoOn";
import type { Launch } from "./launchRequest";
import { definitionInPlace, definitionOf, findRecorded, type RecordedPlace } from "./recordedRun";
import { type ModelOptions, readText, termsOf } from "./runOptions";

interface Recorded {
  id: string;
  io: CliIo;
}

/** Throws `UserError`. */
export async function forkLaunch(query: string | undefined, options: ForkOptions, about: Recorded): Promise<Launch> {
  const { id, io } = about;
  const text = query === undefined ? "" : await readText(query, io);
  if (query !== undefined && text.trim() === "") throw new UserError("The query is empty. Leave it out, or say more.");
  const wanted = options.edit && { ...options.edit, text: await readText(options.edit.text, io) };
  const startAt = await startFrom(options, io);
  return async (app) => {
    const place = await findRecorded(app, id, options, io);
    const { run } = place;
    const checkpointId = await findForkPoint(app, run, options);
    const edit = wanted && (await findEdit(wanted, app, run, checkpointId));
    const isAtEnd = checkpointId === undefined && run.status === "finished";
    if (isAtEnd && text === "" && !edit) {
      throw new UserError(
        `The run ${run.runId} has finished, so nothing is left to do from its end. Say what comes next, edit a message (--list shows them), or take an earlier --step.`,
      );
    }
    const from: StartFrom = {
      kind: "fork",
      dir: run.dir,
      checkpointId,
      edit,
      isNewInstruction: options.newInstruction,
    };
    return await startAt(app, place, { from, query: text, expertKey: options.expert ?? run.expertKey });
  };
}

/** Throws `UserError`. */
export async function rerunLaunch(options: ModelOptions, { id, io }: Recorded): Promise<Launch> {
  const startAt = await startFrom(options, io);
  return async (app) => {
    const place = await findRecorded(app, id, options, io);
    const { dir, expertKey } = place.run;
    return await startAt(app, place, { from: { kind: "rerun", dir }, query: "", expertKey });
  };
}

/** What ended early goes on in its own journal; calls of a step that failed are made again by a new run. Throws `UserError`. */
export async function retryLaunch(options: RetryOptions, command: GoOnCommand, { id, io }: Recorded): Promise<Launch> {
  const startAt = await startFrom(options, io);
  const terms = await termsOf(options, io);
  return async (app) => {
    const place = await findRecorded(app, id, options, io);
    const { run } = place;
    if (run.status === "running") throw new UserError(`The run ${run.runId} has not ended yet. Wait for its end.`);
    if (run.inputRequests?.length) throw new UserError(describeWaiting(run, command).join("\n"));
    if (options.step === undefined && run.status !== "finished") {
      const definitionPath = await definitionInPlace(run, options, place.root, io);
      const plan = { kind: "resume", run, answers: [] } as const;
      return await launchPlan(app, plan, { ...terms, definitionPath, workspaceRoot: place.root, by: "terminal" });
    }
    const from: StartFrom = { kind: "retry", dir: run.dir, step: options.step };
    return await startAt(app, place, { from, query: "", expertKey: run.expertKey });
  };
}

async function startFrom(options: ModelOptions, io: CliIo) {
  const terms = await termsOf(options, io);
  return async (
    app: App,
    { root, run }: RecordedPlace,
    what: { from: StartFrom; query: string; expertKey: string },
  ) => {
    const definitionPath = await definitionOf(run, options, root, io);
    return await app.start({ ...terms, ...what, definitionPath, workspaceRoot: root, jobId: options.jobId });
  };
}
