/** The records of a run beside its journal: `run-info.yaml`, `run-setting.json`, and its share of `job.json`. */
import { basename } from "node:path";
import { addUsage, noUsage, subtractUsage } from "../model/addUsage";
import type { Expert } from "../model/definition";
import type { Redactor } from "../runtime/ports";
import type { RunOutcome, RunSetup } from "../runtime/runExpert";
import { type JobRecord, writeJobRecord, writeRunSetting } from "../store/jobRecord";
import { currentOwner } from "../store/processOwner";
import type { RunFolder } from "../store/runFolder";
import { type RunInfo, readRunInfo } from "../store/runInfo";
import { exitCodeOf } from "./exitCodes";

export interface RunRecords {
  /** @param now Unix ms */
  start(now: number): Promise<void>;
  end(outcome: RunOutcome, now: number): Promise<void>;
}

export function createRunRecords(
  folder: RunFolder,
  setup: RunSetup,
  about: {
    root: string;
    expert: Expert;
    /** What earlier runs of the job left. */
    previous: JobRecord | undefined;
    newId: () => string;
    redactor: Redactor;
  },
): RunRecords {
  const { root, expert, previous, newId, redactor } = about;
  // A delegate's share is told by the run that called it.
  const isTop = setup.parent === undefined;
  let info: RunInfo;
  let job: JobRecord;
  /** What the run had used before it went on: it is part of what the job had used. */
  let before = noUsage;
  return {
    async start(now) {
      const { model, jobId, runId, expertKey, query, limits, reasoningBudget } = setup;
      const earlier = await readRunInfo(folder.dir);
      before = earlier?.usage ?? noUsage;
      const begun = { start_time: earlier?.start_time ?? new Date(now).toISOString() };
      // Before the query is cut: a piece of a secret would not be found.
      const told = { ...setup, query: redactor.text(query) };
      info = redactor.value({ ...describeRun(told, root), ...begun, ...(await currentOwner()) });
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
      await writeRunSetting(folder.dir, redactor.value(setting), newId());
      if (isTop) await writeJobRecord(folder.jobDir, job, newId());
    },
    async end(outcome, now) {
      await folder.writeInfo({ ...info, ...describeEnd(outcome, now) });
      if (!isTop) return;
      await writeJobRecord(
        folder.jobDir,
        {
          ...job,
          status: jobStatusOf(outcome),
          totalSteps: Math.max(job.totalSteps, outcome.lastStep),
          usage: addUsage(job.usage, subtractUsage(outcome.totalUsage, before)),
          finishedAt: now,
        },
        newId(),
      );
    },
  };
}

function describeRun(setup: RunSetup, root: string): Omit<RunInfo, "pid" | "host" | "start_time"> {
  const { model } = setup;
  return {
    version: 1,
    run_id: setup.runId,
    ...(setup.parent && { parent_run_id: setup.parent.runId }),
    project_id: projectIdOf(root),
    task_id: setup.jobId,
    agent: "runtrail",
    process_ownership: "managed",
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

function describeEnd(outcome: RunOutcome, now: number): Partial<RunInfo> {
  const { status, stopReason, error, totalUsage, cost, lastStep } = outcome;
  const summary = error?.message ?? stopReason;
  return {
    end_time: new Date(now).toISOString(),
    exit_code: exitCodeOf(outcome),
    status: status === "finished" ? "completed" : "failed",
    ...(summary && { error_summary: summary }),
    ...(stopReason && { stop_reason: stopReason }),
    steps: lastStep,
    usage: totalUsage,
    ...(cost !== undefined && { cost }),
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
