/** What `gemini --output-format stream-json` prints: pieces of text and calls with their times, the sums at the end. */
import type { ForeignRunBuilder, Source } from "../foreignRunBuilder";
import { agentError } from "./agentError";
import type { AgentOutcome, StreamTeller } from "./agentOutcome";
import { AgentTeller } from "./agentTeller";
import { geminiTotal } from "./agentUsage";
import { amountOf, type Fields, fieldsOf, resultParts, textOf } from "./fields";

export function isGeminiRecord({ type, role, content, session_id, tool_name, tool_id, status, severity }: Fields) {
  switch (type) {
    case "init":
      return typeof session_id === "string";
    case "message":
      return (role === "user" || role === "assistant") && typeof content === "string";
    case "tool_use":
      return typeof tool_name === "string";
    case "tool_result":
      return typeof tool_id === "string";
    case "error":
      return typeof severity === "string";
    case "result":
      return status === "success" || status === "error";
    default:
      return false;
  }
}

export class GeminiStream implements StreamTeller {
  private readonly teller: AgentTeller;
  private readonly found: Partial<AgentOutcome> = {};
  private isPrompted = false;

  constructor(builder: ForeignRunBuilder, start: Source) {
    this.teller = new AgentTeller(builder, start, "gemini");
  }

  take(record: Fields): void {
    const { teller, found } = this;
    const source = teller.at(record.timestamp);
    switch (record.type) {
      case "init": {
        const model = textOf(record.model);
        found.sessionId ??= textOf(record.session_id);
        if (model !== undefined) found.model ??= model;
        return;
      }
      case "message":
        this.tellMessage(record, source);
        return;
      case "tool_use": {
        const tool = textOf(record.tool_name);
        const id = textOf(record.tool_id) ?? tool;
        if (tool === undefined || id === undefined) return;
        teller.continueAnswer(source);
        teller.addCall({ id, skill: "", tool, args: record.parameters ?? {} }, source);
        return;
      }
      case "tool_result": {
        const { message } = fieldsOf(record.error);
        const isError = record.status === "error";
        const result = resultParts(record.output ?? (isError ? message : undefined));
        teller.finishCall(textOf(record.tool_id) ?? "", { isError, result }, source);
        return;
      }
      case "result":
        this.tellResult(record, source);
        return;
      default: {
        const { type: _, timestamp: __, ...data } = record;
        teller.note(textOf(record.type) ?? "record", data, source);
        if (record.type === "error" && record.severity !== "warning") found.error = textOf(record.message) ?? "error";
      }
    }
  }

  finish(): Omit<AgentOutcome, "isRecognized"> {
    this.teller.close();
    const { text } = this.teller;
    return { ...{ isEnded: false, delegates: [] }, ...this.found, ...(text !== undefined && { text }) };
  }

  private tellMessage(record: Fields, source: Source): void {
    const { teller } = this;
    const text = typeof record.content === "string" ? record.content : "";
    if (record.role === "assistant") {
      teller.continueAnswer(source);
      teller.addText(text, record.delta === true);
      return;
    }
    teller.wait(source);
    // The first is the query.
    if (this.isPrompted) teller.note("user", { text }, source);
    this.isPrompted = true;
  }

  private tellResult(record: Fields, source: Source): void {
    const { teller, found } = this;
    teller.close();
    if (!source.isUntimed) found.endedAt = source.timestamp;
    found.isEnded = true;
    found.isError = record.status === "error";
    if (found.isError) {
      const { type, message } = fieldsOf(record.error);
      found.error = textOf(message) ?? found.error ?? "error";
      found.failure = agentError(textOf(type) ?? "error", found.error);
    } else delete found.error;
    const usage = geminiTotal(record.stats);
    if (usage) found.usage = usage;
    const durationMs = amountOf(fieldsOf(record.stats).duration_ms);
    if (durationMs !== undefined) found.durationMs = durationMs;
  }
}
