/** Asks the user what a run asked, one question after the other: chosen where there are choices, else typed. */
import * as vscode from "vscode";
import type { InputAnswer } from "../../app/app";
import type { InputRequest } from "../../model/events";
import { oneLine } from "../../model/plainText";
import { type AnswerChoice, questionOf } from "../../model/question";

const promptLimit = 1000;

/** `undefined` where one is left open: then the run goes on waiting. */
export async function askAnswers(
  expertKey: string,
  requests: readonly InputRequest[],
): Promise<InputAnswer[] | undefined> {
  const answers: InputAnswer[] = [];
  for (const [index, request] of requests.entries()) {
    const { text: question, choices } = questionOf(request);
    const title =
      requests.length === 1 ? `${expertKey} asks` : `${expertKey} asks (${index + 1} of ${requests.length})`;
    const prompt = oneLine(question, promptLimit);
    const text = choices.length > 0 ? await choose(title, prompt, choices) : await type(title, prompt);
    if (text === undefined) return undefined;
    answers.push({ toolCallId: request.toolCallId, text });
  }
  return answers;
}

function type(title: string, prompt: string): Thenable<string | undefined> {
  return vscode.window.showInputBox({
    title,
    prompt,
    placeHolder: "Your answer",
    ignoreFocusOut: true,
    validateInput: (text) => (text.trim() === "" ? "Type an answer. Esc leaves the run waiting." : undefined),
  });
}

interface ChoiceItem extends vscode.QuickPickItem {
  answer: string;
}

/** What is typed and is none of the choices can be the answer, too. */
function choose(title: string, question: string, choices: readonly AnswerChoice[]): Promise<string | undefined> {
  const pick = vscode.window.createQuickPick<ChoiceItem>();
  pick.title = title;
  pick.placeholder = question;
  pick.ignoreFocusOut = true;
  pick.matchOnDetail = true;
  const offered = choices.map(({ label, detail, answer }): ChoiceItem => {
    return { label: oneLine(label, 200), ...(detail !== undefined && { detail: oneLine(detail, 300) }), answer };
  });
  const show = () => {
    const typed = pick.value.trim();
    const isOffered = offered.some(({ label }) => label.toLowerCase() === typed.toLowerCase());
    const own = { label: `$(edit) ${typed}`, description: "answer with this text", answer: typed, alwaysShow: true };
    pick.items = typed === "" || isOffered ? offered : [...offered, own];
  };
  return new Promise((resolve) => {
    pick.onDidChangeValue(show);
    pick.onDidAccept(() => {
      const [chosen] = pick.activeItems;
      if (!chosen) return;
      resolve(chosen.answer);
      pick.hide();
    });
    pick.onDidHide(() => {
      resolve(undefined);
      pick.dispose();
    });
    show();
    pick.show();
  });
}
