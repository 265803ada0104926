/** Asks the person at the terminal what an expert wants to know. */
import type { InputAnswer } from "../app/app";
import type { InputRequest } from "../model/events";
import { oneLine, plainLines } from "../model/plainText";
import { type AnswerChoice, questionOf } from "../model/question";
import type { Terminal } from "./cliIo";

/** One after the other; fewer answers than questions where the terminal's input ends. Rejects when `signal` is aborted. */
export async function askInput(
  terminal: Terminal,
  expertKey: string,
  requests: readonly InputRequest[],
  signal: AbortSignal,
): Promise<InputAnswer[]> {
  const answers: InputAnswer[] = [];
  for (const request of requests) {
    const text = await askOne(terminal, expertKey, request, signal);
    if (text === undefined) break;
    answers.push({ toolCallId: request.toolCallId, text });
  }
  return answers;
}

async function askOne(
  terminal: Terminal,
  expertKey: string,
  request: InputRequest,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { text, choices } = questionOf(request);
  const [first = "", ...more] = plainLines(text, { lines: 40, width: 1000 });
  const lines = [
    "",
    `${oneLine(expertKey, 80)} asks: ${first}`,
    ...more,
    ...choices.map(describeChoice),
    choices.length > 0 ? `1 to ${choices.length}, or another answer: ` : "Your answer: ",
  ];
  let question = lines.join("\n");
  for (;;) {
    const line = await terminal.ask(question, signal);
    if (line === undefined) return undefined;
    const said = line.trim();
    if (said !== "") return choiceOf(said, choices)?.answer ?? said;
    question = "Please type an answer: ";
  }
}

function describeChoice({ label, detail }: AnswerChoice, index: number): string {
  return `  ${index + 1}  ${oneLine(label, 200)}${detail ? ` · ${oneLine(detail, 200)}` : ""}`;
}

/** By its name, else by its number. */
function choiceOf(said: string, choices: readonly AnswerChoice[]): AnswerChoice | undefined {
  const named = choices.find(({ label }) => label.toLowerCase() === said.toLowerCase());
  return named ?? (/^\d+$/u.test(said) ? choices[Number(said) - 1] : undefined);
}
