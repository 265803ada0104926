/** A model of the AI SDK as our `LanguageModel`: one streamed request a generation, never a retry, never a console line. */
import type { LanguageModelMiddleware, ToolSet } from "ai";
import type { GenerationRequest, LanguageModel, ToolDefinition } from "../ports";
import { toAbortError, toModelError } from "./classifyError";
import { collectAnswer } from "./collectAnswer";
import type { MapReasoning, ProviderOptions } from "./mapReasoning";
import type { Provider } from "./provider";
import { fullMedia, type MediaSupport, toModelMessages } from "./toModelMessages";

type Sdk = typeof import("ai");
type SdkModel = Parameters<Sdk["wrapLanguageModel"]>[0]["model"];

export interface AiSdkModelOptions {
  provider: Pick<Provider, "name" | "label" | "keyNames">;
  modelId: string;
  model: SdkModel;
  /** What errors must not show, wherever it turns up. */
  secrets: readonly string[];
  mapReasoning: MapReasoning;
  /** Sent with every request. */
  providerOptions?: ProviderOptions;
  media?: MediaSupport;
  /** Only the last chunk tells the usage: without it the answer was cut off. */
  endsWithUsage?: boolean;
}

export async function createAiSdkModel(options: AiSdkModelOptions): Promise<LanguageModel> {
  const sdk = await import("ai");
  const { provider, modelId, secrets } = options;
  const source = { label: provider.label, keyNames: provider.keyNames, modelId, secrets };
  const model = sdk.wrapLanguageModel({ model: options.model, middleware: withoutWarnings });
  return {
    provider: provider.name,
    modelId,
    async generate(request) {
      // Of our own, because leaving the stream early does not close the SDK's connection.
      const wire = new AbortController();
      try {
        request.signal.throwIfAborted();
        const { stream } = sdk.streamText({
          model,
          messages: toModelMessages(request.messages, options.media ?? fullMedia),
          allowSystemInMessages: true,
          tools: toTools(sdk, request.tools),
          toolChoice: request.toolChoice,
          maxRetries: 0,
          abortSignal: AbortSignal.any([request.signal, wire.signal]),
          // Errors come as parts of the stream; the SDK's default prints them.
          onError: () => undefined,
          ...reasoningOf(options, request),
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

function reasoningOf({ mapReasoning, providerOptions }: AiSdkModelOptions, { reasoningBudget }: GenerationRequest) {
  const choice = reasoningBudget === undefined ? {} : mapReasoning(reasoningBudget);
  const names = [...Object.keys(providerOptions ?? {}), ...Object.keys(choice.providerOptions ?? {})];
  const merged = names.map((name) => [name, { ...providerOptions?.[name], ...choice.providerOptions?.[name] }]);
  return {
    ...(choice.reasoning && { reasoning: choice.reasoning }),
    ...(merged.length > 0 && { providerOptions: Object.fromEntries(merged) as ProviderOptions }),
  };
}
