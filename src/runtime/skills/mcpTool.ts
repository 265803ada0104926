/** A tool as a server lists it, and what of that can be believed. */
import * as z from "zod";
import type { LockedTool } from "../../model/lockfile";
import { oneLine } from "../../model/plainText";
import { isRecord } from "../../model/toolText";

/** Under the server's own name. */
export type McpTool = Omit<LockedTool, "skillName">;

const Listed = z.object({
  name: z.string().min(1),
  title: z.string().optional().catch(undefined),
  description: z.string().optional().catch(undefined),
  inputSchema: z.unknown().optional(),
  annotations: z.object({ readOnlyHint: z.boolean().optional() }).optional().catch(undefined),
});

/** `undefined` for what is no tool. */
export function readTool(value: unknown): McpTool | undefined {
  const parsed = Listed.safeParse(value);
  if (!parsed.success) return undefined;
  const { name, title, description, inputSchema, annotations } = parsed.data;
  const words = description?.trim() || title?.trim();
  return {
    name,
    description: words ? words.slice(0, longestDescription) : `The tool “${oneLine(name, 100)}” of an MCP server.`,
    inputSchema: readSchema(inputSchema),
    ...(annotations?.readOnlyHint === true && { readOnlyHint: true }),
  };
}

/** What is no schema of an object, or far too large for one, says nothing: the server checks the arguments anyway. */
function readSchema(schema: unknown): Record<string, unknown> {
  if (!isRecord(schema) || schema.type !== "object") return { type: "object" };
  try {
    return JSON.stringify(schema).length > largestSchema ? { type: "object" } : schema;
  } catch {
    // Nested too deeply to be written down.
    return { type: "object" };
  }
}

const longestDescription = 10_000;
const largestSchema = 100_000;
