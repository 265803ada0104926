/** Everything that is decided before a run's folder is made: the expert, its model, tools, limits and instruction. */
import { realpath, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { pathToFileURL } from "node:url";
import { UserError } from "../base/errors";
import { baseSkillName, type Definition, type Expert, type ExpertEntry } from "../model/definition";
import type { Limits } from "../model/events";
import { priceOf } from "../model/prices";
import { writeInstruction } from "../runtime/instruction";
import { providers } from "../runtime/providers/index";
import type { RunSetup } from "../runtime/runExpert";
import { eventError } from "../runtime/runFailure";
import { baseTools } from "../runtime/tools/index";
import { type JobRecord, readJobRecord } from "../store/jobRecord";
import { checkId, layout } from "../store/layout";
import type { AppHost, StartRequest } from "./app";
import { readEnvFiles } from "./envFiles";
import { readDefinition } from "./findDefinitions";
import { createRecordingSource } from "./recordings";
import { type ResolvedModel, resolveModel } from "./resolveModel";
import { systemClock } from "./systemClock";

export interface PreparedRun {
  /** The workspace folder, links resolved. */
  root: string;
  setup: RunSetup;
  expert: Expert;
  /** What an earlier run of the same job left. */
  previous: JobRecord | undefined;
}

/** Throws `UserError` for what is wrong with the request, the definition or the folder. */
export async function prepareRun(
  request: StartRequest,
  host: AppHost,
  newId: () => string,
  runtimeVersion: string,
): Promise<PreparedRun> {
  const { definition, entry, expert } = await findExpert(request);
  if (request.query.trim() === "") throw new UserError("The query is empty. Say what the expert is to do.");
  if (request.jobId !== undefined) checkId("job", request.jobId);
  const definitionFolder = dirname(request.definitionPath);
  const root = await realRoot(request.workspaceRoot ?? definitionFolder);
  const model = unsupportedSkill(expert) ?? (await chooseModel(request, definition, definitionFolder, root, host));
  const jobId = request.jobId ?? newId();
  const previous = request.jobId === undefined ? undefined : await readJobRecord(layout.job(root, jobId));
  const instruction = writeInstruction({
    expertKey: entry.key,
    instruction: expert.instruction,
    workspaceRoot: root,
    now: systemClock.now(),
    rules: Object.entries(expert.skills ?? {}).flatMap(([skill, { rule }]) => (rule ? [{ skill, rule }] : [])),
    isReadOnly: request.approval === "read-only",
  });
  const setup: RunSetup = {
    jobId,
    runId: newId(),
    expertKey: entry.key,
    expertVersion: expert.version ?? "1.0.0",
    query: request.query,
    instruction,
    model,
    price: model.modelId === undefined ? undefined : priceOf(model.modelId, host.prices?.()),
    tools: offeredTools(expert),
    limits: limitsOf(request, definition),
    stepsBefore: previous?.totalSteps ?? 0,
    reasoningBudget: request.reasoningBudget ?? definition.reasoningBudget,
    definition: { uri: pathToFileURL(request.definitionPath).href, line: entry.range.line },
    workspaceRoot: root,
    requestId: newId(),
    runtimeVersion,
  };
  return { root, setup, expert, previous };
}

async function findExpert(
  request: StartRequest,
): Promise<{ definition: Definition; entry: ExpertEntry; expert: Expert }> {
  const { definitionPath: path, expertKey } = request;
  const document = await readDefinition(path);
  // What is wrong at the top of the file (a provider that does not exist, say) would change how any expert runs.
  const broken = document.problems.find(({ severity, expertKey: key }) => severity === "error" && key === undefined);
  const entry = document.experts.find(({ key }) => key === expertKey);
  const own = entry?.problems.find(({ severity }) => severity === "error");
  const problem = own ?? broken;
  if (problem) throw new UserError(problem.message, { path, line: problem.range.line, column: problem.range.column });
  if (!entry) {
    const keys = document.experts.map(({ key }) => key);
    const known = keys.length > 0 ? `It defines: ${keys.join(", ")}.` : "It defines no experts.";
    throw new UserError(`There is no expert “${expertKey}” in this file. ${known}`, { path });
  }
  const { expert } = entry;
  if (!expert || !document.definition) {
    throw new UserError(`The expert “${expertKey}” cannot be read.`, { path, line: entry.range.line });
  }
  return { definition: document.definition, entry, expert };
}

async function realRoot(root: string): Promise<string> {
  const real = await realpath(root).catch(() => undefined);
  const stats = real === undefined ? undefined : await stat(real).catch(() => undefined);
  if (real === undefined || !stats?.isDirectory()) {
    throw new UserError(`The workspace folder ${root} is ${stats ? "no folder" : "not there"}.`);
  }
  return real;
}

async function chooseModel(
  request: StartRequest,
  definition: Definition,
  definitionFolder: string,
  workspaceRoot: string,
  host: AppHost,
): Promise<ResolvedModel> {
  const files = await readEnvFiles(definitionFolder, request.envPaths ?? definition.envPath, {
    isConfined: request.envPaths === undefined,
  });
  const secrets = await host.readSecrets(providers.flatMap(({ keyNames }) => keyNames));
  const env = { ...files, ...definedOnly(host.env), ...secrets };
  const { expertKey, query } = request;
  const recordings = createRecordingSource({ workspaceRoot, definitionFolder, expertKey, query });
  return await resolveModel(request, definition, { env, recordings });
}

/** An empty variable of the process does not hide the one in a file. */
function definedOnly(env: AppHost["env"]): Record<string, string> {
  return Object.fromEntries(Object.entries(env).flatMap(([name, value]) => (value ? [[name, value]] : [])));
}

/** Said before anything is done: an expert without the tools it counts on would only guess. */
function unsupportedSkill(expert: Expert): ResolvedModel | undefined {
  const other = Object.entries(expert.skills ?? {}).find(([name]) => name !== baseSkillName);
  const what = other
    ? `the skill “${other[0]}” (${other[1].type})`
    : (expert.delegates ?? []).length > 0
      ? `delegates (${(expert.delegates ?? []).join(", ")})`
      : undefined;
  if (!what) return undefined;
  const message = `This expert uses ${what}. This version of Runtrail runs experts with the built-in skill ${baseSkillName} only.`;
  return { failure: eventError("skill_unavailable", message) };
}

function offeredTools(expert: Expert): RunSetup["tools"] {
  const base = expert.skills?.[baseSkillName];
  const { pick, omit } = base && "pick" in base ? base : { pick: undefined, omit: undefined };
  const offered = baseTools.filter(
    ({ definition: { name } }) => (!pick?.length || pick.includes(name)) && !omit?.includes(name),
  );
  return new Map(offered.map((tool) => [tool.definition.name, { skill: baseSkillName, tool }]));
}

function limitsOf(request: StartRequest, definition: Definition): Limits {
  return {
    maxSteps: request.maxSteps ?? definition.maxSteps ?? 100,
    maxRetries: request.maxRetries ?? definition.maxRetries ?? 5,
    timeoutMs: request.timeoutMs ?? definition.timeout ?? 300_000,
  };
}
