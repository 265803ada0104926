/** What an expert may call: a tool that does something, a delegate that is run, a question that a person answers. */
import type { ToolDefinition } from "./ports";
import type { Tool } from "./tools/tool";

export type OfferedTool =
  | { skill: string; tool: Tool }
  | { skill: string; definition: ToolDefinition; delegate: { expertKey: string } }
  | { skill: string; definition: ToolDefinition; input: true };

/** By the tool's name. */
export type OfferedTools = ReadonlyMap<string, OfferedTool>;

export function definitionOf(offered: OfferedTool): ToolDefinition {
  return "tool" in offered ? offered.tool.definition : offered.definition;
}

export function isInput(offered: OfferedTool | undefined): boolean {
  return offered !== undefined && "input" in offered;
}

/** The expert that a call delegates to. */
export function delegateOf(offered: OfferedTool | undefined): string | undefined {
  return offered && "delegate" in offered ? offered.delegate.expertKey : undefined;
}
