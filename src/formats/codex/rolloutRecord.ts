/** The records of a rollout, of all its versions: what kind each is, and what stands in it. */
import { contentText, type Fields, fieldsOf, textOf } from "../agents/fields";

export interface RolloutRecord {
  kind: "meta" | "context" | "item" | "event" | "other";
  name: string;
  body: Fields;
}

export function rolloutRecord(record: Fields): RolloutRecord {
  const name = textOf(record.type) ?? "";
  const payload = fieldsOf(record.payload);
  const inside = textOf(payload.type) ?? "";
  switch (name) {
    case "session_meta":
      return { kind: "meta", name, body: payload };
    case "turn_context":
      return { kind: "context", name, body: payload };
    case "response_item":
      return { kind: "item", name: inside, body: payload };
    case "event_msg":
      return { kind: "event", name: inside, body: payload };
    case "":
      return { kind: "id" in record ? "meta" : "other", name: textOf(record.record_type) ?? "meta", body: record };
    default:
      // Older: items without an envelope.
      return "payload" in record ? { kind: "other", name, body: payload } : { kind: "item", name, body: record };
  }
}

/** What stands in a user's message without being the user's: instructions and surroundings. */
const surroundings =
  /^\s*(?:<(?:environment_context|user_instructions|INSTRUCTIONS|permissions instructions|collaboration_mode|skills?|skills_instructions|turn_aborted|user_shell_command|subagent_notification|apps_instructions|plugins_instructions)\b|# AGENTS\.md)/iu;

/** The words of a person; `undefined` where the record has none. */
export function promptIn({ kind, name, body }: RolloutRecord): string | undefined {
  if (kind === "event" && name === "user_message") return textOf(body.message)?.trim();
  if (kind !== "item" || name !== "message" || body.role !== "user") return undefined;
  const text = contentText(body.content);
  return surroundings.test(text) ? undefined : text.trim() || undefined;
}

/** Older versions tell the folder in the first message alone. */
export function workspaceIn({ kind, name, body }: RolloutRecord): string | undefined {
  if (kind === "meta" || kind === "context") return textOf(body.cwd);
  if (kind !== "item" || name !== "message") return undefined;
  const found = /<cwd>(?<tag>[^<]+)<\/cwd>|Current working directory: (?<line>.+)/u.exec(
    contentText(body.content),
  )?.groups;
  return (found?.tag ?? found?.line)?.trim();
}
