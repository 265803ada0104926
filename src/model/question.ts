/** What an interactive tool asks a person: the question in words, and the answers to choose from where it names some. */
import type { InputRequest } from "./events";
import { describeToolCall, isRecord } from "./toolText";

export interface Question {
  text: string;
  /** Another answer can be given all the same. Empty: the answer is a text. */
  choices: readonly AnswerChoice[];
}

export interface AnswerChoice {
  label: string;
  /** More about it. */
  detail?: string;
  /** What the expert is told. */
  answer: string;
}

const questionKeys = ["question", "message", "prompt", "text", "query", "title"];
const choiceKeys = ["options", "choices", "answers", "suggestions"];
const maxChoices = 100;

/** The answer of a person is a text, whatever the tool's schema: that describes what the model says when it asks. */
export function questionOf({ tool, args, schema }: Pick<InputRequest, "tool" | "args" | "schema">): Question {
  const choices = choicesIn(args) ?? choicesOfSchema(schema) ?? [];
  const text = isRecord(args) ? firstText(args, questionKeys) : typeof args === "string" ? args.trim() : undefined;
  return { text: text || describeToolCall(tool, args, 500), choices };
}

function firstText(record: Record<string, unknown>, keys: readonly string[]): string | undefined {
  const value = keys.map((key) => record[key]).find((each) => typeof each === "string" && each.trim() !== "");
  return typeof value === "string" ? value.trim() : undefined;
}

function choicesIn(args: unknown): AnswerChoice[] | undefined {
  if (!isRecord(args)) return undefined;
  const list = choiceKeys.map((key) => args[key]).find((each) => Array.isArray(each) && each.length > 0);
  if (!Array.isArray(list)) return undefined;
  const choices = list.slice(0, maxChoices).map(choiceOf);
  return choices.every((choice) => choice !== undefined) ? choices : undefined;
}

function choiceOf(value: unknown): AnswerChoice | undefined {
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") {
    return { label: String(value), answer: String(value) };
  }
  if (!isRecord(value)) return undefined;
  const label = firstText(value, ["label", "title", "name", "text", "value", "id"]);
  if (label === undefined) return undefined;
  const detail = firstText(value, ["description", "detail"]);
  return { label, ...(detail !== undefined && { detail }), answer: firstText(value, ["value"]) ?? label };
}

/** Where all that the tool takes is one of a few values, these are what it is about. */
function choicesOfSchema(schema: unknown): AnswerChoice[] | undefined {
  if (!isRecord(schema) || !isRecord(schema.properties)) return undefined;
  const [only, ...more] = Object.values(schema.properties);
  if (more.length > 0 || !isRecord(only)) return undefined;
  if (only.type === "boolean") return ["Yes", "No"].map((label) => ({ label, answer: label }));
  if (!Array.isArray(only.enum)) return undefined;
  const choices = only.enum.slice(0, maxChoices).map(choiceOf);
  return choices.every((choice) => choice !== undefined) ? choices : undefined;
}
