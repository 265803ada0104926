/** The conversation, in Perstack's message schema; the fold of a run's events gives it back exactly. */
import * as z from "zod";

const id = z.string();

export const TextPart = z.object({ type: z.literal("textPart"), id, text: z.string() });
export const ImagePart = z.object({
  type: z.literal("imageInlinePart"),
  id,
  encodedData: z.string(),
  mimeType: z.string(),
});
export const FilePart = z.object({
  type: z.literal("fileInlinePart"),
  id,
  encodedData: z.string(),
  mimeType: z.string(),
});

/** A part of a tool's result before it has an id. `encodedData` is base64. */
export const ResultPart = z.discriminatedUnion("type", [
  TextPart.omit({ id: true }),
  ImagePart.omit({ id: true }),
  FilePart.omit({ id: true }),
]);
export type ResultPart = z.infer<typeof ResultPart>;

/** Provider metadata (such as a signature) that must go back to the provider with the part. */
const ProviderOptions = z.record(z.string(), z.record(z.string(), z.json()));

export const ReasoningPart = z.object({
  text: z.string(),
  providerOptions: ProviderOptions.optional(),
});
export type ReasoningPart = z.infer<typeof ReasoningPart>;

export const ToolCall = z.object({
  id: z.string(),
  /** The skill that offers the tool; "" where no skill does. */
  skill: z.string(),
  tool: z.string(),
  /** A string where the model's arguments were no JSON. */
  args: z.unknown(),
  providerOptions: ProviderOptions.optional(),
});
export type ToolCall = z.infer<typeof ToolCall>;

const ThinkingPart = z.object({
  type: z.literal("thinkingPart"),
  id,
  thinking: z.string(),
  signature: z.string().optional(),
  providerOptions: ProviderOptions.optional(),
});
const ToolCallPart = z.object({
  type: z.literal("toolCallPart"),
  id,
  toolCallId: z.string(),
  toolName: z.string(),
  args: z.unknown(),
  providerOptions: ProviderOptions.optional(),
});
const ToolResultPart = z.object({
  type: z.literal("toolResultPart"),
  id,
  toolCallId: z.string(),
  toolName: z.string(),
  contents: z.array(z.discriminatedUnion("type", [TextPart, ImagePart, FilePart])),
  isError: z.boolean().optional(),
});

export const Message = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("instructionMessage"),
    id,
    contents: z.array(TextPart),
    cache: z.boolean().optional(),
  }),
  z.object({
    type: z.literal("userMessage"),
    id,
    contents: z.array(z.discriminatedUnion("type", [TextPart, ImagePart, FilePart])),
    cache: z.boolean().optional(),
  }),
  z.object({
    type: z.literal("expertMessage"),
    id,
    contents: z.array(z.discriminatedUnion("type", [TextPart, ToolCallPart, ThinkingPart])),
    cache: z.boolean().optional(),
  }),
  z.object({
    type: z.literal("toolMessage"),
    id,
    contents: z.array(ToolResultPart),
    cache: z.boolean().optional(),
  }),
]);
export type Message = z.infer<typeof Message>;
export type MessageOf<T extends Message["type"]> = Extract<Message, { type: T }>;
