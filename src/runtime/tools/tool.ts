/** The contract of a built-in tool: name, schema, effect, and a function that touches the world through `Workspace` only. */
import * as z from "zod";
import type { TouchedFile } from "../../model/events";
import type { ResultPart } from "../../model/message";
import type { Todo } from "../../model/todos";
import type { Clock, ToolDefinition, Workspace } from "../ports";

export interface ToolContext {
  workspace: Workspace;
  clock: Clock;
  /** Aborted on cancel: the tool must end soon after, whatever it is doing. */
  signal: AbortSignal;
  todos: readonly Todo[];
  setTodos(todos: Todo[]): void;
  /** A sign of life, such as a line of output. Must not throw. */
  progress(text: string): void;
}

export interface ToolOutput {
  result: ResultPart[];
  isError?: boolean;
  touched?: TouchedFile[];
}

export interface Tool {
  readonly definition: ToolDefinition;
  /** What it does to the world; decides about approval and whether calls of one step may run side by side. */
  readonly effect: "none" | "read" | "write" | "exec";
  /** One line for the person who is asked for approval. */
  summarize(args: unknown): string;
  /** Throws `ToolError` or `WorkspaceError` for what the model should hear; anything else is a bug, told to it as well. */
  execute(args: unknown, context: ToolContext): Promise<ToolOutput>;
}

/** An expected failure of a tool, worded for the model. */
export class ToolError extends Error {
  override readonly name = "ToolError";
}

/** Makes a tool from a zod schema: the JSON schema for the model and the check of its arguments both follow from it. */
export function defineTool<S extends z.ZodObject>(tool: {
  name: string;
  description: string;
  schema: S;
  effect: Tool["effect"];
  summarize?(args: z.infer<S>): string;
  execute(args: z.infer<S>, context: ToolContext): Promise<ToolOutput>;
}): Tool {
  const { name, description, schema, effect } = tool;
  return {
    definition: { name, description, inputSchema: z.toJSONSchema(schema, { target: "draft-7", io: "input" }) },
    effect,
    summarize(args) {
      const parsed = schema.safeParse(args);
      return parsed.success && tool.summarize ? `${name}: ${tool.summarize(parsed.data)}` : name;
    },
    async execute(args, context) {
      const parsed = schema.safeParse(args ?? {});
      if (!parsed.success) throw new ToolError(`Invalid arguments for ${name}: ${z.prettifyError(parsed.error)}`);
      return await tool.execute(parsed.data, context);
    },
  };
}

/** A result as Perstack's base skill gives it: JSON text in one part. */
export function jsonResult(value: unknown, touched?: TouchedFile[]): ToolOutput {
  return { result: [{ type: "textPart", text: JSON.stringify(value) }], ...(touched && { touched }) };
}
