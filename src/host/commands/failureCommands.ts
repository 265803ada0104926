/** The command that copies what failed in a run, a job or a step, small enough to be handed to a model. */
import * as vscode from "vscode";
import type { RunSummary } from "../../app/runIndex";
import { countTokens, digestFailures, digestMarkdown, type FailureDigest } from "../../model/failureDigest";
import { formatCost, formatTokens } from "../../model/formatting";
import { isRecord } from "../../model/toolText";
import { readPrices } from "../settings";
import { partOf } from "../sources";
import { jobKeyOf } from "../views/runTree";
import type { CommandParts, Commands } from "./commandParts";
import { targetOf } from "./commandTarget";
import { failedRun, hasFailure } from "./failedRun";

export function failureCommands(parts: CommandParts): Commands {
  const { app, redact } = parts;
  const runsMeant = async (argument: unknown): Promise<RunSummary[]> => {
    if (isRecord(argument) && argument.kind === "job") {
      // Oldest first: a job is read from its beginning.
      return app.runs
        .list()
        .filter((run) => jobKeyOf(run) === argument.jobDir && hasFailure(run))
        .toReversed();
    }
    const dir = await failedRun(argument, parts);
    const run = dir === undefined ? undefined : app.runs.get(dir);
    return run ? [run] : [];
  };
  return {
    async copyFailureSummary(argument) {
      const runs = await runsMeant(argument);
      if (runs.length === 0) return;
      // Of a step's row, what failed in the step.
      const place = isRecord(argument) && argument.kind === "step" ? targetOf(argument, parts)?.place : undefined;
      const digests: FailureDigest[] = [];
      for (const { dir } of runs) {
        const { run, events } = await app.runs.load(dir, partOf(place));
        const failures = run.failures.filter(({ step }) => place === undefined || step === place.step);
        digests.push(digestFailures({ ...run, failures }, events, { prices: readPrices() }));
      }
      if (digests.every(({ failures }) => failures.length === 0)) {
        void vscode.window.showInformationMessage("Nothing failed there: there is nothing to copy.");
        return;
      }
      const text = redact(digests.map(digestMarkdown).join("\n\n"));
      await vscode.env.clipboard.writeText(text);
      vscode.window.setStatusBarMessage(copiedWords(text, digests), 5000);
    },
  };
}

function copiedWords(text: string, digests: readonly FailureDigest[]): string {
  const whole = digests.reduce((sum, { log }) => sum + log.tokens, 0);
  const costs = digests.flatMap(({ log }) => (log.cost === undefined ? [] : [log.cost]));
  const cost = costs.length < digests.length ? "" : `, ${formatCost(costs.reduce((sum, each) => sum + each, 0))}`;
  const size = `about ${formatTokens(countTokens(text))} tokens`;
  return `Failure summary copied: ${size}; the whole log has about ${formatTokens(whole)}${cost}.`;
}
