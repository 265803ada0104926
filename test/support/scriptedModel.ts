/** A model that answers from a script, for tests of the loop; what the wire does is tested against a real server. */
import type { GenerationRequest, GenerationResult, LanguageModel } from "../../src/runtime/ports";

export type Turn =
  | {
      text?: string;
      calls?: { tool: string; args?: unknown; id?: string }[];
      finishReason?: GenerationResult["finishReason"];
    }
  | { throws: Error }
  | { hangs: true }
  | ((request: GenerationRequest) => Promise<GenerationResult> | GenerationResult);

export interface ScriptedModel extends LanguageModel {
  readonly requests: { messageCount: number; toolChoice: string }[];
}

export const turnUsage = { inputTokens: 10, outputTokens: 5, totalTokens: 15 };

export function scriptedModel(turns: readonly Turn[]): ScriptedModel {
  const requests: ScriptedModel["requests"] = [];
  let callCount = 0;
  return {
    provider: "scripted",
    modelId: "scripted-1",
    requests,
    async generate(request) {
      const turn = turns[requests.length];
      requests.push({ messageCount: request.messages.length, toolChoice: request.toolChoice });
      if (!turn) throw new Error(`The script has only ${turns.length} turns`);
      if (typeof turn === "function") return await turn(request);
      if ("throws" in turn) throw turn.throws;
      if ("hangs" in turn) return await new Promise(() => undefined);
      if (turn.text) request.onText(turn.text);
      const toolCalls = (turn.calls ?? []).map(({ tool, args = {}, id }) => {
        callCount += 1;
        return { id: id ?? `call-${callCount}`, tool, args };
      });
      return {
        text: turn.text ?? "",
        reasoning: [],
        toolCalls,
        finishReason: turn.finishReason ?? (toolCalls.length > 0 ? "toolCalls" : "stop"),
        usage: turnUsage,
      };
    },
  };
}
