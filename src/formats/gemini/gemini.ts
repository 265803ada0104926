/** Gemini CLI: the chats it saves, and what it prints where it is called by programs. */
import { basename, dirname, extname } from "node:path";
import { parseJson } from "../../base/lines";
import { agentFormat } from "../agents/agentFormat";
import type { Fields } from "../agents/fields";
import type { Format } from "../format";
import { isObject } from "../jsonRecords";
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
  const head = await readHead(file);
  if (head === undefined) return false;
  const first = parseJson(head.split("\n", 1)[0] ?? "");
  return isObject(first) ? isHeading(first) : heading.test(head);
}

function isHeading({ sessionId, projectHash }: Fields): boolean {
  return typeof sessionId === "string" && typeof projectHash === "string";
}
