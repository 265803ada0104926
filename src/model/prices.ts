/** What models cost and how much they can read, as far as we know for sure: unknown is `undefined`, never 0. */
import type { Usage } from "./usage";

/** USD per million tokens. */
export interface Price {
  input: number;
  output: number;
  /** Of input read from the provider's cache; the price of input where absent. */
  cachedInput?: number;
  /** Of input written into the provider's cache; the price of input where absent. */
  cacheWrite?: number;
}

/** Prices of the user's own: by model id, or by its beginning with `*` at the end. */
export type PriceOverrides = Readonly<Record<string, Price>>;

interface KnownModel {
  price: Price;
  contextWindow: number;
}

const known: Readonly<Record<string, KnownModel>> = {
  ...claudeModels(200_000, {
    "claude-opus-4-6": [5, 25, 0.5],
    "claude-opus-4-5": [5, 25, 0.5],
    "claude-opus-4-1": [15, 75, 1.5],
    "claude-opus-4-0": [15, 75, 1.5],
    "claude-opus-4": [15, 75, 1.5],
    "claude-sonnet-4-6": [3, 15, 0.3],
    "claude-sonnet-4-5": [3, 15, 0.3],
    "claude-sonnet-4-0": [3, 15, 0.3],
    "claude-sonnet-4": [3, 15, 0.3],
    "claude-haiku-4-5": [1, 5, 0.1],
    "claude-3-7-sonnet": [3, 15, 0.3],
    "claude-3-5-sonnet": [3, 15, 0.3],
    "claude-3-5-haiku": [0.8, 4, 0.08],
    "claude-3-opus": [15, 75, 1.5],
    "claude-3-haiku": [0.25, 1.25, 0.03],
  }),
  ...models(400_000, {
    "gpt-5.2": [1.75, 14, 0.175],
    "gpt-5.1": [1.25, 10, 0.125],
    "gpt-5.1-codex": [1.25, 10, 0.125],
    "gpt-5": [1.25, 10, 0.125],
    "gpt-5-codex": [1.25, 10, 0.125],
    "gpt-5-mini": [0.25, 2, 0.025],
    "gpt-5-nano": [0.05, 0.4, 0.005],
  }),
  ...models(1_047_576, {
    "gpt-4.1": [2, 8, 0.5],
    "gpt-4.1-mini": [0.4, 1.6, 0.1],
    "gpt-4.1-nano": [0.1, 0.4, 0.025],
  }),
  ...models(128_000, {
    "gpt-4o": [2.5, 10, 1.25],
    "gpt-4o-mini": [0.15, 0.6, 0.075],
    "deepseek-chat": [0.28, 0.42, 0.028],
    "deepseek-reasoner": [0.28, 0.42, 0.028],
  }),
  ...models(200_000, { o3: [2, 8, 0.5], "o4-mini": [1.1, 4.4, 0.275], "o3-mini": [1.1, 4.4, 0.55], o1: [15, 60, 7.5] }),
  ...models(1_048_576, {
    "gemini-2.5-pro": [1.25, 10, 0.125],
    "gemini-2.5-flash": [0.3, 2.5, 0.03],
    "gemini-2.5-flash-lite": [0.1, 0.4, 0.01],
    "gemini-2.0-flash": [0.1, 0.4, 0.025],
  }),
};

/** What may stand behind a model's name without making it another model: a date, a version, `latest`. */
const versionSuffix = /^(?:-latest|[-@]\d{8}|-\d{4}-\d{2}-\d{2}|-\d{3,4})?(?:-v\d+(?::\d+)?)?$/;

/** Of Bedrock's and Vertex' names, what stands in front of the model: `us.anthropic.`, `models/`. */
const routePrefix = /^(?:(?:[a-z]+\.)?anthropic\.|(?:.*\/)?models\/)/;

export function priceOf(modelId: string, overrides: PriceOverrides = {}): Price | undefined {
  return overrideOf(modelId, overrides) ?? knownModel(modelId)?.price;
}

/** Tokens that fit into one request. */
export function contextWindowOf(modelId: string): number | undefined {
  return knownModel(modelId)?.contextWindow;
}

export type Maker = "anthropic" | "openai" | "google" | "deepseek";

const makers: readonly [RegExp, Maker][] = [
  [/^claude-/, "anthropic"],
  [/^(gpt-|chatgpt-|o\d)/, "openai"],
  [/^gemini-/, "google"],
  [/^deepseek-/, "deepseek"],
];

/** Who makes a model, by the way its makers name theirs. */
export function makerOf(modelId: string): Maker | undefined {
  return makers.find(([pattern]) => pattern.test(modelId))?.[1];
}

/** The models of a maker that the table knows, in its order. */
export function knownModelsOf(maker: Maker): string[] {
  return Object.keys(known).filter((id) => makerOf(id) === maker);
}

/** USD. Reasoning is part of the output, what was read from and written to a cache of the input: nothing counts twice. */
export function costOf(usage: Usage, price: Price): number {
  const cached = Math.min(usage.cachedInputTokens ?? 0, usage.inputTokens);
  const written = Math.min(usage.cacheWriteTokens ?? 0, usage.inputTokens - cached);
  const input =
    (usage.inputTokens - cached - written) * price.input +
    cached * (price.cachedInput ?? price.input) +
    written * (price.cacheWrite ?? price.input);
  return (input + usage.outputTokens * price.output) / 1_000_000;
}

function overrideOf(modelId: string, overrides: PriceOverrides): Price | undefined {
  if (Object.hasOwn(overrides, modelId)) return overrides[modelId];
  const patterns = Object.keys(overrides).filter((key) => key.endsWith("*") && modelId.startsWith(key.slice(0, -1)));
  const longest = patterns.sort((a, b) => b.length - a.length)[0];
  return longest === undefined ? undefined : overrides[longest];
}

function knownModel(modelId: string): KnownModel | undefined {
  const name = modelId.replace(routePrefix, "");
  const key = Object.keys(known).find((id) => name.startsWith(id) && versionSuffix.test(name.slice(id.length)));
  return key === undefined ? undefined : known[key];
}

/** Anthropic takes a quarter more for what it writes into its cache, on every way to its models. */
function claudeModels(...args: Parameters<typeof models>): Record<string, KnownModel> {
  const entries = Object.entries(models(...args)).map(([id, { price, contextWindow }]): [string, KnownModel] => [
    id,
    { price: { ...price, cacheWrite: price.input * 1.25 }, contextWindow },
  ]);
  return Object.fromEntries(entries);
}

function models(
  contextWindow: number,
  prices: Record<string, [input: number, output: number, cachedInput: number]>,
): Record<string, KnownModel> {
  const entries = Object.entries(prices).map(([id, [input, output, cachedInput]]): [string, KnownModel] => [
    id,
    { price: { input, output, cachedInput }, contextWindow },
  ]);
  return Object.fromEntries(entries);
}
