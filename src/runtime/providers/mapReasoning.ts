/** The reasoning budget of a definition in the words of each provider: the nearest that the model knows, never its opposite. */
import type { ProviderOptions } from "./providerOptions";

export const levels = ["none", "minimal", "low", "medium", "high"] as const;
export type Level = (typeof levels)[number];

export interface ReasoningChoice {
  /** The SDK knows what it is called at the provider. */
  reasoning?: Level;
  /** Options of the provider. */
  options?: ProviderOptions;
}

/** What nobody knows: nothing is sent, so that the provider's default holds. */
export type MapReasoning = (budget: string | number) => ReasoningChoice;

/** For providers that know levels only. */
export const reasoningByLevel: MapReasoning = (budget) => {
  const level = levelOf(budget);
  return level === undefined ? {} : { reasoning: level };
};

/** Claude: the older ones take a number of tokens (1024 at the least), the newer ones a level and say no to numbers. */
export function claudeReasoning(
  modelId: string,
  options: { enabled(budgetTokens: number): ProviderOptions; adaptive?: ProviderOptions },
): MapReasoning {
  if (countsItsThinking(modelId)) {
    return (budget) =>
      typeof budget === "number" && budget > 0
        ? { options: options.enabled(Math.max(1024, budget)) }
        : reasoningByLevel(budget);
  }
  return (budget) => {
    const level = levelOf(budget);
    if (level === undefined || level === "none") return reasoningByLevel(budget);
    const reasoning = nearestLevel(level, ["low", "medium", "high"]);
    return { reasoning, ...(options.adaptive && { options: options.adaptive }) };
  };
}

/** Gemini keeps its thoughts to itself unless asked. Before 3 it takes tokens, from 3 on levels. */
export function geminiReasoning(modelId: string): MapReasoning {
  const [least, most] = /2\.5-pro/.test(modelId) ? [128, 32_768] : [/-lite/.test(modelId) ? 512 : 1, 24_576];
  const canBeOff = !/2\.5-pro/.test(modelId);
  const efforts: readonly Level[] = /gemini-3(?:\.[0-6])?-flash/.test(modelId) ? [...levels.slice(1)] : levels.slice(2);
  return (budget): ReasoningChoice => {
    const level = levelOf(budget);
    if (level === undefined) return {};
    const thoughts = { includeThoughts: level !== "none" };
    if (isGemini3(modelId)) {
      return { options: { thinkingConfig: { thinkingLevel: nearestLevel(level, efforts), ...thoughts } } };
    }
    if (level === "none") {
      return canBeOff ? { reasoning: "none" } : { options: { thinkingConfig: { thinkingBudget: least } } };
    }
    if (typeof budget !== "number") return { reasoning: level, options: { thinkingConfig: thoughts } };
    const thinkingBudget = Math.min(most, Math.max(least, budget));
    return { options: { thinkingConfig: { thinkingBudget, ...thoughts } } };
  };
}

/** Which efforts there are differs from one of OpenAI's models to the next, and one that is not there is refused. */
export function openaiReasoning(modelId: string): MapReasoning {
  if (/^(?:gpt-[34]|chatgpt-)/.test(modelId)) return () => ({});
  const efforts = openaiEfforts(modelId);
  return (budget) => {
    const level = levelOf(budget);
    return level === undefined ? {} : { reasoning: nearestLevel(level, efforts) };
  };
}

/** A deployment's name does not tell its model: where a budget is set, the model is one that reasons. */
export function azureReasoning(deployment: string): MapReasoning {
  const choose = openaiReasoning(deployment);
  return (budget) => {
    const choice = choose(budget);
    const isSilent = choice.reasoning === undefined || choice.reasoning === "none";
    return isSilent ? choice : { ...choice, options: { forceReasoning: true } };
  };
}

/** From 3 on: what is not known to be older. */
export function isGemini3(modelId: string): boolean {
  return /(?:^|[/.])gemini-(?![12](?:\D|$)|pro(?:-vision)?$|robotics-er-1)/.test(modelId);
}

function openaiEfforts(modelId: string): readonly Level[] {
  if (/^gpt-5-pro/.test(modelId)) return ["high"];
  if (/-pro\b/.test(modelId)) return ["medium", "high"];
  if (/^o\d|-codex|^gpt-[6-9]/.test(modelId)) return ["low", "medium", "high"];
  if (/^gpt-5\.\d/.test(modelId)) return ["none", "low", "medium", "high"];
  return /^gpt-5(?:-|$)/.test(modelId) ? ["minimal", "low", "medium", "high"] : levels;
}

function countsItsThinking(modelId: string): boolean {
  if (!modelId.includes("claude-")) return true;
  const [, major, minor] = /claude-[a-z]+-(\d+)(?:-(\d{1,2})(?!\d))?/.exec(modelId) ?? [];
  if (major === undefined) return /claude-(?:v?[23](?:\D|$)|instant)/.test(modelId);
  return Number(major) < 4 || (Number(major) === 4 && Number(minor ?? 0) < 6);
}

/** The same or the next one up, else the next one down. */
export function nearestLevel(level: Level, known: readonly Level[]): Level {
  const wanted = levels.indexOf(level);
  const up = known.find((each) => levels.indexOf(each) >= wanted);
  return up ?? known.at(-1) ?? level;
}

export function levelOf(budget: string | number): Level | undefined {
  if (typeof budget === "string") return levels.find((name) => name === budget);
  if (budget <= 0) return "none";
  if (budget <= 1024) return "minimal";
  if (budget <= 4096) return "low";
  return budget <= 16_384 ? "medium" : "high";
}
