/** The records of a run beside its journal: `run-info.yaml`, `run-setting.json`, and its share of `job.json`. */
import { basename } from "node:path";
import { addUsage, noUsage } from "../model/addUsage";
import type { Expert } from "../model/definition";
import type { RunOutcome, RunSetup } from "../runtime/runExpert";
import { type JobRecord, writeJobRecord, writeRunSetting } from "../store/jobRecord";
import { currentOwner } from "../store/processOwner";
import type { RunFolder } from "../store/runFolder";
import type { RunInfo } from "../store/runInfo";
import { exitCodeOf } from "./exitCodes";

export interface RunRecords {
  /** @param now Unix ms */
  start(now: number): Promise<void>;
  end(outcome: RunOutcome, steps: number, now: number): Promise<void>;
}

export function createRunRecords(
  folder: RunFolder,
  setup: RunSetup,
  about: { root: string; expert: Expert; previous: JobRecord | undefined; newId: () => string },
): RunRecords {
  const { root, expert, previous, newId } = about;
  let info: RunInfo;
  let job: JobRecord;
  return {
    async start(now) {
      const { model, jobId, runId, expertKey, query, limits, reasoningBudget } = setup;
      info = { ...describeRun(setup, root, now), ...(await currentOwner()) };
      job = {
        id: jobId,
        coordinatorExpertKey: expertKey,
        startedAt: now,
        totalSteps: 0,
        ...previous,
        status: "running",
        maxSteps: limits.maxSteps,
        usage: previous?.usage ?? noUsage,
        finishedAt: undefined,
      };
      await folder.writeInfo(info);
      const setting = {
        model: model.modelId ?? "",
        providerName: model.provider ?? "",
        ...{ jobId, runId, expertKey, query, reasoningBudget, startedAt: now },
        ...limits,
        experts: { [expertKey]: { key: expertKey, name: expertKey, version: setup.expertVersion, ...expert } },
      };
      await writeRunSetting(folder.dir, setting, newId());
      await writeJobRecord(folder.jobDir, job, newId());
    },
    async end(outcome, steps, now) {
      await folder.writeInfo({ ...info, ...describeEnd(outcome, steps, now) });
      await writeJobRecord(
        folder.jobDir,
        {
          ...job,
          status: jobStatusOf(outcome),
          totalSteps: Math.max(job.totalSteps, steps),
          usage: addUsage(job.usage, outcome.totalUsage),
          finishedAt: now,
        },
        newId(),
      );
    },
  };
}

function describeRun(setup: RunSetup, root: string, now: number): Omit<RunInfo, "pid" | "host"> {
  const { model } = setup;
  return {
    version: 1,
    run_id: setup.runId,
    project_id: projectIdOf(root),
    task_id: setup.jobId,
    agent: "runtrail",
    process_ownership: "managed",
    start_time: new Date(now).toISOString(),
    exit_code: -1,
    status: "running",
    cwd: root,
    agent_version: setup.runtimeVersion,
    expert_key: setup.expertKey,
    query: setup.query.length > 500 ? `${setup.query.slice(0, 499)}…` : setup.query,
    ...(model.provider && { provider: model.provider }),
    ...(model.modelId && { model: model.modelId }),
  };
}

function describeEnd(outcome: RunOutcome, steps: number, now: number): Partial<RunInfo> {
  const { status, stopReason, error, totalUsage } = outcome;
  const summary = error?.message ?? stopReason;
  return {
    end_time: new Date(now).toISOString(),
    exit_code: exitCodeOf(outcome),
    status: status === "finished" ? "completed" : "failed",
    ...(summary && { error_summary: summary }),
    ...(stopReason && { stop_reason: stopReason }),
    steps,
    usage: totalUsage,
  };
}

function jobStatusOf({ status, stopReason }: RunOutcome): JobRecord["status"] {
  if (status === "finished") return "completed";
  if (stopReason === "maxSteps") return "stoppedByMaxSteps";
  return stopReason === "input" ? "stoppedByInteractiveTool" : "stoppedByError";
}

/** Lower-case letters, digits and hyphens, as Conductor Loop wants its project ids. */
function projectIdOf(root: string): string {
  const slug = basename(root)
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "");
  return slug || "workspace";
}
