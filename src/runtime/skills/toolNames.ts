/** Names under which the tools of servers are offered: as providers take them, and each once. */
import type { McpTool } from "./mcpTool";

export interface NamedTool {
  skill: string;
  tool: McpTool;
  /** What the model calls it. */
  name: string;
}

export interface NamedTools {
  offered: NamedTool[];
  /** Their names were taken. */
  leftOut: { skill: string; name: string }[];
}

/** @param taken names that are offered already */
export function nameTools(
  skills: readonly { skill: string; tools: readonly McpTool[] }[],
  taken: Iterable<string>,
): NamedTools {
  const used = new Set(taken);
  const named: NamedTools = { offered: [], leftOut: [] };
  for (const { skill, tools } of skills) {
    // Names that can stay come first, so that none of them goes to a tool that needs a new one.
    const names = new Map<McpTool, string>();
    for (const tool of tools) {
      if (!isAccepted(tool.name)) continue;
      if (used.has(tool.name)) named.leftOut.push({ skill, name: tool.name });
      else {
        used.add(tool.name);
        names.set(tool, tool.name);
      }
    }
    for (const tool of tools) {
      if (isAccepted(tool.name)) continue;
      const name = freeName(tool.name.replace(/[^a-zA-Z0-9_-]/gu, "_"), used);
      used.add(name);
      names.set(tool, name);
    }
    for (const tool of tools) {
      const name = names.get(tool);
      if (name !== undefined) named.offered.push({ skill, tool, name });
    }
  }
  return named;
}

function isAccepted(name: string): boolean {
  return /^[a-zA-Z0-9_-]{1,64}$/u.test(name);
}

function freeName(wanted: string, used: ReadonlySet<string>): string {
  for (let count = 1; ; count += 1) {
    const suffix = count === 1 ? "" : `_${count}`;
    const name = `${wanted.slice(0, longestName - suffix.length)}${suffix}`;
    if (!used.has(name)) return name;
  }
}

const longestName = 64;
