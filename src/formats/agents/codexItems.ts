/** The items of `codex exec --json`: what the agent did, each with its beginning and its end or told at the end alone. */
import type { ToolCall } from "../../model/message";
import type { Source } from "../foreignRunBuilder";
import type { AgentTeller, CallResult } from "./agentTeller";
import { type Fields, fieldsOf, resultParts, textOf } from "./fields";

export type Progress = "started" | "updated" | "completed";

export function tellCodexItem(teller: AgentTeller, item: Fields, id: string, progress: Progress, source: Source): void {
  // Older: item_type, and assistant_message.
  const type = textOf(item.type) ?? textOf(item.item_type) ?? "item";
  switch (type) {
    case "agent_message":
    case "assistant_message":
      if (progress !== "completed") return;
      teller.continueAnswer(source);
      teller.addText(textOf(item.text) ?? "");
      return;
    case "reasoning":
      if (progress !== "completed") return;
      teller.continueAnswer(source);
      teller.addReasoning(textOf(item.text) ?? "");
      return;
    case "command_execution":
    case "file_change":
    case "mcp_tool_call":
    case "collab_tool_call":
    case "web_search":
      tellCall(teller, callOf(type, item, id), progress, resultOf(type, item), source);
      return;
    default: {
      const { id: _, type: __, item_type: ___, ...data } = item;
      teller.note(type, data, source);
    }
  }
}

function tellCall(teller: AgentTeller, call: ToolCall, progress: Progress, result: CallResult, source: Source): void {
  if (!teller.callOf(call.id)) {
    teller.continueAnswer(source);
    teller.addCall(call, source);
  }
  if (progress === "completed") teller.finishCall(call.id, result, source);
}

function callOf(type: string, item: Fields, id: string): ToolCall {
  switch (type) {
    case "command_execution":
      return { id, skill: "", tool: type, args: { command: item.command } };
    case "file_change":
      return { id, skill: "", tool: type, args: { changes: item.changes } };
    case "mcp_tool_call":
      return {
        ...{ id, skill: textOf(item.server) ?? "", tool: textOf(item.tool) ?? type },
        args: item.arguments ?? {},
      };
    case "collab_tool_call":
      return {
        ...{ id, skill: "", tool: textOf(item.tool) ?? type },
        args: { prompt: item.prompt, receiver_thread_ids: item.receiver_thread_ids },
      };
    default:
      return {
        id,
        skill: "",
        tool: type,
        args: { query: item.query, ...(item.action !== undefined && { action: item.action }) },
      };
  }
}

function resultOf(type: string, item: Fields): CallResult {
  const isFailed = item.status === "failed" || item.status === "declined";
  const isRefused = item.status === "declined" ? { blockedBy: "approval" as const } : {};
  switch (type) {
    case "command_execution": {
      const { exit_code: code } = item;
      const isError = isFailed || (typeof code === "number" && code !== 0);
      return {
        isError,
        ...isRefused,
        result: resultParts(textOf(item.aggregated_output) ?? (isError ? exitText(code) : "")),
      };
    }
    case "mcp_tool_call": {
      const failure = textOf(fieldsOf(item.error).message);
      const { content, structured_content: structured } = fieldsOf(item.result);
      return { isError: isFailed || failure !== undefined, result: resultParts(failure ?? content ?? structured) };
    }
    case "collab_tool_call":
      return { isError: isFailed, result: resultParts(item.agents_states) };
    default:
      return { isError: isFailed, ...isRefused, result: isFailed ? resultParts(item.status) : [] };
  }
}

export function exitText(code: unknown): string {
  return typeof code === "number" ? `Exit code ${code}` : "Failed.";
}
