/** Codex: its session files (“rollouts”), and what `codex exec --json` prints. */
import { basename } from "node:path";
import { agentFormat } from "../agents/agentFormat";
import { headRecords } from "../agents/captured";
import { type Fields, fieldsOf } from "../agents/fields";
import type { Format } from "../format";
import { readHead } from "../readHead";
import { readCodexSession } from "./readCodexSession";

export const codex: Format = agentFormat({
  ...{ name: "codex", label: "Codex", agent: "codex" },
  home: { folder: ".codex", sessions: ["sessions", "archived_sessions"] },
  mayBeSession: (file) => /^rollout-.*\.jsonl$/u.test(basename(file)),
  isSession,
  readSession: readCodexSession,
});

/** A first line that is longer than what is looked at: it may hold all instructions. */
const longRecord = /^\s*\{"timestamp":"[^"]{1,40}","type":"session_meta","payload":\{/u;

async function isSession(file: string): Promise<boolean> {
  if (!file.endsWith(".jsonl")) return false;
  // The first that is whole.
  const [first] = await headRecords(file, 20);
  if (first) return isEnveloped(first) || isBareBeginning(first);
  return longRecord.test((await readHead(file, 4096)) ?? "");
}

function isEnveloped({ type, payload }: Fields): boolean {
  const isKnown =
    type === "session_meta" || type === "response_item" || type === "event_msg" || type === "turn_context";
  return isKnown && typeof payload === "object" && payload !== null;
}

/** Before September 2025: a line that says what is begun, then items as they are. */
function isBareBeginning(record: Fields): boolean {
  const { type, id, timestamp, instructions, git } = record;
  const isMeta = type === undefined && typeof id === "string" && typeof timestamp === "string";
  return (
    isMeta &&
    ("instructions" in record ? instructions === null || typeof instructions === "string" : git === fieldsOf(git))
  );
}
