/** What a server answers to a call, in our parts. */
import * as z from "zod";
import { assertNever } from "../../base/errors";
import type { ResultPart } from "../../model/message";
import { oneLine } from "../../model/plainText";
import { ToolError, type ToolOutput } from "../tools/tool";

const text = z.string();
const Result = z.object({
  content: z.array(z.unknown()).optional(),
  structuredContent: z.unknown().optional(),
  isError: z.boolean().optional(),
});
const Media = { data: text, mimeType: text };
const Resource = z.object({
  uri: text.optional().catch(undefined),
  mimeType: text.optional().catch(undefined),
  text: text.optional(),
  blob: text.optional(),
});
const Content = z.discriminatedUnion("type", [
  z.object({ type: z.literal("text"), text }),
  z.object({ type: z.literal("image"), ...Media }),
  z.object({ type: z.literal("audio"), ...Media }),
  z.object({ type: z.literal("resource"), resource: Resource }),
  z.object({
    type: z.literal("resource_link"),
    uri: text,
    name: text.optional().catch(undefined),
    description: text.optional().catch(undefined),
  }),
]);

/** Throws `ToolError` for what is no result. */
export function readToolResult(value: unknown): ToolOutput {
  const parsed = Result.safeParse(value);
  if (!parsed.success) throw new ToolError(`The server's answer is no result of MCP: ${z.prettifyError(parsed.error)}`);
  const { content = [], structuredContent, isError } = parsed.data;
  const parts = content.map(readContent).filter((part) => part.type !== "textPart" || part.text !== "");
  return {
    result: parts.length > 0 ? parts : [textPart(JSON.stringify(structuredContent ?? {}))],
    ...(isError && { isError }),
  };
}

function readContent(value: unknown): ResultPart {
  const parsed = Content.safeParse(value);
  if (!parsed.success) return note("something that is no content of MCP");
  const content = parsed.data;
  switch (content.type) {
    case "text":
      return textPart(content.text);
    case "image":
      return mediaPart(content.data, content.mimeType) ?? note(describe("an image", content.mimeType, content.data));
    case "audio":
      return note(describe("a sound", content.mimeType, content.data));
    case "resource":
      return readResource(content.resource);
    case "resource_link":
      return textPart([content.name, content.uri, content.description].filter(Boolean).join("\n"));
    default:
      return assertNever(content);
  }
}

function readResource({ uri = "", mimeType = "", text: whole, blob }: z.infer<typeof Resource>): ResultPart {
  if (whole !== undefined) return textPart(whole);
  const part = blob === undefined ? undefined : mediaPart(blob, mimeType);
  return part ?? note(`${describe("a resource", mimeType, blob ?? "")} ${oneLine(uri, 200)}`.trim());
}

/** What models can look at; `undefined` for everything else, since one such part would have the whole request refused. */
function mediaPart(data: string, type: string): ResultPart | undefined {
  const [mimeType = ""] = type.toLowerCase().split(";");
  if (data === "" || !/^[A-Za-z0-9+/]+={0,2}$/u.test(data)) return undefined;
  if (imageTypes.has(mimeType)) return { type: "imageInlinePart", encodedData: data, mimeType };
  if (mimeType === "application/pdf") return { type: "fileInlinePart", encodedData: data, mimeType };
  return undefined;
}

function describe(what: string, mimeType: string, data: string): string {
  return `${what} of type ${oneLine(mimeType, 100) || "unknown"}, ${Math.floor((data.length * 3) / 4)} bytes`;
}

function note(what: string): ResultPart {
  return textPart(`[The server returned ${what}, which cannot be passed on.]`);
}

function textPart(value: string): ResultPart {
  return { type: "textPart", text: value };
}

const imageTypes: ReadonlySet<string> = new Set(["image/png", "image/jpeg", "image/gif", "image/webp"]);
