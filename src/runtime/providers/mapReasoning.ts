/** The reasoning budget of a definition in the words of the SDK, which knows what each model understands. */
import type { ModelMessage } from "ai";

const levels = ["none", "minimal", "low", "medium", "high"] as const;
type Level = (typeof levels)[number];

export type ProviderOptions = NonNullable<ModelMessage["providerOptions"]>;

export interface ReasoningChoice {
  reasoning?: Level;
  providerOptions?: ProviderOptions;
}

/** `undefined` and what nobody knows: nothing is sent, so that the provider's default holds. */
export type MapReasoning = (budget: string | number) => ReasoningChoice;

/** For providers that know levels only. */
export const reasoningByLevel: MapReasoning = (budget) => {
  const level = typeof budget === "number" ? levelOf(budget) : levels.find((name) => name === budget);
  return level === undefined ? {} : { reasoning: level };
};

/** For providers that take a number of tokens as well. */
export function reasoningByTokens(toOptions: (tokens: number) => ProviderOptions): MapReasoning {
  return (budget) =>
    typeof budget === "number" && budget > 0 ? { providerOptions: toOptions(budget) } : reasoningByLevel(budget);
}

/** For Google's models, which keep their thoughts to themselves unless asked. */
export function googleReasoning(optionsKey: "google" | "googleVertex"): MapReasoning {
  return (budget) => {
    if (typeof budget === "number" && budget > 0) {
      return {
        providerOptions: { [optionsKey]: { thinkingConfig: { thinkingBudget: budget, includeThoughts: true } } },
      };
    }
    const choice = reasoningByLevel(budget);
    if (choice.reasoning === undefined || choice.reasoning === "none") return choice;
    return { ...choice, providerOptions: { [optionsKey]: { thinkingConfig: { includeThoughts: true } } } };
  };
}

function levelOf(tokens: number): Level {
  if (tokens <= 0) return "none";
  if (tokens <= 1024) return "minimal";
  if (tokens <= 4096) return "low";
  return tokens <= 16_384 ? "medium" : "high";
}
