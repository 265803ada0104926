/** Gemini CLI: the chats it saves, and what it prints where it is called by programs. */
import { basename, dirname, extname } from "node:path";
import { agentFormat } from "../agents/agentFormat";
import { headRecords } from "../agents/captured";
import type { Fields } from "../agents/fields";
import type { Format } from "../format";
import { readHead } from "../readHead";
import { readGeminiSession } from "./readGeminiSession";

export const gemini: Format = agentFormat({
  ...{ name: "gemini", label: "Gemini CLI", agent: "gemini" },
  home: { folder: ".gemini", sessions: ["tmp"] },
  mayBeSession: (file) =>
    /^\.jsonl?$/u.test(extname(file)) &&
    (basename(file).startsWith("session-") || basename(dirname(dirname(file))) === "chats"),
  isSession,
  readSession: readGeminiSession,
});

const heading = /^\s*\{\s*"sessionId"\s*:\s*"[^"]*"\s*,\s*"projectHash"\s*:\s*"/u;

async function isSession(file: string): Promise<boolean> {
  if (!/^\.jsonl?$/u.test(extname(file))) return false;
  if (heading.test((await readHead(file, 4096)) ?? "")) return true;
  return extname(file) === ".jsonl" && (await headRecords(file, 20)).some(isChange);
}

/** Of a file whose heading is damaged. */
function isChange({ sessionId, projectHash, id, timestamp, type, content, $set: change }: Fields): boolean {
  if (typeof sessionId === "string" && typeof projectHash === "string") return true;
  if (typeof change === "object") return change !== null;
  const isMessage = typeof id === "string" && typeof timestamp === "string" && content !== undefined;
  return isMessage && type === "gemini";
}
