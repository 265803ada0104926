/** Where a conversation departs from the recorded one: in what the model would see, not in ids, times and folders. */
import { assertNever } from "../../base/errors";
import type { Message, MessageOf } from "../../model/message";
import type { NormalizeText } from "./normalizeText";

export interface Divergence {
  /** Counted from 1, instruction included, as `messageCount` of `startGeneration` counts. */
  message: number;
  kind: string;
  recorded: string;
  now: string;
}

/** Instruction messages are left out: they hold the date and the folder. */
export function findDivergence(
  recorded: readonly Message[],
  now: readonly Message[],
  normalize: NormalizeText,
): Divergence | undefined {
  const [left, right] = [withoutInstructions(recorded), withoutInstructions(now)];
  for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
    const [a, b] = [left[index], right[index]];
    const [was, is] = describePair(a, b, normalize);
    if (was === is) continue;
    const shown = b ?? a;
    return {
      message: (b ? now.indexOf(b) : recorded.length - left.length + index) + 1,
      kind: shown ? kindOf(shown) : "",
      ...aroundDifference(was, is),
    };
  }
  return undefined;
}

export function formatDivergence({ message, kind, recorded, now }: Divergence): string {
  return `The run departs from its recording at message ${message} (${kind}).\nrecorded: ${recorded}\nnow: ${now}`;
}

function withoutInstructions(messages: readonly Message[]): Message[] {
  return messages.filter(({ type }) => type !== "instructionMessage");
}

function describePair(a: Message | undefined, b: Message | undefined, normalize: NormalizeText): [string, string] {
  const order = a?.type === "toolMessage" && b?.type === "toolMessage" ? resultOrder(a, b) : undefined;
  return [describe(a, normalize, order), describe(b, normalize, order)];
}

type Describe = (result: MessageOf<"toolMessage">["contents"][number]) => string;

/** Results come in the order in which the tools ended: by call where the calls are the same, else by what they say. */
function resultOrder(a: MessageOf<"toolMessage">, b: MessageOf<"toolMessage">): Describe | undefined {
  const ids = new Set(a.contents.map(({ toolCallId }) => toolCallId));
  const same = a.contents.length === b.contents.length && ids.size === a.contents.length;
  return same && b.contents.every(({ toolCallId }) => ids.has(toolCallId)) ? ({ toolCallId }) => toolCallId : undefined;
}

function describe(message: Message | undefined, normalize: NormalizeText, order?: Describe): string {
  if (!message) return "nothing more";
  switch (message.type) {
    case "instructionMessage":
    case "userMessage":
      return `${kindOf(message)}: ${message.contents.map((part) => contentText(part, normalize)).join("\n")}`;
    case "expertMessage":
      return `${kindOf(message)}: ${message.contents
        .flatMap((part) => {
          if (part.type === "thinkingPart") return [];
          if (part.type === "textPart") return [normalize(part.text)];
          return [`${part.toolName}(${normalize(stableJson(part.args))})`];
        })
        .join("\n")}`;
    case "toolMessage": {
      const lines = message.contents.map((result) => {
        const text = result.contents.map((part) => contentText(part, normalize)).join("\n");
        const line = `${result.toolName} → ${result.isError ? "error " : ""}${text}`;
        return { key: order ? order(result) : line, line };
      });
      lines.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
      return `${kindOf(message)}: ${lines.map(({ line }) => line).join("\n")}`;
    }
    default:
      return assertNever(message);
  }
}

function contentText(
  part: MessageOf<"userMessage">["contents"][number] | MessageOf<"instructionMessage">["contents"][number],
  normalize: NormalizeText,
): string {
  return part.type === "textPart" ? normalize(part.text) : `[${part.mimeType} ${part.encodedData}]`;
}

function kindOf(message: Message): string {
  switch (message.type) {
    case "instructionMessage":
      return "instruction";
    case "userMessage":
      return "user";
    case "expertMessage":
      return "answer";
    case "toolMessage":
      return "tool results";
    default:
      return assertNever(message);
  }
}

/** Keys in alphabetical order, so that only what is said counts. */
function stableJson(value: unknown): string {
  const sorted = JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
  return sorted ?? "";
}

const before = 60;
const after = 160;

function aroundDifference(recorded: string, now: string): { recorded: string; now: string } {
  let start = 0;
  while (start < recorded.length && recorded[start] === now[start]) start += 1;
  const from = Math.max(0, start - before);
  return { recorded: cut(recorded, from, start + after), now: cut(now, from, start + after) };
}

function cut(text: string, from: number, to: number): string {
  const shown = text.slice(from, to).replaceAll("\n", " ⏎ ");
  return `${from > 0 ? "…" : ""}${shown}${to < text.length ? "…" : ""}`;
}
