/** What an expert is offered without a connection: the built-in tools, its delegates, and what it may ask a person. */
import { parseJson } from "../base/lines";
import { baseSkillName } from "../model/baseSkill";
import type { DefinitionDocument, Expert, ExpertEntry } from "../model/definition";
import { delegateSkill } from "../model/delegateCall";
import { parseExpertKey } from "../model/expertKey";
import type { EventError } from "../model/failure";
import { isSelected } from "../model/toolSelection";
import type { OfferedTool, OfferedTools } from "../runtime/offeredTool";
import type { ToolDefinition } from "../runtime/ports";
import { eventError } from "../runtime/runFailure";
import { baseTools } from "../runtime/tools/index";

/** @param isDelegate a delegate asks nobody: its coordinator waits for it. What is asked for in vain is its failure. */
export function offeredTools(
  expert: Expert,
  document: DefinitionDocument,
  isDelegate: boolean,
): { tools: OfferedTools } | { failure: EventError } {
  const tools = new Map<string, OfferedTool>(builtIn(expert));
  try {
    for (const key of expert.delegates ?? []) add(tools, delegateTool(key, document));
    if (!isDelegate) for (const tool of questions(expert)) add(tools, tool);
    return { tools };
  } catch (error) {
    if (error instanceof BadTool) return { failure: eventError("invalid_definition", error.message) };
    throw error;
  }
}

class BadTool extends Error {
  override readonly name = "BadTool";
}

type Offered = [name: string, tool: OfferedTool];

function add(tools: Map<string, OfferedTool>, [name, tool]: Offered): void {
  const taken = tools.get(name);
  if (taken) {
    throw new BadTool(`Two tools are named “${name}”: of ${taken.skill} and of ${tool.skill}. Rename one of them.`);
  }
  tools.set(name, tool);
}

function builtIn(expert: Expert): Offered[] {
  const base = expert.skills?.[baseSkillName];
  const selection = base && base.type !== "interactiveSkill" ? base : {};
  const offered = baseTools.filter(({ definition: { name } }) => isSelected(selection, name));
  return offered.map((tool) => [tool.definition.name, { skill: baseSkillName, tool }]);
}

/** The expert of the definition that a delegate's key means: its version may be left out. */
export function delegateEntry(key: string, { experts }: DefinitionDocument): ExpertEntry | undefined {
  const name = parseExpertKey(key)?.name;
  return experts.find((entry) => entry.key === key) ?? experts.find((entry) => entry.key === name);
}

function delegateTool(key: string, document: DefinitionDocument): Offered {
  const entry = delegateEntry(key, document);
  if (!entry) throw new BadTool(`The delegate “${key}” is not defined in this file. Define it here to delegate to it.`);
  const name = parseExpertKey(key)?.shortName ?? key;
  const definition: ToolDefinition = {
    name: toolName(name),
    description: entry.expert?.description ?? `Delegates to the expert ${key}.`,
    inputSchema: {
      type: "object",
      properties: { query: { type: "string", description: "What the delegate is to do, with all it needs to know" } },
      required: ["query"],
      additionalProperties: false,
    },
  };
  return [definition.name, { skill: delegateSkill(key), definition, delegate: { expertKey: entry.key } }];
}

/** Providers take no dots in the name of a tool. */
function toolName(name: string): string {
  return name.replace(/[^a-zA-Z0-9_-]/g, "_");
}

function questions(expert: Expert): Offered[] {
  return Object.entries(expert.skills ?? {}).flatMap(([skill, entry]) => {
    if (entry.type !== "interactiveSkill") return [];
    return Object.entries(entry.tools).map(([name, { description = "", inputJsonSchema }]): Offered => {
      const inputSchema = parseJson(inputJsonSchema);
      if (!isSchema(inputSchema)) {
        throw new BadTool(`inputJsonSchema of the tool “${name}” of ${skill} is no JSON schema of an object.`);
      }
      return [name, { skill, definition: { name, description, inputSchema }, input: true }];
    });
  });
}

function isSchema(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
