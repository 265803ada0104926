/** Asks the person at the terminal before the first write or exec of a run. */
import type { AppHost } from "../app/app";
import { oneLine } from "../model/plainText";
import type { ApprovalAnswer } from "../runtime/ports";
import type { Terminal } from "./cliIo";
import type { TerminalDialog } from "./terminalDialog";

type AskApproval = AppHost["askApproval"];

export function createAskApproval(dialog: TerminalDialog): AskApproval {
  /** What was said for all of a run also holds when it goes on after a question. */
  const forAll = new Map<string, ApprovalAnswer>();
  return async (request) => {
    const known = forAll.get(request.runId);
    if (known) return known;
    const asked = dialog.hold((terminal) => askOn(terminal, request));
    const answer = await asked.catch(() => refuse("the run was cancelled", false));
    if (answer?.granted && answer.remember) forAll.set(request.runId, answer);
    return answer ?? refuse("there is no terminal to ask on; pass --approve all to allow it", true);
  };
}

async function askOn(terminal: Terminal, request: Parameters<AskApproval>[0]): Promise<ApprovalAnswer> {
  const { expertKey, effect, summary, signal } = request;
  const what = effect === "exec" ? "run a command" : "change files";
  let question = `\n${oneLine(expertKey, 80)} wants to ${what}: ${oneLine(summary, 400)}\nAllow it? [y]es, yes to [a]ll in this run, [n]o: `;
  for (;;) {
    const answer = await terminal.ask(question, signal);
    switch (answer?.trim().toLowerCase()) {
      case "y":
      case "yes":
        return { granted: true, by: "user", remember: false };
      case "a":
      case "all":
        return { granted: true, by: "user", remember: true };
      case "n":
      case "no":
        return { granted: false, by: "user", reason: "the user said no", remember: false };
      case undefined:
        return refuse("the terminal's input has ended", true);
      default:
        question = "Please answer y, a or n: ";
    }
  }
}

function refuse(reason: string, remember: boolean): ApprovalAnswer {
  return { granted: false, by: "terminal", reason, remember };
}
