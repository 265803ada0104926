/** Asks for a higher limit where a run stopped at one: without, it would stop again at once. */
import * as vscode from "vscode";
import type { RunSummary } from "../../app/runIndex";
import { formatCost } from "../../model/formatting";
import type { Run } from "../../model/run";
import { type Limit, reachedLimits } from "../reachedLimits";

export type HigherLimits = Partial<Record<Limit["name"], number>>;

/** Nothing is asked where it did not stop at a limit. `undefined`: the user left. */
export async function askHigherLimits(
  { expertKey }: Pick<RunSummary, "expertKey">,
  run: Pick<Run, "stopReason" | "limits" | "usage" | "cost">,
): Promise<HigherLimits | undefined> {
  const higher: HigherLimits = {};
  for (const limit of reachedLimits(run)) {
    const text = await askLimit(expertKey, limit);
    if (text === undefined) return undefined;
    higher[limit.name] = Number(text);
  }
  return higher;
}

function askLimit(expertKey: string, { name, value, used }: Limit): Thenable<string | undefined> {
  const words = wordsOf[name];
  return vscode.window.showInputBox({
    title: `Resume ${expertKey}`,
    prompt: `${words.prompt(value, used)} Give a higher limit for the whole job.`,
    value: String(value),
    ignoreFocusOut: true,
    validateInput: (text) => {
      const number = Number(text);
      if (text.trim() === "" || !Number.isFinite(number) || (name !== "maxCost" && !Number.isInteger(number))) {
        return words.kind;
      }
      return number > Math.max(value, used) ? undefined : `More than ${Math.max(value, used)}, or it stops at once.`;
    },
  });
}

const wordsOf = {
  maxSteps: {
    kind: "A whole number of steps.",
    prompt: (value: number) => `It stopped at its limit of ${value} steps.`,
  },
  maxTokens: {
    kind: "A whole number of tokens.",
    prompt: (value: number, used: number) => `It stopped at its limit of ${value} tokens (${used} used).`,
  },
  maxCost: {
    kind: "An amount in US dollars, such as 2.5.",
    prompt: (value: number, used: number) =>
      `It stopped at its limit of ${value} US dollars (${formatCost(used)} used).`,
  },
} as const;
