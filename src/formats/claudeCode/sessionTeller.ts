/** The records of one session file of Claude Code, told as a run: turns, interruptions, errors, and inner conversations. */
import { agentError } from "../agents/agentError";
import { failTurn, finishTurn, openSession, resumeTurn, stopTurn } from "../agents/agentSession";
import { ClaudeTeller } from "../agents/claudeTeller";
import { amountOf, contentText, countOf, type Fields, fieldsOf, listOf, textOf } from "../agents/fields";
import type { ForeignRunBuilder, Source } from "../foreignRunBuilder";
import { userWords } from "./claudeRecord";

export interface FoundAgent {
  teller: ClaudeTeller;
  query: string;
}

/** With these, the model has said its last word for now. */
const lastWords: ReadonlySet<string | undefined> = new Set(["end_turn", "stop_sequence", "max_tokens", "refusal"]);

export class SessionTeller {
  readonly builder: ForeignRunBuilder;
  private readonly seen = new Set<string>();
  /** By agent, and by each record of theirs: what follows it belongs to the same. */
  private readonly inner = new Map<string, SessionTeller>();
  private readonly isAgent: boolean;
  /** The prompt that is the run's query, until it was seen. */
  private query: string | undefined;

  constructor(
    readonly claude: ClaudeTeller,
    { query, isAgent }: { query: string | undefined; isAgent: boolean },
  ) {
    this.builder = claude.builder;
    this.query = query;
    this.isAgent = isAgent;
  }

  /** @param find a sub-agent that has a file of its own, by its id */
  take(record: Fields, find: (agentId: string) => FoundAgent | undefined): void {
    const uuid = textOf(record.uuid);
    // A session that was taken up again repeats what it goes on from.
    if (uuid !== undefined && this.seen.has(uuid)) return;
    if (uuid !== undefined) this.seen.add(uuid);
    if (record.isSidechain === true && !this.isAgent) {
      this.takeInner(record, uuid, find);
      return;
    }
    const source = this.claude.teller.at(record.timestamp, record.uuid);
    switch (record.type) {
      case "assistant":
        this.takeAnswer(record, source);
        return;
      case "user":
        this.takeUser(record, source, find);
        return;
      case "system":
        this.takeSystem(record, source);
        return;
      default:
        this.note(textOf(record.type) ?? "record", record, source);
    }
  }

  finish(): void {
    this.claude.teller.close();
    this.endTurn({ timestamp: this.builder.lastTimestamp });
    for (const teller of new Set(this.inner.values())) teller.finish();
  }

  /** The runs of conversations inside of this one. */
  sidechains(): ForeignRunBuilder[] {
    return [...new Set(this.inner.values())].flatMap((teller) => [teller.builder, ...teller.sidechains()]);
  }

  /** Which call a result with a sub-agent's id answers, and of which run. */
  agentFor(record: Fields): { runId: string; toolCallId?: string; kind?: string | undefined } {
    const block = listOf(fieldsOf(record.message).content)
      .map(fieldsOf)
      .find(({ type }) => type === "tool_result");
    const toolCallId = textOf(block?.tool_use_id);
    const { agentType } = fieldsOf(record.toolUseResult);
    const { runId } = this.builder;
    if (toolCallId === undefined) return { runId };
    const { subagent_type: kind } = fieldsOf(this.claude.teller.callOf(toolCallId)?.args);
    return { runId, toolCallId, kind: textOf(kind) ?? textOf(agentType) };
  }

  private takeAnswer(record: Fields, source: Source): void {
    const { claude, builder } = this;
    resumeTurn(builder, "claude", source);
    claude.tellAnswer(record, source);
    if (claude.error) failTurn(builder, claude.error, source);
  }

  private takeUser(record: Fields, source: Source, find: (agentId: string) => FoundAgent | undefined): void {
    const { claude, builder } = this;
    const words = userWords(record);
    switch (words.kind) {
      case "results":
        this.linkAgent(record, source, find);
        claude.tellResults(record, source);
        return;
      case "interruption":
        claude.teller.wait(source);
        stopTurn(builder, words.text, source);
        return;
      case "aside":
        this.note(words.name, { text: words.text }, source);
        return;
      case "command":
      case "prompt":
        claude.teller.wait(source);
        this.endTurn({ timestamp: builder.lastTimestamp });
        if (this.query === words.text) {
          this.query = undefined;
          return;
        }
        if (words.text === "") return;
        if (words.kind === "prompt") resumeTurn(builder, "user", source);
        claude.teller.note(words.kind === "prompt" ? "user" : words.kind, { text: words.text }, source);
    }
  }

  private linkAgent(record: Fields, source: Source, find: (agentId: string) => FoundAgent | undefined): void {
    const { teller } = this.claude;
    const agentId = textOf(fieldsOf(record.toolUseResult).agentId);
    const found = agentId === undefined ? undefined : find(agentId);
    const call = teller.callOf(this.agentFor(record).toolCallId ?? "");
    const isLinked = this.claude.delegates.some(({ toolCallId }) => toolCallId === call?.id);
    if (found && call && !isLinked) this.claude.delegateTo(call, found.teller, found.query, withoutId(source));
  }

  private takeSystem(record: Fields, source: Source): void {
    const { claude } = this;
    if (record.subtype === "turn_duration") {
      claude.teller.close();
      this.endTurn(source, true);
      return;
    }
    if (record.subtype === "api_error") {
      const { status, message, error } = fieldsOf(record.error);
      const told =
        textOf(message) ?? textOf(fieldsOf(fieldsOf(error).error).message) ?? textOf(fieldsOf(error).message);
      claude.teller.tell(
        {
          ...{ type: "retryGeneration", attempt: countOf(record.retryAttempt) ?? 1 },
          error: agentError("api_error", told ?? "API error", status),
          delayMs: amountOf(record.retryInMs) ?? 0,
        },
        source,
      );
      return;
    }
    this.note(textOf(record.subtype) ?? "system", record, source);
  }

  /** @param isOver whether something says so; else the model's last word does */
  private endTurn(source: Source, isOver = false): void {
    const { claude, builder } = this;
    if (builder.step === 0 || claude.error) return;
    const isDone = isOver || lastWords.has(claude.stopReason);
    if (isDone && claude.stopReason !== "tool_use") finishTurn(builder, claude.teller.text ?? "", withoutId(source));
  }

  /** Older versions write the conversations of sub-agents between the lines of the one that began them. */
  private takeInner(record: Fields, uuid: string | undefined, find: (agentId: string) => FoundAgent | undefined): void {
    const agentId = textOf(record.agentId);
    const before = agentId ?? textOf(record.parentUuid);
    const known = before === undefined ? undefined : this.inner.get(before);
    const teller = known ?? this.beginInner(record, agentId ?? uuid ?? `sidechain-${this.inner.size + 1}`);
    if (agentId !== undefined) this.inner.set(agentId, teller);
    if (uuid !== undefined) this.inner.set(uuid, teller);
    teller.take({ ...record, isSidechain: false }, find);
  }

  /** Its first words are the prompt of the call that began it. */
  private beginInner(record: Fields, innerId: string): SessionTeller {
    const { claude, builder } = this;
    const source = withoutId(claude.teller.at(record.timestamp));
    const query = contentText(fieldsOf(record.message).content).trim();
    const linked = new Set(claude.delegates.map(({ toolCallId }) => toolCallId));
    const call = claude.teller
      .openCalls()
      .find(({ id, args }) => !linked.has(id) && textOf(fieldsOf(args).prompt)?.trim() === query);
    const { jobId, runId } = builder.identity;
    const alone = () => openSession("claude", { sessionId: jobId, runId: innerId, query, parent: { runId } }, source);
    const inner = call ? claude.startDelegate(call, innerId, source) : new ClaudeTeller(alone(), source);
    return new SessionTeller(inner, { query, isAgent: false });
  }

  private note(name: string, record: Fields, source: Source): void {
    const { uuid: _, parentUuid: __, sessionId: ___, timestamp: ____, type: _____, ...data } = record;
    this.claude.teller.note(name, data, source);
  }
}

function withoutId({ id: _, ...source }: Source): Source {
  return source;
}
