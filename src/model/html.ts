/** Text from a run inside HTML: never markup, never a control character. */
import { escapeControls } from "./plainText";

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** For text between tags and for a quoted attribute; line breaks stay. */
export function escapeHtml(text: string): string {
  return text
    .split("\n")
    .map((line) => escapeControls(line).replace(/[&<>"']/gu, (char) => entities[char] ?? ""))
    .join("\n");
}

/** "" where there is nothing to show. */
export function element(tag: string, attributes: string, content: string): string {
  return content === "" ? "" : `<${tag}${attributes && ` ${attributes}`}>${content}</${tag}>`;
}
