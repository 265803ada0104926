/** The calls of a step that a person answers: known answers become results, the others are asked for. */
import type { ToolCall } from "../model/message";
import type { CallOptions } from "./callOptions";
import { definitionOf } from "./offeredTool";
import { recordCall, textOutcome } from "./recordCall";
import type { RunState } from "./runState";

/** Gives the calls that still wait: with one left, the run stops here until it is answered. */
export async function askInput(
  state: RunState,
  calls: readonly ToolCall[],
  { tools, clock, input }: CallOptions,
): Promise<ToolCall[]> {
  const waiting: ToolCall[] = [];
  for (const call of calls) {
    const answer = input?.answers.find(({ toolCallId }) => toolCallId === call.id);
    if (!answer) {
      waiting.push(call);
      continue;
    }
    state.emit({ type: "receiveInput", toolCallId: call.id, text: answer.text, by: input?.by ?? "user" });
    await recordCall(state, call, clock, async () => textOutcome(answer.text));
  }
  const questions = waiting.filter(({ id }) => !input?.asked.has(id));
  state.emitAll(
    questions.map(({ id: toolCallId, skill, tool, args }) => {
      const offered = tools.get(tool);
      const schema = offered && definitionOf(offered).inputSchema;
      return { type: "requestInput", toolCallId, skill, tool, args, ...(schema && { schema }) };
    }),
  );
  return waiting;
}
