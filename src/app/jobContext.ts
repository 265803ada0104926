/** What all runs of a job share: the definition, the environment, approval, budget and what must not be told. */
import { realpath, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { UserError } from "../base/errors";
import type { Definition, DefinitionDocument } from "../model/definition";
import type { Limits } from "../model/events";
import { createRedactor } from "../model/redact";
import type { CallOptions } from "../runtime/callOptions";
import { createJobBudget } from "../runtime/jobBudget";
import type { JobBudget, Redactor } from "../runtime/ports";
import { providers } from "../runtime/providers/index";
import type { Reaper } from "../runtime/reaper";
import { jobSpending } from "../store/jobSpending";
import type { AppHost, RunChoices, RunConditions } from "./app";
import { joinEnvironment, readEnvFiles } from "./envFiles";
import { readDefinition } from "./findDefinitions";
import { knownSecrets } from "./knownSecrets";

export interface JobContext {
  host: AppHost;
  /** The workspace folder, links resolved. */
  root: string;
  jobId: string;
  definitionPath: string;
  document: DefinitionDocument;
  definition: Definition;
  choices: RunChoices & RunConditions;
  limits: Limits;
  /** Secrets the user stored, then the environment, then the `.env` files. */
  env: Readonly<Record<string, string>>;
  redactor: Redactor;
  budget: JobBudget | undefined;
  /** The approval that holds for the rest of the job. */
  standing: CallOptions["standing"];
  /** Ends the servers of skills with this process. */
  reaper: Reaper;
  runtimeVersion: string;
  newId(): string;
}

export interface JobPlace {
  definitionPath: string;
  workspaceRoot?: string | undefined;
  jobId: string;
}

/** Throws `UserError` for a definition or a folder that cannot be used. */
export async function openJob(
  { definitionPath, workspaceRoot, jobId }: JobPlace,
  choices: RunChoices & RunConditions,
  ports: Pick<JobContext, "host" | "newId" | "reaper" | "runtimeVersion">,
): Promise<JobContext> {
  const { host, newId, reaper, runtimeVersion } = ports;
  const document = await readDefinition(definitionPath);
  // What is wrong at the top of the file (a provider that does not exist, say) would change how any expert runs.
  const errors = document.problems.filter(({ severity }) => severity === "error");
  const broken =
    errors.find(({ expertKey }) => expertKey === undefined) ?? (document.definition ? undefined : errors[0]);
  if (broken || !document.definition) {
    const range = broken?.range;
    const place = { path: definitionPath, ...(range && { line: range.line, column: range.column }) };
    throw new UserError(broken?.message ?? "The definition cannot be read.", place);
  }
  const { definition } = document;
  const root = await realRoot(workspaceRoot ?? dirname(definitionPath));
  const files = await readEnvFiles(dirname(definitionPath), choices.envPaths ?? definition.envPath, {
    isConfined: choices.envPaths === undefined,
  });
  const secrets = await host.readSecrets(providers.flatMap(({ keyNames }) => keyNames));
  const env = joinEnvironment({ files, env: host.env, secrets });
  const limits = limitsOf(choices, definition);
  return {
    ...{ host, root, jobId, definitionPath, document, definition, choices, limits, env, newId, reaper, runtimeVersion },
    redactor: createRedactor(knownSecrets({ definition, env: host.env, files, secrets })),
    budget: createJobBudget(limits, await jobSpending(root, jobId)),
    standing: {},
  };
}

async function realRoot(root: string): Promise<string> {
  const real = await realpath(root).catch(() => undefined);
  const stats = real === undefined ? undefined : await stat(real).catch(() => undefined);
  if (real === undefined || !stats?.isDirectory()) {
    throw new UserError(`The workspace folder ${root} is ${stats ? "no folder" : "not there"}.`);
  }
  return real;
}

function limitsOf(choices: RunChoices & RunConditions, definition: Definition): Limits {
  const maxTokens = choices.maxTokens ?? definition.maxTokens;
  const maxCost = choices.maxCost ?? definition.maxCost;
  return {
    maxSteps: choices.maxSteps ?? definition.maxSteps ?? 100,
    maxRetries: choices.maxRetries ?? definition.maxRetries ?? 5,
    timeoutMs: choices.timeoutMs ?? definition.timeout ?? 300_000,
    ...(maxTokens !== undefined && { maxTokens }),
    ...(maxCost !== undefined && { maxCost }),
  };
}
