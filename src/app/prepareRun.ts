/** Everything that is decided before a run's folder is made: the expert, its model, tools, skills and instruction. */
import { dirname } from "node:path";
import { pathToFileURL } from "node:url";
import { UserError } from "../base/errors";
import type { DelegatedBy } from "../model/checkpoint";
import type { Expert, ExpertEntry } from "../model/definition";
import type { Origin } from "../model/events";
import type { EventError } from "../model/failure";
import { type Price, priceOf } from "../model/prices";
import type { GoingOn } from "../runtime/beginRun";
import { writeInstruction } from "../runtime/instruction";
import type { OfferedTools } from "../runtime/offeredTool";
import type { RunSetup } from "../runtime/runExpert";
import { eventError } from "../runtime/runFailure";
import { findSkills } from "./findSkills";
import type { JobContext } from "./jobContext";
import { delegateEntry, offeredTools } from "./offeredTools";
import { createRecordingSource } from "./recordings";
import { type ResolvedModel, resolveModel } from "./resolveModel";
import { systemClock } from "./systemClock";

/** A run that is wanted in a job. */
export interface WantedRun {
  runId: string;
  expertKey: string;
  query: string;
  /** Absent: it begins from nothing. */
  goesOn?: GoingOn | undefined;
  /** Steps that the job has had. */
  jobStep: number;
  origin?: Origin | undefined;
  parent?: { runId: string; toolCallId: string } | undefined;
  delegatedBy?: DelegatedBy | undefined;
}

export interface PreparedRun {
  setup: RunSetup;
  expert: Expert;
}

/** Throws `UserError` where the definition has no such expert, or a broken one. */
export async function prepareRun(job: JobContext, wanted: WantedRun): Promise<PreparedRun> {
  const { document, definition, choices, limits, runtimeVersion, newId, root } = job;
  const { goesOn, query, runId, jobStep, origin, parent, delegatedBy } = wanted;
  const { entry, expert } = findExpert(job, wanted.expertKey);
  const offered = offeredTools(expert, document, parent !== undefined);
  const tools: OfferedTools = "tools" in offered ? offered.tools : new Map();
  const skills = await findSkills(job, { key: entry.key, expert }, tools.keys());
  const model: ResolvedModel = "failure" in offered ? offered : await chooseModel(job, entry.key, query, runId);
  const price = model.modelId === undefined ? undefined : priceOf(model.modelId, job.host.prices?.());
  const setup: RunSetup = {
    ...{ jobId: job.jobId, runId, query, limits, runtimeVersion, origin, parent, delegatedBy },
    expertKey: entry.key,
    expertVersion: expert.version ?? "1.0.0",
    begins: goesOn ?? { instruction: instructionFor(job, entry.key, expert), jobStep },
    model: withinBudget(model, price, job),
    price,
    tools,
    skills,
    reasoningBudget: choices.reasoningBudget ?? definition.reasoningBudget,
    definition: { uri: pathToFileURL(job.definitionPath).href, line: entry.range.line },
    workspaceRoot: root,
    requestId: newId(),
  };
  return { setup, expert };
}

/** What the model is told first, as the definition has it now. */
export function instructionFor(job: JobContext, expertKey: string, expert: Expert): string {
  return writeInstruction({
    expertKey,
    instruction: expert.instruction,
    workspaceRoot: job.root,
    now: systemClock.now(),
    rules: Object.entries(expert.skills ?? {}).flatMap(([skill, { rule }]) => (rule ? [{ skill, rule }] : [])),
    isReadOnly: job.choices.approval === "read-only",
  });
}

/** Throws `UserError`. */
export function findExpert(job: JobContext, expertKey: string): { entry: ExpertEntry; expert: Expert } {
  const { document, definitionPath: path } = job;
  const entry = delegateEntry(expertKey, document);
  if (!entry) {
    const keys = document.experts.map(({ key }) => key);
    const known = keys.length > 0 ? `It defines: ${keys.join(", ")}.` : "It defines no experts.";
    throw new UserError(`There is no expert “${expertKey}” in this file. ${known}`, { path });
  }
  const problem = entry.problems.find(({ severity }) => severity === "error");
  if (problem) throw new UserError(problem.message, { path, line: problem.range.line, column: problem.range.column });
  const { expert } = entry;
  if (!expert) throw new UserError(`The expert “${expertKey}” cannot be read.`, { path, line: entry.range.line });
  return { entry, expert };
}

async function chooseModel(job: JobContext, expertKey: string, query: string, runId: string): Promise<ResolvedModel> {
  const { root, env, choices, definition, definitionPath, host } = job;
  const recordings = createRecordingSource({
    workspaceRoot: root,
    definitionFolder: dirname(definitionPath),
    expertKey,
    query,
    // A run that goes on must not play itself.
    except: runId,
  });
  return await resolveModel(choices, definition, { env, recordings, languageModels: host.languageModels });
}

/** Money cannot be limited where nobody knows what is spent; what runs on this machine costs none. */
function withinBudget(model: ResolvedModel, price: Price | undefined, { limits }: JobContext): ResolvedModel {
  if (limits.maxCost === undefined || price || "failure" in model) return model;
  if (["replay", "ollama"].includes(model.provider)) return model;
  const message = `maxCost is ${limits.maxCost} USD, but what ${model.modelId} costs is not known. Set its price in the setting runtrail.prices, or limit maxTokens instead.`;
  return { provider: model.provider, modelId: model.modelId, failure: invalid(message) };
}

function invalid(message: string): EventError {
  return eventError("invalid_definition", message);
}
