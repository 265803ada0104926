/** Commands that go on with a run: with a new query, where it stopped, from a checkpoint, or with what failed again. */
import * as vscode from "vscode";
import type { RunSummary } from "../../app/runIndex";
import { isAsking } from "../openQuestions";
import { askCheckpoint, askNext } from "./askCheckpoint";
import { askHigherLimits } from "./askHigherLimits";
import { chooseRun, isContinuable, isResumable, isRetryable, type KnownRun, modelOf } from "./chooseRun";
import type { CommandParts, Commands } from "./commandParts";
import { resolveTarget } from "./commandTarget";
import { askQuery } from "./pickExpert";

export function continueCommands(parts: CommandParts): Commands {
  const { app, starter, runsView } = parts;

  const resume = async (run: KnownRun) => {
    if (isAsking(run)) {
      await vscode.commands.executeCommand("runtrail.answerQuestion", run.dir);
      return;
    }
    const limits = await askHigherLimits(run, (await app.runs.load(run.dir)).run);
    if (limits) await starter.resume({ dir: run.dir, definitionPath: run.definitionPath, ...limits });
  };

  return {
    async continueRun(argument) {
      const { run } = (await chooseRun(argument, parts, "Choose the run to continue", isContinuable)) ?? {};
      if (!run) return;
      const { dir, definitionPath, expertKey } = run;
      const query = await askQuery({ definitionPath, expertKey }, app.runs.list(), undefined, `Continue ${expertKey}`);
      if (query) await starter.start({ definitionPath, expertKey, query, from: { kind: "continue", dir } });
    },
    async resumeRun(argument) {
      const chosen = await chooseRun(argument, parts, "Choose the run to go on with", isResumable);
      if (chosen) await resume(chosen.run);
    },
    async resumeFromCheckpoint(argument) {
      const chosen = await chooseRun(argument, parts, "Choose the run to go on from", isContinuable);
      const point = chosen && (await askCheckpoint(parts, chosen, "Resume"));
      if (!chosen || !point) return;
      const query = await askNext(`Resume ${chosen.run.expertKey} from step ${point.step}`, point.needsQuery);
      if (query === undefined) return;
      const { dir, definitionPath, expertKey } = chosen.run;
      const model = await modelOf(parts, dir);
      const from = { kind: "resume", dir, checkpointId: point.checkpointId } as const;
      await starter.start({ ...model, definitionPath, expertKey, query, from });
    },
    async retryFailed(argument) {
      const chosen = await chooseRun(argument, parts, "Choose the run to retry", isRetryable);
      if (!chosen) return;
      const { run, place } = chosen;
      const loaded = (await app.runs.load(run.dir)).run;
      const isAtEnd = place === undefined || place.step === loaded.steps.at(-1)?.step;
      if (run.status !== "finished" && isAtEnd) return await resume(run);
      const { dir, definitionPath, expertKey } = run;
      const from = { kind: "retry", dir, ...(place && { step: place.step }) } as const;
      await starter.start({ ...(await modelOf(parts, dir)), definitionPath, expertKey, query: "", from });
    },
    async revealOrigin(argument) {
      const hasOrigin = ({ origin }: RunSummary) => origin !== undefined;
      const target = await resolveTarget(argument, parts, "Choose the run whose origin to show", hasOrigin);
      const { origin, source, root } = (target && app.runs.get(target.dir)) ?? {};
      if (!origin) return;
      const { jobId, runId } = origin;
      // Ids of different systems may be the same.
      const isIt = (run: RunSummary) => run.runId === runId && run.jobId === jobId && run.source === source;
      const runs = app.runs.list().filter(isIt);
      const found = runs.find((run) => run.root === root) ?? runs[0];
      if (found) await runsView.reveal(found.dir, {}, true);
      else void vscode.window.showInformationMessage(`The run ${runId} that it came from is not in this workspace.`);
    },
  };
}
