/** What `claude --output-format stream-json` prints: messages without times, and a result with the sums at the end. */
import { addUsage, noUsage } from "../../model/addUsage";
import { totalUsageOf } from "../../model/spending";
import type { ForeignRunBuilder, Source } from "../foreignRunBuilder";
import { agentError } from "./agentError";
import type { AgentOutcome, StreamTeller } from "./agentOutcome";
import { claudeTotal } from "./agentUsage";
import { ClaudeTeller } from "./claudeTeller";
import { amountOf, contentText, countOf, type Fields, fieldsOf, listOf, textOf } from "./fields";

/** Pieces of what comes whole as well. */
const passing: ReadonlySet<unknown> = new Set(["stream_event", "tool_progress", "keep_alive"]);

/** Sub-agents below sub-agents: more than any session has. */
const mostLevels = 50;

export function isClaudeRecord({ type, subtype, message, event, session_id: session }: Fields): boolean {
  switch (type) {
    case "system":
      return typeof subtype === "string";
    case "assistant":
    case "user":
      return typeof message === "object" && message !== null;
    case "result":
      return typeof subtype === "string";
    case "stream_event":
      return typeof event === "object" && typeof session === "string";
    default:
      return false;
  }
}

export class ClaudeStream implements StreamTeller {
  private readonly main: ClaudeTeller;
  private readonly found: Partial<AgentOutcome> = {};

  constructor(
    private readonly builder: ForeignRunBuilder,
    start: Source,
  ) {
    this.main = new ClaudeTeller(builder, start);
  }

  take(record: Fields): void {
    const { teller } = this.main;
    const source = teller.at(record.timestamp);
    this.found.sessionId ??= textOf(record.session_id);
    switch (record.type) {
      case "assistant":
        this.found.isEnded = false;
        this.ownerOf(record, source).tellAnswer(record, source);
        break;
      case "user":
        this.tellUser(record, source);
        break;
      case "system":
        this.tellSystem(record, source);
        break;
      case "result":
        this.tellResult(record);
        break;
      default:
        if (!passing.has(record.type)) teller.note(textOf(record.type) ?? "record", record, source);
    }
  }

  finish(): Omit<AgentOutcome, "isRecognized"> {
    const { main, found } = this;
    main.close();
    const text = found.text ?? main.teller.text;
    const model = found.model ?? main.model;
    return {
      ...{ isEnded: false, delegates: main.allDelegates() },
      ...found,
      ...(text !== undefined && { text }),
      ...(model !== undefined && { model }),
    };
  }

  /** Messages of a sub-agent name the call that began it; it may have begun others. */
  private ownerOf(record: Fields, source: Source): ClaudeTeller {
    const id = textOf(record.parent_tool_use_id);
    if (id === undefined) return this.main;
    const all = allOf(this.main);
    const known = all.flatMap(({ delegates }) => delegates).find(({ toolCallId }) => toolCallId === id);
    if (known) return known.teller;
    const owner = all.find(({ teller }) => teller.callOf(id)) ?? this.main;
    const call = owner.level < mostLevels ? owner.teller.callOf(id) : undefined;
    return call ? owner.startDelegate(call, `${owner.builder.runId}-${id}`, source) : owner;
  }

  private tellUser(record: Fields, source: Source): void {
    const owner = this.ownerOf(record, source);
    if (owner.tellResults(record, source)) return;
    const text = contentText(fieldsOf(record.message).content);
    // The first words of a sub-agent's conversation are its query.
    if (owner !== this.main && owner.builder.events.length <= 1 && !owner.teller.hasAnswer()) return;
    owner.teller.wait(source);
    owner.teller.note("user", { text }, source);
  }

  private tellSystem(record: Fields, source: Source): void {
    const { teller } = this.main;
    if (record.subtype === "init") {
      const model = textOf(record.model);
      if (model !== undefined) this.found.model ??= model;
      return;
    }
    if (record.subtype === "api_retry") {
      const word = textOf(record.error);
      const error = agentError(word ?? "api_error", word ?? "", record.error_status, record.error_class);
      teller.retry(
        { attempt: countOf(record.attempt) ?? 1, error, delayMs: amountOf(record.retry_delay_ms) ?? 0 },
        source,
      );
      return;
    }
    const { type: _, session_id: __, uuid: ___, ...data } = record;
    teller.note(textOf(record.subtype) ?? "system", data, source);
  }

  private tellResult(record: Fields): void {
    const { main, found } = this;
    main.close();
    const text = textOf(record.result);
    const subtype = textOf(record.subtype) ?? "";
    found.isEnded = true;
    found.isError = record.is_error === true || subtype.startsWith("error");
    if (text !== undefined) found.text = text;
    delete found.error;
    delete found.failure;
    if (found.isError) {
      const errors = listOf(record.errors).flatMap((each) => textOf(each) ?? []);
      found.error = text ?? (errors.length > 0 ? errors.join("\n") : subtype);
      found.failure = agentError(subtype, found.error, record.api_error_status);
      // Its own account of the failed request is more exact.
      if (main.error && found.failure.class === "internal") found.failure = main.error;
    }
    const total = claudeTotal(record.usage, this.builder.spending.own);
    const ofDelegates = totalUsageOf({ ...this.builder.spending, own: noUsage });
    if (total) found.usage = addUsage(total, ofDelegates);
    const cost = amountOf(record.total_cost_usd);
    if (cost !== undefined) found.cost = cost;
    const durationMs = amountOf(record.duration_ms);
    if (durationMs !== undefined) found.durationMs = durationMs;
  }
}

function allOf(teller: ClaudeTeller): ClaudeTeller[] {
  return [teller, ...teller.delegates.flatMap((each) => allOf(each.teller))];
}
