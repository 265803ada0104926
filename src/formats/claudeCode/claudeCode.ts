/** Claude Code: its session files, with the sub-agents of each, and what it prints where it is called by programs. */
import { basename, dirname } from "node:path";
import { agentFormat } from "../agents/agentFormat";
import { headRecords } from "../agents/captured";
import { type Fields, fieldsOf } from "../agents/fields";
import type { Format } from "../format";
import { readHead } from "../readHead";
import { readClaudeSession } from "./readClaudeSession";

export const claudeCode: Format = agentFormat({
  ...{ name: "claudeCode", label: "Claude Code", agent: "claude" },
  home: { folder: ".claude", sessions: ["projects"] },
  mayBeSession: (file) =>
    file.endsWith(".jsonl") && !basename(file).startsWith("agent-") && basename(dirname(file)) !== "subagents",
  isSession,
  readSession: readClaudeSession,
});

/** A first line that is longer than what is looked at. */
const longRecord = /^\s*\{"parentUuid":(?:null|"[^"]{1,80}"),"(?:isSidechain|logicalParentUuid)":/u;

async function isSession(file: string): Promise<boolean> {
  if (!file.endsWith(".jsonl")) return false;
  const records = await headRecords(file);
  const known = records.find((record) => !isAside(record));
  if (known) return isMessage(known);
  return records.some(isAside) || longRecord.test((await readHead(file, 4096)) ?? "");
}

function isMessage({ type, message, uuid, sessionId, leafUuid, subtype }: Fields): boolean {
  const isTold = typeof sessionId === "string" || typeof uuid === "string";
  if (type === "summary") return typeof leafUuid === "string";
  if (type === "system") return isTold && typeof sessionId === "string" && subtype !== "init";
  return isTold && (type === "user" || type === "assistant") && fieldsOf(message).role === type;
}

/** What stands between the messages: snapshots, titles, settings, queues. */
function isAside({ type, sessionId, messageId, snapshot, leafUuid }: Fields): boolean {
  if (typeof type !== "string" || type === "user" || type === "assistant" || type === "system") return false;
  if (type === "file-history-snapshot") return typeof messageId === "string" && typeof snapshot === "object";
  return type === "summary" ? typeof leafUuid === "string" : /^[a-z-]+$/u.test(type) && typeof sessionId === "string";
}
