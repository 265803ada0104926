/**
 * Conductor Loop's message buses: entries with a YAML header between `---` lines, and the lines of older versions. A body
 * may hold `---` as well, as nothing is escaped: only a `---` with a message id behind it opens an entry.
 */

import { isRecord } from "../../model/toolText";
import type { FormatProblem } from "../format";
import { readTime } from "../readTime";
import type { SourceFiles, SourceLine } from "../sourceFiles";
import { readYaml, textOf } from "./readYaml";

export interface BusMessage {
  id: string;
  /** As it was written; absent where it is no time. */
  ts?: string;
  /** Unix ms; of the message before it where it has none of its own, 0 where there is none. */
  timestamp: number;
  type: string;
  projectId?: string;
  taskId?: string;
  runId?: string;
  issueId?: string;
  parents?: { msg_id: string; kind?: string }[];
  links?: { url: string; label?: string; kind?: string }[];
  meta?: Record<string, string>;
  body: string;
  /** Absolute path. */
  file: string;
  /** Where it begins, counted from 1. */
  line: number;
}

/** In the header of a message of ours in whose body lines that are `---` were moved to the right. */
export const movedRules = "moved_rules";

/** In the header of a message of ours about the start or the end of a run. */
export const writtenBy = "written_by";

interface Entry {
  line: number;
  header: string[];
  /** Absent while its header goes on. */
  body?: string[];
  /** Of the body, in characters. */
  length: number;
}

const legacyLine =
  /^\[(?<date>\d{4}-\d\d-\d\d)[ T](?<time>\d\d:\d\d:\d\d(?:\.\d{1,9})?)(?<zone>Z|[+-]\d\d:?\d\d)?\]\s*(?<rest>.*)$/u;
const legacyType = /^(?<type>[\w/-]+):\s*(?<body>.*)$/u;
const bodyLimit = 256 * 1024;
const headerLines = 2000;
const ruleLine = "---";
const opener = "msg_id:";

/** In the order of the file; what cannot be read is a problem of `source`. */
export async function readMessageBus(source: SourceFiles, file: string): Promise<BusMessage[]> {
  const bus = new BusReader(file, source.problems);
  for await (const line of source.lines(file)) await bus.take(line);
  return await bus.finish();
}

class BusReader {
  private readonly messages: BusMessage[] = [];
  private entry: Entry | undefined;
  /** The line of a rule, until the next line says what it is. */
  private rule: number | undefined;
  private isTorn = false;

  constructor(
    private readonly file: string,
    private readonly problems: FormatProblem[],
  ) {}

  async take({ text, number, isTorn }: SourceLine): Promise<void> {
    this.isTorn = isTorn;
    const at = this.rule;
    this.rule = undefined;
    if (at !== undefined && text.startsWith(opener)) {
      await this.close();
      this.entry = { line: at, header: [text], length: 0 };
      return;
    }
    if (isTorn && this.isTornOpening(at, text)) {
      await this.close();
      this.tell(at ?? number, tornMessage);
      return;
    }
    if (at !== undefined) this.takeRule();
    if (text === ruleLine) this.rule = number;
    else this.takeText(text, number);
  }

  async finish(): Promise<BusMessage[]> {
    if (this.rule !== undefined) this.takeRule();
    await this.close(true);
    return this.messages;
  }

  /** The beginning of the next entry is not whole: it is no text of this one. */
  private isTornOpening(rule: number | undefined, text: string): boolean {
    if (rule !== undefined) return opener.startsWith(text);
    return ruleLine.startsWith(text) && this.entry?.body?.at(-1) === "";
  }

  /** The end of a header, or a rule in a text. */
  private takeRule(): void {
    if (!this.entry) return;
    if (this.entry.body) this.keep(this.entry, ruleLine);
    else this.entry.body = [];
  }

  private takeText(text: string, number: number): void {
    const { entry } = this;
    if (!entry) {
      const message = legacyMessage(text, this.file, number);
      if (message) this.messages.push(message);
    } else if (entry.body) this.keep(entry, text);
    else if (entry.header.length < headerLines) entry.header.push(text);
  }

  private keep(entry: Entry, text: string): void {
    if (entry.length > bodyLimit) return;
    entry.length += text.length + 1;
    entry.body?.push(entry.length > bodyLimit ? "… (cut: the message is longer)" : text);
  }

  private async close(isLast = false): Promise<void> {
    const { entry } = this;
    if (!entry) return;
    this.entry = undefined;
    const { line, header, body } = entry;
    if (!body) {
      this.tell(line, isLast ? tornMessage : "The header of a message has no end.");
      return;
    }
    const { value, fault } = readYaml(header.join("\n"));
    const id = textOf(value.msg_id);
    if (fault || id === undefined) {
      this.tell(line + (fault?.line ?? 1), fault?.reason ?? "The header of a message has no id.", fault?.column);
      return;
    }
    const before = this.messages.at(-1)?.timestamp ?? 0;
    this.messages.push({ ...headerOf(value, before), id, body: bodyOf(body, value), file: this.file, line });
    if (isLast && this.isTorn) this.tell(line, "The last message has no end of line: it may be cut.");
  }

  private tell(line: number, reason: string, column?: number): void {
    this.problems.push({ file: this.file, line, ...(column !== undefined && { column }), reason });
  }
}

const tornMessage = "The last message is torn.";

/** The blank line before the next entry is the writer's. */
function bodyOf(lines: readonly string[], { meta }: Record<string, unknown>): string {
  const isMoved = isRecord(meta) && meta[movedRules] !== undefined;
  const text = (isMoved ? lines.map((line) => line.replace(/^ (?= *---$| *msg_id:)/u, "")) : lines).join("\n");
  return text.replace(/\n+$/u, "");
}

function headerOf(value: Record<string, unknown>, before: number): Omit<BusMessage, "id" | "body" | "file" | "line"> {
  const known = (key: string, name: string) => {
    const text = textOf(value[name]);
    return text === undefined ? {} : { [key]: text };
  };
  const timestamp = readTime(value.ts);
  const parents = listOf(value.parents, (each) => {
    const id = textOf(isRecord(each) ? each.msg_id : each);
    return id === undefined ? undefined : { msg_id: id, ...textsOf(each, "kind") };
  });
  const links = listOf(value.links, (each) => {
    const url = isRecord(each) ? textOf(each.url) : undefined;
    return url === undefined ? undefined : { url, ...textsOf(each, "label", "kind") };
  });
  const meta = isRecord(value.meta)
    ? Object.entries(value.meta).flatMap(([key, each]) => {
        const text = each === "" ? "" : textOf(each);
        return text === undefined || key === movedRules ? [] : [[key, text] as const];
      })
    : [];
  return {
    ...(timestamp !== undefined && typeof value.ts === "string" && { ts: value.ts }),
    timestamp: timestamp ?? before,
    type: textOf(value.type) ?? "INFO",
    ...known("projectId", "project_id"),
    ...known("taskId", "task_id"),
    ...known("runId", "run_id"),
    ...known("issueId", "issue_id"),
    ...(parents.length > 0 && { parents }),
    ...(links.length > 0 && { links }),
    ...(meta.length > 0 && { meta: Object.fromEntries(meta) }),
  };
}

const listLimit = 1000;

function listOf<T>(value: unknown, read: (each: unknown) => T | undefined): T[] {
  if (!Array.isArray(value)) return [];
  return value.slice(0, listLimit).flatMap((each) => {
    const known = read(each);
    return known === undefined ? [] : [known];
  });
}

function textsOf<K extends string>(value: unknown, ...keys: K[]): { [key in K]?: string } {
  const texts: { [key in K]?: string } = {};
  if (!isRecord(value)) return texts;
  for (const key of keys) {
    const text = textOf(value[key]);
    if (text !== undefined) texts[key] = text;
  }
  return texts;
}

/** `undefined` where a person wrote what is no message. A time without a zone is UTC. */
function legacyMessage(text: string, file: string, line: number): BusMessage | undefined {
  const { date, time, zone = "Z", rest = "" } = legacyLine.exec(text)?.groups ?? {};
  const ts = `${date}T${time}${zone}`;
  const timestamp = readTime(ts);
  if (timestamp === undefined) return undefined;
  const { type = "INFO", body = rest } = legacyType.exec(rest)?.groups ?? {};
  const id = `LEGACY-LINE-${String(line).padStart(9, "0")}`;
  return { id, ts, timestamp, type: type.toUpperCase(), body, file, line };
}
