/** `job.json` and `run-setting.json` in Perstack's schemas; never with a key or an environment in them. */
import { readFile } from "node:fs/promises";
import * as z from "zod";
import { parseJson } from "../base/lines";
import { Usage } from "../model/usage";
import { layout } from "./layout";
import { replaceFile } from "./replaceFile";

export const JobRecord = z.object({
  id: z.string(),
  status: z.enum(["running", "completed", "stoppedByMaxSteps", "stoppedByInteractiveTool", "stoppedByError"]),
  coordinatorExpertKey: z.string(),
  totalSteps: z.number().int().nonnegative(),
  maxSteps: z.number().int().optional(),
  usage: Usage,
  /** Unix ms. */
  startedAt: z.number(),
  finishedAt: z.number().optional(),
});
export type JobRecord = z.infer<typeof JobRecord>;

export async function readJobRecord(jobDir: string): Promise<JobRecord | undefined> {
  try {
    const parsed = JobRecord.safeParse(parseJson(await readFile(layout.jobRecord(jobDir), "utf8")));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

export async function writeJobRecord(jobDir: string, job: JobRecord, suffix: string): Promise<void> {
  await replaceFile(layout.jobRecord(jobDir), JSON.stringify(job, undefined, 2), { suffix, durable: true });
}

/** What a run was started with. */
export interface RunSetting {
  model: string;
  providerName: string;
  jobId: string;
  runId: string;
  expertKey: string;
  query: string;
  experts: Readonly<Record<string, unknown>>;
  reasoningBudget?: string | number | undefined;
  maxSteps: number;
  maxRetries: number;
  timeoutMs: number;
  /** Unix ms. */
  startedAt: number;
}

export async function writeRunSetting(runDir: string, setting: RunSetting, suffix: string): Promise<void> {
  const { providerName, query, timeoutMs, startedAt, ...rest } = setting;
  const content = {
    ...rest,
    providerConfig: { providerName, apiKey: "" },
    input: { text: query },
    timeout: timeoutMs,
    startedAt,
    updatedAt: startedAt,
    perstackApiBaseUrl: "https://api.perstack.ai",
    env: {},
  };
  await replaceFile(layout.runSetting(runDir), JSON.stringify(content), { suffix, durable: true });
}
