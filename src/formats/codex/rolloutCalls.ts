/** Tool calls of a rollout and their results: several kinds of calls, and outputs in which the exit code stands as text. */
import { parseJson } from "../../base/lines";
import type { ToolCall } from "../../model/message";
import { isRecord } from "../../model/toolText";
import type { CallResult } from "../agents/agentTeller";
import { contentText, durationIn, type Fields, fieldsOf, resultParts, textOf } from "../agents/fields";

/** How a command ended, as an event tells it. */
export interface Exit {
  code: unknown;
  success: unknown;
  duration: unknown;
}

/** @param fallbackId of a call whose result is not told apart from it */
export function callIn(
  name: string,
  body: Fields,
  fallbackId: string,
): { call: ToolCall; isDone: boolean } | undefined {
  const id = textOf(body.call_id) ?? textOf(body.id) ?? fallbackId;
  switch (name) {
    case "function_call": {
      const args = parseJson(textOf(body.arguments) ?? "") ?? body.arguments ?? {};
      return { call: { id, ...toolOf(textOf(body.name) ?? name, textOf(body.namespace)), args }, isDone: false };
    }
    case "custom_tool_call":
      return { call: { id, skill: "", tool: textOf(body.name) ?? name, args: { input: body.input } }, isDone: false };
    case "local_shell_call": {
      const { command, working_directory: workdir } = fieldsOf(body.action);
      const args = { command, ...(workdir !== undefined && { workdir }) };
      return { call: { id, skill: "", tool: "local_shell", args }, isDone: false };
    }
    case "web_search_call":
      return { call: { id, skill: "", tool: "web_search", args: body.action ?? {} }, isDone: true };
    default:
      return undefined;
  }
}

/** A tool of an MCP server is named after it. */
function toolOf(name: string, namespace: string | undefined): { skill: string; tool: string } {
  const parts = /^(?:mcp__)?(?<skill>[^_].*?)__(?<tool>.+)$/su.exec(name)?.groups;
  if (namespace !== undefined) return { skill: namespace.replace(/^mcp__|__$/gu, ""), tool: name };
  return { skill: parts?.skill ?? "", tool: parts?.tool ?? name };
}

const exitCode = /^(?:Chunk ID: .*\n|Wall time: .*\n)*(?:Exit code: |Process exited with code )(?<code>-?\d+)/u;
const failed =
  /^(?:exec_command failed|failed |failed$|unsupported call|unknown |err: |apply_patch verification failed|error: )/iu;

export function resultIn(output: unknown, exit: Exit | undefined): CallResult {
  const { text, code, success, content } = readOutput(output);
  const told = typeof exit?.code === "number" ? exit.code : (code ?? Number(exitCode.exec(text)?.groups?.code ?? 0));
  const isRefused = /rejected by (?:the )?user|user rejected/iu.test(text.slice(0, 200));
  const isAborted = /^aborted by user/iu.test(text);
  const isError =
    told !== 0 || success === false || exit?.success === false || isRefused || isAborted || failed.test(text);
  const took = durationIn(exit?.duration);
  return {
    ...{ isError, result: resultParts(content ?? text) },
    ...(isError && isRefused && { blockedBy: "approval" as const }),
    ...(isAborted && { errorClass: "cancelled" as const }),
    ...(took !== undefined && { durationMs: took }),
  };
}

interface Output {
  text: string;
  code?: number;
  success?: unknown;
  content?: unknown;
}

/** A text; or a text with JSON in it; or parts; or an object with the text. */
function readOutput(output: unknown): Output {
  if (Array.isArray(output)) return { text: contentText(output), content: output };
  if (isRecord(output)) {
    const { content, success, output: inside } = output;
    return { ...readOutput(content ?? inside ?? ""), success };
  }
  if (typeof output !== "string") return { text: "" };
  const parsed = output.startsWith("{") ? parseJson(output) : undefined;
  if (!isRecord(parsed) || typeof parsed.output !== "string") return { text: output };
  const code = fieldsOf(parsed.metadata).exit_code;
  return { text: parsed.output, ...(typeof code === "number" && { code }) };
}
