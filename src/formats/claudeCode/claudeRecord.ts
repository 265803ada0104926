/** What a record of a Claude Code session is: who speaks, and what of it a person wrote. */
import { contentText, type Fields, fieldsOf, listOf } from "../agents/fields";

export type UserWords =
  /** A person asks for something. */
  | { kind: "prompt"; text: string }
  /** A command of the program itself: it may start a turn. */
  | { kind: "command"; text: string }
  | { kind: "interruption"; text: string }
  /** What the program tells the model, or a command printed. */
  | { kind: "aside"; name: string; text: string }
  | { kind: "results" };

const asides =
  /^<(?<name>local-command-(?:stdout|stderr|caveat)|bash-(?:input|stdout|stderr)|task-notification|system-reminder)>/u;

export function userWords(record: Fields): UserWords {
  const { content } = fieldsOf(record.message);
  if (listOf(content).some((block) => fieldsOf(block).type === "tool_result")) return { kind: "results" };
  const text = contentText(content).trim();
  if (text.startsWith("[Request interrupted by user")) return { kind: "interruption", text };
  if (record.isCompactSummary === true) return { kind: "aside", name: "compactSummary", text };
  const command = /<command-name>(?<name>[^<]*)<\/command-name>/u.exec(text)?.groups?.name;
  if (command !== undefined && text.startsWith("<command-")) {
    const args = /<command-args>(?<args>[\s\S]*?)<\/command-args>/u.exec(text)?.groups?.args ?? "";
    return { kind: "command", text: `${command} ${args}`.trim() };
  }
  const aside = asides.exec(text)?.groups?.name;
  if (aside !== undefined) return { kind: "aside", name: aside, text };
  if (record.isMeta === true) return { kind: "aside", name: "meta", text };
  return { kind: "prompt", text };
}
