/** What `codex exec --json` prints: threads, turns and items without times; older versions print events by an id. */
import { addUsage } from "../../model/addUsage";
import type { ForeignRunBuilder, Source } from "../foreignRunBuilder";
import { agentError } from "./agentError";
import type { AgentOutcome, StreamTeller } from "./agentOutcome";
import { AgentTeller } from "./agentTeller";
import { codexUsage } from "./agentUsage";
import { CodexEvents } from "./codexEvents";
import { type Progress, tellCodexItem } from "./codexItems";
import { type Fields, fieldsOf, textOf } from "./fields";

const threadEvent = /^(?:thread|turn|item|session)\.[a-z_.]+$/u;

export function isCodexRecord({ type, id, msg, item, thread_id, session_id }: Fields): boolean {
  if (typeof type === "string" && threadEvent.test(type)) {
    const isThread = type.startsWith("thread.") || type.startsWith("session.");
    if (isThread) return typeof thread_id === "string" || typeof session_id === "string";
    return type.startsWith("turn.") || typeof item === "object";
  }
  return type === undefined && id !== undefined && typeof fieldsOf(msg).type === "string";
}

export class CodexStream implements StreamTeller {
  private readonly teller: AgentTeller;
  private readonly events: CodexEvents;
  private readonly found: Partial<AgentOutcome> = {};
  /** Item ids begin anew with every thread that the output holds. */
  private threads = 0;

  constructor(builder: ForeignRunBuilder, start: Source) {
    this.teller = new AgentTeller(builder, start, "codex");
    this.events = new CodexEvents(this.teller);
  }

  take(record: Fields): void {
    const { teller, found } = this;
    const source = teller.at(record.timestamp);
    const [scope, what] = (textOf(record.type) ?? "").split(".", 2);
    if (record.type === undefined) {
      this.takeOlder(record, source);
    } else if (scope === "thread" || scope === "session") {
      this.threads += 1;
      found.sessionId ??= textOf(record.thread_id) ?? textOf(record.session_id);
    } else if (scope === "turn") {
      this.takeTurn(what, record, source);
    } else if (scope === "item" && isProgress(what)) {
      delete found.error;
      const item = fieldsOf(record.item);
      const id = textOf(item.id) ?? `item-${teller.builder.events.length}`;
      tellCodexItem(teller, item, this.threads > 1 ? `${this.threads}:${id}` : id, what, source);
    } else {
      const { type, ...data } = record;
      teller.note(textOf(type) ?? "record", data, source);
      const message = textOf(record.message) ?? "error";
      if (type === "error" && !/^reconnecting/iu.test(message)) found.error = message;
    }
  }

  finish(): Omit<AgentOutcome, "isRecognized"> {
    const { teller, found, events } = this;
    teller.close();
    const { text = events.lastMessage } = teller;
    const usage = found.usage ?? events.usage;
    const model = found.model ?? events.model;
    const sessionId = found.sessionId ?? events.sessionId;
    // An error that nothing followed.
    if (found.error !== undefined && found.isEnded !== true) this.fail(found.error);
    return {
      ...{ isEnded: false, delegates: [] },
      ...found,
      ...(text !== undefined && { text }),
      ...(usage && { usage }),
      ...(model !== undefined && { model }),
      ...(sessionId !== undefined && { sessionId }),
    };
  }

  private takeTurn(what: string | undefined, record: Fields, source: Source): void {
    const { teller, found } = this;
    teller.wait(source);
    if (what === "started") {
      found.isEnded = false;
    } else if (what === "completed") {
      Object.assign(found, { isEnded: true, isError: false });
      delete found.error;
      delete found.failure;
      const usage = codexUsage(record.usage);
      if (usage) found.usage = found.usage ? addUsage(found.usage, usage) : usage;
    } else if (what === "failed") {
      found.isEnded = true;
      this.fail(textOf(fieldsOf(record.error).message) ?? found.error ?? "The turn failed.");
    }
  }

  private takeOlder(record: Fields, source: Source): void {
    const { found, events } = this;
    events.take(fieldsOf(record.msg), source);
    if (events.end === undefined) return;
    found.isEnded = true;
    found.isError = events.end.error !== undefined;
    if (events.end.error !== undefined) this.fail(events.end.error);
  }

  private fail(message: string): void {
    Object.assign(this.found, { isError: true, error: message, failure: agentError("turn_failed", message) });
  }
}

function isProgress(word: string | undefined): word is Progress {
  return word === "started" || word === "updated" || word === "completed";
}
