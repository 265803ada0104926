/** The events of Codex's core, as older versions of `codex exec --json` print them. */
import type { ToolCall } from "../../model/message";
import type { Usage } from "../../model/usage";
import type { Source } from "../foreignRunBuilder";
import type { AgentTeller, CallResult } from "./agentTeller";
import { codexUsage } from "./agentUsage";
import { exitText } from "./codexItems";
import { durationIn, type Fields, fieldsOf, resultParts, textOf } from "./fields";

/** Pieces of what comes whole as well. */
const passing =
  /_delta$|^(?:task_started|turn_started|agent_reasoning_section_break|exec_command_output_delta|raw_response_item)$/u;

export class CodexEvents {
  sessionId: string | undefined;
  model: string | undefined;
  lastMessage: string | undefined;
  /** Of the session so far. */
  usage: Usage | undefined;
  /** How the newest turn ended. */
  end: { error?: string; isAborted?: boolean } | undefined;

  constructor(private readonly teller: AgentTeller) {}

  take(event: Fields, source: Source): void {
    const { teller } = this;
    const type = textOf(event.type) ?? "";
    const callId = textOf(event.call_id);
    const pair = /^(?<kind>exec_command|mcp_tool_call|patch_apply|web_search)_(?<edge>begin|end)$/u.exec(type)?.groups;
    if (pair && callId !== undefined) {
      this.takeCall(pair.kind ?? "", pair.edge === "end", event, callId, source);
      return;
    }
    switch (type) {
      case "session_configured":
        this.sessionId ??= textOf(event.session_id);
        this.model ??= textOf(event.model);
        return;
      case "agent_message":
        teller.continueAnswer(source);
        teller.addText(textOf(event.message) ?? "");
        return;
      case "agent_reasoning":
        teller.continueAnswer(source);
        teller.addReasoning(textOf(event.text) ?? "");
        return;
      case "token_count":
        this.takeTokens(event);
        return;
      case "task_complete":
      case "turn_complete":
        this.lastMessage = textOf(event.last_agent_message) ?? this.lastMessage;
        this.end = {};
        teller.wait(source);
        return;
      case "turn_aborted":
        this.end = { isAborted: true, error: textOf(event.reason) ?? "aborted" };
        teller.wait(source);
        return;
      case "error":
        this.end = { error: textOf(event.message) ?? "error" };
        teller.note(type, event, source);
        return;
      default:
        if (!passing.test(type)) teller.note(type || "event", event, source);
    }
  }

  /** What the last request used belongs to the newest answer; before there was such a count there were sums alone. */
  private takeTokens(event: Fields): void {
    const { total_token_usage: total, last_token_usage: last } = fieldsOf(event.info);
    this.usage = codexUsage(total) ?? codexUsage(event) ?? this.usage;
    const usage = codexUsage(last);
    if (usage && this.teller.hasAnswer()) this.teller.setUsage(usage);
  }

  private takeCall(kind: string, isEnd: boolean, event: Fields, id: string, source: Source): void {
    const { teller } = this;
    if (!teller.callOf(id)) {
      teller.continueAnswer(source);
      teller.addCall(callOf(kind, event, id), source);
    }
    if (isEnd) teller.finishCall(id, resultOf(kind, event), source);
  }
}

function callOf(kind: string, event: Fields, id: string): ToolCall {
  const { server, tool, arguments: args } = fieldsOf(event.invocation);
  switch (kind) {
    case "mcp_tool_call":
      return { id, skill: textOf(server) ?? "", tool: textOf(tool) ?? kind, args: args ?? {} };
    case "patch_apply":
      return { id, skill: "", tool: "apply_patch", args: { changes: event.changes } };
    case "web_search":
      return { id, skill: "", tool: kind, args: { query: event.query } };
    default:
      return { id, skill: "", tool: "shell", args: { command: event.command, workdir: event.cwd } };
  }
}

function resultOf(kind: string, event: Fields): CallResult {
  const took = durationIn(event.duration);
  const durationMs = took === undefined ? {} : { durationMs: took };
  switch (kind) {
    case "mcp_tool_call": {
      const { Ok: ok, Err: failure } = fieldsOf(event.result);
      const { content, is_error: isError, isError: isErrorToo } = fieldsOf(ok);
      const isFailed = failure !== undefined || isError === true || isErrorToo === true;
      return { isError: isFailed, result: resultParts(failure ?? content), ...durationMs };
    }
    case "patch_apply": {
      const isError = event.success === false;
      const text = textOf(isError ? event.stderr : event.stdout) ?? textOf(event.stdout);
      return { isError, result: resultParts(text), ...durationMs };
    }
    case "web_search":
      return { isError: false, result: [], ...durationMs };
    default: {
      const code = event.exit_code;
      const isError = typeof code === "number" && code !== 0;
      const text =
        textOf(event.aggregated_output) ??
        ([event.stdout, event.stderr].flatMap((each) => textOf(each) ?? []).join("\n") ||
          textOf(event.formatted_output) ||
          (isError ? exitText(code) : ""));
      return { isError, result: resultParts(text), ...durationMs };
    }
  }
}
