/** A run as a row: the summary that lists and trees show. */
import { fileURLToPath } from "node:url";
import { failingStepOf } from "../model/failures";
import { countSteps } from "../model/nodeItems";
import type { Run, RunStatus } from "../model/run";
import type { RunSummary } from "./runIndex";

export function summarizeRun(run: Run, place: { dir: string; isHere: boolean; status?: RunStatus }): RunSummary {
  const failure = failingStepOf(run);
  const definitionPath = run.definition && pathOf(run.definition.uri);
  return {
    dir: place.dir,
    jobId: run.jobId,
    runId: run.runId,
    expertKey: run.expertKey,
    query: run.query,
    status: place.status ?? run.status,
    ...(run.stopReason && { stopReason: run.stopReason }),
    startedAt: run.startedAt,
    ...(run.finishedAt !== undefined && { finishedAt: run.finishedAt }),
    ...(run.usage && { usage: run.usage }),
    ...(run.cost !== undefined && { cost: run.cost }),
    ...(run.model && { model: run.model }),
    steps: countSteps(run),
    ...(failure && { failure }),
    ...(run.parent && { parentRunId: run.parent.runId }),
    ...(run.parent?.toolCallId !== undefined && { parentToolCallId: run.parent.toolCallId }),
    ...(run.origin && { origin: run.origin }),
    ...(run.stopReason === "input" && { inputRequests: run.inputRequests }),
    ...(definitionPath && { definitionPath }),
    ...(definitionPath && run.definition?.line && { definitionLine: run.definition.line }),
    ...(run.status === "running" && { spending: run.spending }),
    isHere: place.isHere,
  };
}

function pathOf(uri: string): string | undefined {
  try {
    return fileURLToPath(uri);
  } catch {
    return undefined;
  }
}
