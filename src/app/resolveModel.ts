/** Chooses the provider and opens the model: the one named, else the first that is usable. */
import type { Definition } from "../model/definition";
import type { EventError } from "../model/failure";
import { makerOf } from "../model/prices";
import type { LanguageModel } from "../runtime/ports";
import { providers } from "../runtime/providers/index";
import type { Provider, ProviderContext, Usability } from "../runtime/providers/provider";
import { eventError, toEventError } from "../runtime/runFailure";

export type ResolvedModel = LanguageModel | { provider?: string; modelId?: string; failure: EventError };

/** Never throws: a model that cannot be had is the run's failure. */
export async function resolveModel(
  wanted: { provider?: string | undefined; model?: string | undefined },
  definition: Definition,
  context: Omit<ProviderContext, "setting">,
): Promise<ResolvedModel> {
  const named = wanted.provider ?? definition.provider?.providerName;
  const isDefined = wanted.provider === undefined || wanted.provider === definition.provider?.providerName;
  const model = wanted.model ?? (isDefined ? definition.model : undefined);
  const setting = (isDefined && definition.provider?.setting) || {};
  const provider = named === undefined ? undefined : providers.find(({ name }) => name === named);
  if (named !== undefined && !provider) {
    const known = providers.map(({ name }) => name).join(", ");
    return {
      failure: eventError("invalid_definition", `There is no provider “${named}”. The providers are: ${known}.`),
    };
  }
  if (provider) return await openModel(provider, model, { ...context, setting });
  return await openFirstUsable(model, { ...context, setting: {} });
}

async function openFirstUsable(model: string | undefined, context: ProviderContext): Promise<ResolvedModel> {
  const maker = model === undefined ? undefined : makerOf(model);
  const candidates =
    maker === undefined ? providers : providers.filter(({ name }) => name === maker || name === "replay");
  const answers: { provider: Provider; usability: Usability }[] = [];
  for (const provider of candidates) {
    const usability = await provider.check(context);
    if (usability.usable) return await openModel(provider, provider.name === "replay" ? undefined : model, context);
    answers.push({ provider, usability });
  }
  const ways = answers.map(({ provider, usability }) =>
    usability.usable ? "" : `\n- ${provider.label}: ${usability.reason} ${usability.fix}`,
  );
  const message = `No model provider is usable. Any one of these is enough:${ways.join("")}`;
  return { ...(model && { modelId: model }), failure: eventError("provider_auth", message) };
}

/** A recording is named when it is opened; and an editor's models may come with extensions that have yet to start. */
const looksWhenOpened: ReadonlySet<string> = new Set(["replay", "vscode-lm"]);

async function openModel(
  provider: Provider,
  model: string | undefined,
  context: ProviderContext,
): Promise<ResolvedModel> {
  const modelId = model ?? provider.defaultModel;
  const failed = (failure: EventError) => ({ provider: provider.name, ...(modelId && { modelId }), failure });
  try {
    const usability: Usability = looksWhenOpened.has(provider.name) ? { usable: true } : await provider.check(context);
    if (!usability.usable) {
      return failed(
        eventError("provider_auth", `${provider.label} is not usable: ${usability.reason} ${usability.fix}`),
      );
    }
    return await provider.open(model, context);
  } catch (error) {
    return failed(toEventError(error));
  }
}
