/** Messages of a bus as Conductor Loop writes them; no line of a text can be taken for the end of it. */

import { stringify } from "yaml";
import type { EventOf, RunEvent } from "../../model/events";
import { describeHappening } from "../../model/eventText";
import { compactJson, isRecord } from "../../model/toolText";
import { movedRules } from "./messageBus";
import { textOf } from "./readYaml";

export interface WrittenMessage {
  msg_id: string;
  ts: string;
  type: string;
  project_id: string;
  task_id: string;
  run_id: string;
  issue_id?: string | undefined;
  parents?: unknown;
  links?: unknown;
  meta?: Readonly<Record<string, string>> | undefined;
  body: string;
}

/** As it stands in the file, without the blank line before it. */
export function formatMessage({ body, meta, ...header }: WrittenMessage): string {
  const { msg_id, ts, type, project_id, task_id, run_id, issue_id, parents, links } = header;
  // Readers take such lines for the end of the message, and for the beginning of another.
  const safe = body.replaceAll("\r\n", "\n").replace(/^(?= *---$| *msg_id:)/gmu, " ");
  const known = { ...meta, ...(safe !== body && { [movedRules]: "true" }) };
  const fields = {
    ...{ msg_id, ts, type, project_id, task_id, run_id },
    ...(issue_id !== undefined && { issue_id }),
    ...(parents !== undefined && { parents }),
    ...(links !== undefined && { links }),
    ...(Object.keys(known).length > 0 && { meta: known }),
  };
  return `---\n${stringify(fields, { lineWidth: 0, indent: 4 })}---\n${safe}\n`;
}

/** What was read from a bus goes back as it was. */
export function messageOfData(data: unknown): Partial<WrittenMessage> & { bus?: "project" } {
  if (!isRecord(data)) return {};
  const body = typeof data.body === "string" ? data.body : "";
  const meta = isRecord(data.meta)
    ? Object.fromEntries(Object.entries(data.meta).map(([key, value]) => [key, String(value)]))
    : undefined;
  return {
    ...(data.bus === "project" && { bus: "project" as const }),
    ...textFields(data, "msg_id", "ts", "project_id", "task_id", "run_id", "issue_id"),
    ...(Array.isArray(data.parents) && { parents: data.parents }),
    ...(Array.isArray(data.links) && { links: data.links }),
    ...(meta && { meta }),
    body,
  };
}

function textFields<K extends string>(data: Record<string, unknown>, ...keys: K[]): { [key in K]?: string } {
  const texts: { [key in K]?: string } = {};
  for (const key of keys) {
    const text = textOf(data[key]);
    if (text !== undefined) texts[key] = text;
  }
  return texts;
}

const types: { readonly [T in RunEvent["type"]]?: string } = {
  failGate: "ERROR",
  passGate: "FACT",
  startNode: "PROGRESS",
  finishNode: "PROGRESS",
  skipNode: "PROGRESS",
  failNode: "ERROR",
  retryNode: "WARN",
  writeState: "FACT",
  requestInput: "QUESTION",
  receiveInput: "USER",
  requestApproval: "QUESTION",
  resolveApproval: "DECISION",
  resumeRun: "INFO",
};

const dataLimit = 2000;

/** What an event of ours is on a bus; `undefined` where it is told elsewhere or is of no interest there. */
export function messageOfEvent(event: RunEvent): { type: string; body: string } | undefined {
  if (event.type === "foreignEvent") return { type: "INFO", body: describeForeign(event) };
  const type = types[event.type];
  return type === undefined ? undefined : { type, body: describeHappening(event).text };
}

function describeForeign({ source, name, data }: EventOf<"foreignEvent">): string {
  return `${source} ${name}: ${compactJson(data).slice(0, dataLimit)}`;
}
