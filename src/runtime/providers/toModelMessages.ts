/** Our conversation as the messages of the AI SDK. */
import type { ModelMessage } from "ai";
import { assertNever } from "../../base/errors";
import type { Message, MessageOf } from "../../model/message";

/** What a provider can read besides text. */
export interface MediaSupport {
  /** Whether a tool's result may hold images and files; else they follow in a message of the user. */
  inToolResults: boolean;
  /** The media types it reads at all; the others become a note: a provider refuses the whole request for one. */
  types: RegExp;
}

const images = "image/(?:png|jpeg|gif|webp)";
export const imagesOnly = new RegExp(`^${images}$`);
export const imagesAndPdf = new RegExp(`^(?:${images}|application/pdf)$`);
export const fullMedia: MediaSupport = { inToolResults: true, types: imagesAndPdf };

type UserContent = Exclude<Extract<ModelMessage, { role: "user" }>["content"], string>;
type AssistantContent = Exclude<Extract<ModelMessage, { role: "assistant" }>["content"], string>;
type ToolContent = Extract<ModelMessage, { role: "tool" }>["content"];
type ToolResult = Extract<ToolContent[number], { type: "tool-result" }>;
type ResultValue = Extract<ToolResult["output"], { type: "content" }>["value"];
type Content = MessageOf<"userMessage">["contents"][number];
type Media = Exclude<Content, { type: "textPart" }>;

export function toModelMessages(messages: readonly Message[], media: MediaSupport = fullMedia): ModelMessage[] {
  return messages.flatMap((message) => toModelMessage(message, media));
}

function toModelMessage(message: Message, media: MediaSupport): ModelMessage[] {
  switch (message.type) {
    case "instructionMessage":
      return [instruction(message)];
    case "userMessage":
      return [{ role: "user", content: message.contents.map((part) => userPart(part, media)) }];
    case "expertMessage":
      return [{ role: "assistant", content: message.contents.map(expertPart) }];
    case "toolMessage":
      return toolMessages(message, media);
    default:
      return assertNever(message);
  }
}

function instruction({ contents }: MessageOf<"instructionMessage">): ModelMessage {
  return { role: "system", content: contents.map(({ text }) => text).join("\n") };
}

function userPart(part: Content, media: MediaSupport): UserContent[number] {
  if (part.type === "textPart") return { type: "text", text: part.text };
  if (!media.types.test(part.mimeType)) return { type: "text", text: unreadable(part) };
  return { type: "file", data: part.encodedData, mediaType: part.mimeType };
}

function expertPart(part: MessageOf<"expertMessage">["contents"][number]): AssistantContent[number] {
  switch (part.type) {
    case "textPart":
      return { type: "text", text: part.text };
    case "thinkingPart": {
      const signed = part.signature === undefined ? undefined : { anthropic: { signature: part.signature } };
      const providerOptions = part.providerOptions ?? signed;
      return { type: "reasoning", text: part.thinking, ...(providerOptions && { providerOptions }) };
    }
    case "toolCallPart":
      return {
        type: "tool-call",
        toolCallId: part.toolCallId,
        toolName: part.toolName,
        // Providers take an object only; what was wrong with the arguments stands in the tool's result.
        input: typeof part.args === "object" && part.args !== null ? part.args : {},
        ...(part.providerOptions && { providerOptions: part.providerOptions }),
      };
    default:
      return assertNever(part);
  }
}

function toolMessages(message: MessageOf<"toolMessage">, media: MediaSupport): ModelMessage[] {
  const behind: UserContent = [];
  const content = message.contents.map(({ toolCallId, toolName, contents, isError }): ToolResult => {
    const readable = (part: Content) => part.type !== "textPart" && media.types.test(part.mimeType);
    if (isError || !contents.some(readable)) {
      const value = contents.map((part) => (part.type === "textPart" ? part.text : unreadable(part))).join("\n");
      return { type: "tool-result", toolCallId, toolName, output: { type: isError ? "error-text" : "text", value } };
    }
    if (media.inToolResults) {
      const value = contents.map((part) => resultPart(part, media));
      return { type: "tool-result", toolCallId, toolName, output: { type: "content", value } };
    }
    const value = contents.map((part) => {
      if (part.type === "textPart") return part.text;
      if (readable(part)) behind.push({ type: "text", text: `From ${toolName}:` }, userPart(part, media));
      return readable(part) ? `[${part.mimeType}, in the next message]` : unreadable(part);
    });
    return { type: "tool-result", toolCallId, toolName, output: { type: "text", value: value.join("\n") } };
  });
  return [{ role: "tool", content }, ...(behind.length > 0 ? [{ role: "user" as const, content: behind }] : [])];
}

function resultPart(part: Content, media: MediaSupport): ResultValue[number] {
  if (part.type === "textPart") return { type: "text", text: part.text };
  if (!media.types.test(part.mimeType)) return { type: "text", text: unreadable(part) };
  return { type: "file", data: { type: "data", data: part.encodedData }, mediaType: part.mimeType };
}

function unreadable({ mimeType }: Media): string {
  return `[${mimeType}: this model cannot read it]`;
}
