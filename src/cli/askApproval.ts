/** Asks the person at the terminal before the first write or exec; questions of parallel runs wait for each other. */
import { setImmediate as nextTurn } from "node:timers/promises";
import type { AppHost } from "../app/app";
import { oneLine } from "../model/plainText";
import type { ApprovalAnswer } from "../runtime/ports";
import type { CliIo, Terminal } from "./cliIo";

type AskApproval = AppHost["askApproval"];

export interface ApprovalDialog {
  ask: AskApproval;
  dispose(): void;
}

/** @param around holds back other output while a question stands; answers with what ends that. */
export function createApprovalDialog(io: CliIo, around: () => () => void): ApprovalDialog {
  let terminal: Terminal | undefined;
  let last: Promise<unknown> = Promise.resolve();
  const askNext: AskApproval = async (request) => {
    terminal ??= io.openTerminal();
    if (!terminal) return refuse("there is no terminal to ask on; pass --approve all to allow it", true);
    // Events come in batches once a turn: what happened before the question shall stand above it.
    await nextTurn();
    const resume = around();
    try {
      return await askOn(terminal, request);
    } catch {
      return refuse("the run was cancelled", false);
    } finally {
      resume();
    }
  };
  return {
    ask(request) {
      const answer = last.then(() => askNext(request));
      last = answer;
      return answer;
    },
    dispose: () => terminal?.close(),
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
