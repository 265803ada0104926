/** What a generation used, by the model's own tokenizer: VS Code does not tell. Each message is counted once. */
import * as vscode from "vscode";
import type { Message } from "../model/message";
import type { Usage } from "../model/usage";
import type { GenerationRequest, GenerationResult } from "../runtime/ports";
import { toChatMessage } from "./chatMessages";

export interface TokenCounter {
  /** `undefined` where it cannot be counted, or not in time: unknown is not nothing. */
  count(request: GenerationRequest, result: GenerationResult): Promise<Usage | undefined>;
}

const patience = 2_000;

export function createTokenCounter(chat: Pick<vscode.LanguageModelChat, "countTokens">): TokenCounter {
  const counted = new WeakMap<object, number>();
  return {
    async count(request, { text, reasoning, toolCalls }) {
      const cancellation = new vscode.CancellationTokenSource();
      const timer = setTimeout(() => cancellation.cancel(), patience);
      const ofText = (value: string) => chat.countTokens(value, cancellation.token);
      const ofMessage = async (message: Message) => {
        const known = counted.get(message);
        if (known !== undefined) return known;
        const tokens = await chat.countTokens(toChatMessage(message), cancellation.token);
        counted.set(message, tokens);
        return tokens;
      };
      const said = [text, ...reasoning.map((part) => part.text), ...toolCalls.map((call) => JSON.stringify(call))];
      const work = Promise.all([
        sum([...request.messages.map(ofMessage), ofText(JSON.stringify(request.tools))]),
        sum(said.filter((value) => value !== "").map(ofText)),
      ]);
      const late = new Promise<undefined>((resolve) => {
        cancellation.token.onCancellationRequested(() => resolve(undefined));
      });
      try {
        const counts = await Promise.race([work, late]);
        return counts && toUsage(...counts);
      } catch {
        return undefined;
      } finally {
        clearTimeout(timer);
        cancellation.dispose();
      }
    },
  };
}

async function sum(counts: readonly PromiseLike<number>[]): Promise<number> {
  return (await Promise.all(counts)).reduce((total, count) => total + count, 0);
}

/** An extension that does not count says 0, or nothing. */
function toUsage(inputTokens: number, outputTokens: number): Usage | undefined {
  const isCount = (value: number) => Number.isSafeInteger(value) && value >= 0;
  if (!isCount(inputTokens) || !isCount(outputTokens) || inputTokens === 0) return undefined;
  return { inputTokens, outputTokens, totalTokens: inputTokens + outputTokens };
}
