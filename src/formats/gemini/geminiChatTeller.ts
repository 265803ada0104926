/** The messages of a chat of Gemini CLI, told as a run: an answer has its calls and their results in it. */

import { isRecord } from "../../model/toolText";
import { agentError } from "../agents/agentError";
import { failTurn, finishTurn, resumeTurn, stopTurn } from "../agents/agentSession";
import { AgentTeller, type CallResult } from "../agents/agentTeller";
import { geminiUsage } from "../agents/agentUsage";
import { contentText, type Fields, fieldsOf, listOf, resultParts, textOf } from "../agents/fields";
import type { ForeignRunBuilder, Source } from "../foreignRunBuilder";

/** @param query the message that the run's query is */
export function tellGeminiChat(
  builder: ForeignRunBuilder,
  start: Source,
  messages: readonly Fields[],
  query: Fields | undefined,
): void {
  const teller = new AgentTeller(builder, start, "gemini");
  let last: Fields | undefined;
  for (const message of messages) {
    const source = teller.at(message.timestamp, message.id);
    const text = contentText(message.content);
    switch (message.type) {
      case "gemini":
        resumeTurn(builder, "gemini", source);
        tellAnswer(teller, message, text, source);
        last = message;
        break;
      case "user":
        endTurn(teller, last);
        last = undefined;
        teller.wait(source);
        if (message === query) break;
        resumeTurn(builder, "user", source);
        teller.note("user", { text }, source);
        break;
      case "error":
        teller.wait(source);
        if (builder.step === 0 || !isAside(text)) failTurn(builder, agentError("error", text || "error"), source);
        break;
      default:
        if (/^Request cancelled/iu.test(text)) {
          teller.wait(source);
          stopTurn(builder, text, source);
        } else teller.note(textOf(message.type) ?? "message", { text }, source);
    }
  }
  teller.close();
  endTurn(teller, last);
}

/** Errors of commands that a person gave the program, not of a turn. */
function isAside(text: string): boolean {
  return /^(?:Unknown command|Usage:)/iu.test(text);
}

/** An answer without calls is the last word of a turn. */
function endTurn(teller: AgentTeller, last: Fields | undefined): void {
  teller.close();
  const text = contentText(last?.content);
  if (!last || text === "" || listOf(last.toolCalls).length > 0) return;
  finishTurn(teller.builder, text, { timestamp: teller.builder.lastTimestamp });
}

function tellAnswer(teller: AgentTeller, message: Fields, text: string, source: Source): void {
  teller.continueAnswer(source, textOf(message.id) ?? "");
  for (const thought of listOf(message.thoughts).map(fieldsOf)) {
    const parts = [textOf(thought.subject), textOf(thought.description)].filter((part) => part !== undefined);
    teller.addReasoning(parts.join("\n"));
  }
  teller.addText(text);
  const usage = geminiUsage(message.tokens);
  if (usage) teller.addUsage(usage);
  const calls = listOf(message.toolCalls).filter(isRecord);
  for (const call of calls) {
    const tool = textOf(call.name);
    const id = textOf(call.id);
    if (tool === undefined || id === undefined) continue;
    teller.addCall({ id, ...geminiTool(tool), args: call.args ?? {} }, withoutId(source));
    const result = resultOf(call);
    // Its time is that of its end, if anything.
    if (result) teller.finishCall(id, result, withoutId(teller.at(call.timestamp)));
  }
}

/** A tool of an MCP server is named after it. */
function geminiTool(name: string): { skill: string; tool: string } {
  const parts = /^(?:mcp_)?(?<skill>[^_].*?)__(?<tool>.+)$/su.exec(name)?.groups;
  return { skill: parts?.skill ?? "", tool: parts?.tool ?? name };
}

function resultOf(call: Fields): CallResult | undefined {
  const result = textsIn(call.result);
  const shown = typeof call.resultDisplay === "string" ? call.resultDisplay : undefined;
  const parts = resultParts(result.length > 0 ? result.join("\n") : shown);
  switch (call.status) {
    case "success":
      return { isError: false, result: parts };
    case "error":
      return { isError: true, result: parts };
    case "cancelled":
      return { isError: true, errorClass: "cancelled", result: parts };
    default:
      return call.status === undefined && result.length > 0 ? { isError: false, result: parts } : undefined;
  }
}

/** Of the parts that went back to the model: texts, and functions' responses with an output or an error. */
function textsIn(result: unknown): string[] {
  if (typeof result === "string") return [result];
  return (Array.isArray(result) ? result : [result]).flatMap((part) => {
    const { text, functionResponse } = fieldsOf(part);
    if (typeof text === "string") return [text];
    const { response } = fieldsOf(functionResponse);
    if (!isRecord(response)) return [];
    const told = response.output ?? response.error ?? response;
    return [typeof told === "string" ? told : JSON.stringify(told)];
  });
}

function withoutId({ id: _, ...source }: Source): Source {
  return source;
}
