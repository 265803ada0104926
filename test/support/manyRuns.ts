/** A workspace full of runs, made fast: job records, run records and journals as the app leaves them. */
import { mkdirSync, writeFileSync } from "node:fs";
import { stringify } from "yaml";
import type { JobRecord } from "../../src/store/jobRecord";
import { layout } from "../../src/store/layout";
import type { RunInfo } from "../../src/store/runInfo";
import { idOf, writeLargeLog } from "./largeLog";

export interface ManyRunsOptions {
  runs: number;
  /** Default 20. */
  eventsPerRun?: number;
  bytesPerEvent?: number;
  /** Default 1. */
  runsPerJob?: number;
  /** Of so many runs one fails; default 7. */
  failEach?: number;
}

export interface MadeRun {
  dir: string;
  jobId: string;
  runId: string;
  hasFailed: boolean;
}

/** Oldest first, a minute apart; 10,000 runs take some seconds. */
export function writeManyRuns(root: string, options: ManyRunsOptions): MadeRun[] {
  const { runs, eventsPerRun = 20, bytesPerEvent = 300, runsPerJob = 1, failEach = 7 } = options;
  const made: MadeRun[] = [];
  for (let number = 0; number < runs; number += 1) {
    const jobId = idOf(Math.floor(number / runsPerJob) + 1, "j");
    const runId = idOf(number + 1, "r");
    const hasFailed = number % failEach === failEach - 1;
    const dir = layout.run(root, jobId, runId);
    mkdirSync(dir, { recursive: true });
    const about = { jobId, runId, query: `Query ${number}`, startedAt: firstStart + number * 60_000 };
    const end = hasFailed ? "error" : "finish";
    const log = writeLargeLog(layout.journal(dir), { ...about, events: eventsPerRun, bytesPerEvent, end });
    const info = runInfo({ ...about, root, hasFailed, ...log });
    writeFileSync(layout.runInfo(dir), stringify(info, { lineWidth: 0 }));
    writeFileSync(layout.runSetting(dir), JSON.stringify(runSetting(about)));
    const job = jobRecord({ ...about, hasFailed, ...log });
    writeFileSync(layout.jobRecord(layout.job(root, jobId)), JSON.stringify(job, undefined, 2));
    made.push({ dir, jobId, runId, hasFailed });
  }
  return made;
}

const firstStart = Date.UTC(2026, 0, 1);

interface About {
  jobId: string;
  runId: string;
  query: string;
  startedAt: number;
}
type Ended = About &
  Pick<ReturnType<typeof writeLargeLog>, "steps" | "usage" | "cost" | "finishedAt"> & { hasFailed: boolean };

function runInfo(run: Ended & { root: string }): RunInfo {
  return {
    version: 1,
    run_id: run.runId,
    project_id: "workspace",
    task_id: run.jobId,
    agent: "runtrail",
    process_ownership: "managed",
    exit_code: run.hasFailed ? 1 : 0,
    status: run.hasFailed ? "failed" : "completed",
    cwd: run.root,
    agent_version: "0.1.0",
    expert_key: "solo",
    query: run.query,
    provider: "anthropic",
    model: "claude-sonnet-4-5",
    start_time: new Date(run.startedAt).toISOString(),
    pid: 4711,
    host: "elsewhere",
    end_time: new Date(run.finishedAt).toISOString(),
    steps: run.steps,
    usage: run.usage,
    cost: run.cost,
    ...(run.hasFailed && { error_summary: "Overloaded" }),
  };
}

function runSetting({ jobId, runId, query, startedAt }: About): object {
  return {
    ...{ model: "claude-sonnet-4-5", jobId, runId, expertKey: "solo", maxSteps: 1_000_000, maxRetries: 2 },
    experts: { solo: { key: "solo", name: "solo", version: "1.0.0", instruction: "Do what you are asked." } },
    providerConfig: { providerName: "anthropic", apiKey: "" },
    ...{ input: { text: query }, timeout: 60_000, startedAt, updatedAt: startedAt, env: {} },
    perstackApiBaseUrl: "https://api.perstack.ai",
  };
}

function jobRecord(run: Ended): JobRecord {
  return {
    id: run.jobId,
    coordinatorExpertKey: "solo",
    startedAt: run.startedAt,
    totalSteps: run.steps,
    status: run.hasFailed ? "stoppedByError" : "completed",
    maxSteps: 1_000_000,
    usage: run.usage,
    finishedAt: run.finishedAt,
  };
}
