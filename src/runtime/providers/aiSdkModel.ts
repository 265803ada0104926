/** A model of the AI SDK as our `LanguageModel`: one streamed request a generation, never a retry, never a console line. */
import type { LanguageModelMiddleware, ModelMessage, ToolSet } from "ai";
import type { GenerationRequest, LanguageModel, ToolDefinition } from "../ports";
import { toAbortError, toModelError } from "./classifyError";
import { collectAnswer } from "./collectAnswer";
import type { MapReasoning } from "./mapReasoning";
import { cacheKeyOption, markBreakpoints, type PromptCache } from "./promptCache";
import type { Provider } from "./provider";
import { mergeOptions, type ProviderOptions } from "./providerOptions";
import { fullMedia, type MediaSupport, toModelMessages } from "./toModelMessages";

type Sdk = typeof import("ai");
type SdkOptions = NonNullable<ModelMessage["providerOptions"]>;
type SdkModel = Parameters<Sdk["wrapLanguageModel"]>[0]["model"];

export interface AiSdkModelOptions {
  provider: Pick<Provider, "name" | "label" | "keyNames">;
  modelId: string;
  /** A function where what is sent depends on more than the SDK lets pass. */
  model: SdkModel | ((request: GenerationRequest) => SdkModel);
  /** What errors must not show, wherever it turns up. */
  secrets: readonly string[];
  /** The provider's name in the SDK's options. */
  optionsKey: string;
  mapReasoning: MapReasoning;
  /** Sent with every request, unless the definition's own options say otherwise. */
  defaults?: ProviderOptions;
  /** `[provider.setting.providerOptions]`. */
  options?: ProviderOptions | undefined;
  cache?: PromptCache;
  media?: MediaSupport;
  /** Only the last chunk tells the usage: without it the answer was cut off. */
  endsWithUsage?: boolean;
}

export async function createAiSdkModel(options: AiSdkModelOptions): Promise<LanguageModel> {
  const sdk = await import("ai");
  const { provider, modelId, secrets } = options;
  const source = { label: provider.label, keyNames: provider.keyNames, modelId, secrets };
  const modelFor = (request: GenerationRequest) => {
    const model = typeof options.model === "function" ? options.model(request) : options.model;
    return sdk.wrapLanguageModel({ model, middleware: withoutWarnings });
  };
  return {
    provider: provider.name,
    modelId,
    async generate(request) {
      // Of our own, because leaving the stream early does not close the SDK's connection.
      const wire = new AbortController();
      try {
        request.signal.throwIfAborted();
        const { stream } = sdk.streamText({
          model: modelFor(request),
          messages: markBreakpoints(
            toModelMessages(request.messages, options.media ?? fullMedia),
            options.optionsKey,
            options.cache,
          ),
          allowSystemInMessages: true,
          tools: toTools(sdk, request.tools),
          toolChoice: request.toolChoice,
          maxRetries: 0,
          abortSignal: AbortSignal.any([request.signal, wire.signal]),
          // Errors come as parts of the stream; the SDK's default prints them.
          onError: () => undefined,
          ...optionsOf(options, request),
        });
        return await collectAnswer(stream, request, {
          label: provider.label,
          endsWithUsage: options.endsWithUsage,
        });
      } catch (error) {
        if (request.signal.aborted) throw toAbortError(request.signal.reason);
        throw toModelError(error, source);
      } finally {
        wire.abort();
      }
    },
  };
}

/** The SDK would print them to the console. */
const withoutWarnings: LanguageModelMiddleware = {
  async wrapStream({ doStream }) {
    const { stream, ...rest } = await doStream();
    type Part = typeof stream extends ReadableStream<infer P> ? P : never;
    const silence = new TransformStream<Part, Part>({
      transform(part, controller) {
        controller.enqueue(part.type === "stream-start" ? { ...part, warnings: [] } : part);
      },
    });
    return { stream: stream.pipeThrough(silence), ...rest };
  },
};

function toTools(sdk: Sdk, tools: readonly ToolDefinition[]): ToolSet {
  return Object.fromEntries(
    tools.map(({ name, description, inputSchema }) => [
      name,
      sdk.dynamicTool({ description, inputSchema: sdk.jsonSchema(inputSchema), execute: undefined }),
    ]),
  );
}

function optionsOf(model: AiSdkModelOptions, { reasoningBudget, cacheKey }: GenerationRequest) {
  const { optionsKey, mapReasoning, defaults, options, cache } = model;
  const choice = reasoningBudget === undefined ? {} : mapReasoning(reasoningBudget);
  const merged = mergeOptions(defaults, cacheKeyOption(cache, cacheKey), options, choice.options);
  return {
    ...(choice.reasoning && { reasoning: choice.reasoning }),
    ...(Object.keys(merged).length > 0 && { providerOptions: { [optionsKey]: merged } as SdkOptions }),
  };
}
