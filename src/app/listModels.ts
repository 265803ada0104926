/** Which models can be used now, provider by provider, and why the others cannot; what a picker shows. */
import { dirname } from "node:path";
import { raceAbort } from "../base/raceAbort";
import type { Definition } from "../model/definition";
import { formatCount, formatTime } from "../model/formatting";
import { oneLine } from "../model/plainText";
import { providers } from "../runtime/providers/index";
import type { Provider, ProviderContext, ProviderModel, Usability } from "../runtime/providers/provider";
import type { AppHost, ProviderChoice } from "./app";
import { readEnvFiles } from "./envFiles";
import { readDefinition } from "./findDefinitions";
import type { RunSummary } from "./runIndex";

/** Nobody waits longer for a list. */
const patience = 500;
const listedRuns = 10;

/** @param definitionPath its settings and `.env` files count; absent: the environment and stored keys alone. */
export async function listModels(
  host: AppHost,
  definitionPath: string | undefined,
  runs: readonly RunSummary[],
): Promise<ProviderChoice[]> {
  const definition = definitionPath === undefined ? undefined : await definitionAt(definitionPath);
  const context: Omit<ProviderContext, "setting"> = {
    env: await environmentOf(host, definitionPath, definition),
    recordings: {
      workspaceRoot: definitionPath === undefined ? "" : dirname(definitionPath),
      find: async () => undefined,
      list: async () => recordedRuns(runs),
    },
    languageModels: host.languageModels,
  };
  return await Promise.all(
    providers.map(async (provider) => {
      const isDefined = definition?.provider?.providerName === provider.name;
      const setting = (isDefined && definition.provider?.setting) || {};
      return await choiceOf(provider, { ...context, setting });
    }),
  );
}

async function choiceOf(provider: Provider, context: ProviderContext): Promise<ProviderChoice> {
  const { name, label, keyNames, defaultModel } = provider;
  const choice = { provider: name, label, keyNames, isOpen: !provider.isClosed };
  const usability = await inTime(provider.check(context)).catch((): Usability => late);
  if (!usability.usable) {
    const { reason, fix } = usability;
    return { ...choice, usable: false, reason, fix, models: [] };
  }
  const listed = await inTime(provider.listModels?.(context) ?? none).catch(() => none);
  const first = listed[0]?.id ?? defaultModel;
  return {
    ...choice,
    usable: true,
    models: listed.map((model) => ({
      ...model,
      ...(model.id !== undefined && model.id === first && { isDefault: true }),
    })),
  };
}

const late = { usable: false, reason: "it does not answer", fix: "Try again in a moment." } as const;
const none: Promise<readonly ProviderModel[]> = Promise.resolve([]);

function inTime<T>(work: Promise<T>): Promise<T> {
  return raceAbort(work, AbortSignal.timeout(patience));
}

/** A definition that cannot be read decides nothing; running it says what is wrong. */
async function definitionAt(path: string): Promise<Definition | undefined> {
  const document = await readDefinition(path).catch(() => undefined);
  return document?.definition;
}

async function environmentOf(
  host: AppHost,
  definitionPath: string | undefined,
  definition: Definition | undefined,
): Promise<ProviderContext["env"]> {
  const files =
    definitionPath === undefined
      ? {}
      : await readEnvFiles(dirname(definitionPath), definition?.envPath, { isConfined: true }).catch(() => ({}));
  const set = Object.fromEntries(Object.entries(host.env).filter(([, value]) => value));
  return { ...files, ...set, ...(await host.readSecrets(providers.flatMap(({ keyNames }) => keyNames))) };
}

function recordedRuns(runs: readonly RunSummary[]): ProviderModel[] {
  const recorded = runs.filter(({ steps, status, root }) => steps > 0 && status !== "running" && root === undefined);
  return recorded.slice(0, listedRuns).map(({ runId, expertKey, query, startedAt, steps }) => ({
    id: runId,
    name: oneLine(`${expertKey}: ${query}`, 80),
    detail: `${formatTime(startedAt)} · ${formatCount(steps, "step")}`,
  }));
}
