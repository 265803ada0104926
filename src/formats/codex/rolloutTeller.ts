/** The records of a rollout, told as a run: what the model said stands in it twice, as an item and as an event. */
import { agentError } from "../agents/agentError";
import { failTurn, finishTurn, resumeTurn, stopTurn } from "../agents/agentSession";
import { AgentTeller } from "../agents/agentTeller";
import { codexUsage } from "../agents/agentUsage";
import { contentText, countOf, type Fields, fieldsOf, listOf, textOf } from "../agents/fields";
import type { ForeignRunBuilder, Source } from "../foreignRunBuilder";
import { callIn, type Exit, resultIn } from "./rolloutCalls";
import { promptIn, type RolloutRecord, rolloutRecord } from "./rolloutRecord";

/** Events that say what the items say, or nothing that is to be shown. */
const repeating: ReadonlySet<string> = new Set([
  ...["task_started", "turn_started", "exec_command_begin", "mcp_tool_call_begin", "patch_apply_begin"],
  ...["web_search_begin", "web_search_end", "mcp_tool_call_end", "agent_reasoning_section_break"],
  "agent_reasoning_raw_content",
]);

export class RolloutTeller {
  private readonly teller: AgentTeller;
  /** Of commands, where an event tells it. */
  private readonly exits = new Map<string, Exit>();
  /** Words that an event told and no item so far. */
  private spoken: { reasoning: string[]; text: string | undefined; source: Source } | undefined;
  private lastTotal: number | undefined;
  private lastPrompt: string | undefined;
  private beginnings = 0;

  constructor(
    private readonly builder: ForeignRunBuilder,
    start: Source,
    private query: string | undefined,
  ) {
    this.teller = new AgentTeller(builder, start, "codex");
  }

  take(value: Fields): void {
    const record = rolloutRecord(value);
    const source = this.teller.at(value.timestamp);
    const prompt = promptIn(record);
    if (prompt !== undefined) this.takePrompt(prompt, source);
    else if (record.kind === "item") this.takeItem(record, source);
    else if (record.kind === "event") this.takeEvent(record, source);
    else if (record.kind === "meta") this.takeBeginning(record, source);
    else if (record.kind === "other" && record.name !== "state") this.teller.note(record.name, record.body, source);
  }

  finish(): void {
    this.speak();
    this.teller.close();
  }

  private takeBeginning({ body }: RolloutRecord, source: Source): void {
    this.beginnings += 1;
    if (this.beginnings > 1) this.teller.note("session_meta", { id: body.id }, source);
  }

  /** As an item and as an event, one after the other. */
  private takePrompt(text: string, source: Source): void {
    const { teller, builder } = this;
    if (text === this.lastPrompt) return;
    this.speak();
    this.lastPrompt = text;
    teller.wait(source);
    if (text === this.query) {
      this.query = undefined;
      return;
    }
    resumeTurn(builder, "user", source);
    teller.note("user", { text }, source);
  }

  private answer(source: Source): void {
    this.lastPrompt = undefined;
    resumeTurn(this.builder, "codex", source);
    this.teller.continueAnswer(source);
  }

  private takeItem({ name, body }: RolloutRecord, source: Source): void {
    const { teller } = this;
    switch (name) {
      case "message":
        if (body.role === "assistant") this.takeText(contentText(body.content), source);
        else if (body.role !== "user")
          teller.note(textOf(body.role) ?? "message", { text: contentText(body.content) }, source);
        return;
      case "reasoning":
        this.takeReasoning(body, source);
        return;
      case "function_call_output":
      case "custom_tool_call_output":
      case "local_shell_call_output": {
        const id = textOf(body.call_id) ?? "";
        teller.finishCall(id, resultIn(body.output, this.exits.get(id)), source);
        return;
      }
      default: {
        const call = callIn(name, body, `${name}-${this.builder.events.length}`);
        if (!call) {
          if (name !== "ghost_snapshot") teller.note(name, body, source);
          return;
        }
        this.speak();
        this.answer(source);
        teller.addCall(call.call, source);
        if (call.isDone) teller.finishCall(call.call.id, { isError: body.status === "failed", result: [] }, source);
      }
    }
  }

  private takeText(text: string, source: Source): void {
    if (this.spoken?.text === text) this.spoken.text = undefined;
    this.speak();
    this.answer(source);
    this.teller.addText(text);
  }

  /** What is encrypted can be read in the events, if anywhere. */
  private takeReasoning(body: Fields, source: Source): void {
    const texts = [...listOf(body.summary), ...listOf(body.content)].flatMap(
      (part) => textOf(fieldsOf(part).text) ?? [],
    );
    if (texts.length > 0 && this.spoken) this.spoken.reasoning = [];
    this.speak();
    this.answer(source);
    for (const text of texts) this.teller.addReasoning(text);
  }

  /** Tells what events said and no item repeated. */
  private speak(): void {
    const { spoken } = this;
    this.spoken = undefined;
    if (!spoken || (spoken.text === undefined && spoken.reasoning.length === 0)) return;
    this.answer(spoken.source);
    for (const text of spoken.reasoning) this.teller.addReasoning(text);
    if (spoken.text !== undefined) this.teller.addText(spoken.text);
  }

  private takeEvent({ name, body }: RolloutRecord, source: Source): void {
    const { teller, builder } = this;
    switch (name) {
      case "agent_message": {
        const text = textOf(body.message);
        if (text === undefined || teller.hasSaid(text)) return;
        if (this.spoken?.text !== undefined) this.speak();
        this.spoken = { reasoning: this.spoken?.reasoning ?? [], text, source };
        return;
      }
      case "agent_reasoning": {
        const text = textOf(body.text);
        if (text === undefined || teller.hasThought(text)) return;
        this.spoken ??= { reasoning: [], text: undefined, source };
        this.spoken.reasoning.push(text);
        return;
      }
      case "token_count":
        this.takeTokens(body);
        return;
      case "exec_command_end":
      case "patch_apply_end": {
        const id = textOf(body.call_id);
        if (id !== undefined)
          this.exits.set(id, { code: body.exit_code, success: body.success, duration: body.duration });
        return;
      }
      case "task_complete":
      case "turn_complete": {
        this.endTurn(source);
        finishTurn(builder, textOf(body.last_agent_message) ?? teller.text ?? "", source);
        return;
      }
      case "turn_aborted":
        this.endTurn(source);
        stopTurn(builder, textOf(body.reason) ?? "aborted", source);
        return;
      case "error":
        this.endTurn(source);
        failTurn(builder, agentError("error", textOf(body.message) ?? "error"), source);
        return;
      default:
        if (!repeating.has(name)) teller.note(name, body, source);
    }
  }

  private endTurn(source: Source): void {
    this.speak();
    this.teller.wait(source);
    this.lastPrompt = undefined;
  }

  /** Told again with other news, a count is the same as before. */
  private takeTokens(body: Fields): void {
    const { total_token_usage: total, last_token_usage: last } = fieldsOf(body.info);
    const sum = countOf(fieldsOf(total).total_tokens) ?? codexUsage(total)?.totalTokens;
    if (sum !== undefined && sum === this.lastTotal) return;
    this.lastTotal = sum;
    const usage = codexUsage(last);
    this.speak();
    if (usage) this.teller.addUsage(usage);
    this.teller.completeAnswer();
  }
}
