/** Plays a run for a person: live and readable, asked here what the expert wants to know, with a summary at the end. */
import type { App, ResumeRequest, RunHandle } from "../app/app";
import { exitCodeOf } from "../app/exitCodes";
import { askInput } from "./askInput";
import type { CliContext } from "./cliCommand";
import { coloursFor } from "./colours";
import type { GoOnCommand } from "./howToGoOn";
import type { Launch } from "./launchRequest";
import { createLiveView } from "./liveView";
import { type PlayedRun, playRun } from "./playRun";
import { summarizeForPerson } from "./runSummary";
import type { TerminalDialog } from "./terminalDialog";

type Terms = Omit<ResumeRequest, "dir" | "answers" | "by">;

/**
 * @param terms hold when the run goes on after an answer too
 * @returns the exit code. Throws `UserError`.
 */
export async function watchRun(
  launch: Launch,
  { terms, verbose }: { terms: Terms; verbose?: boolean | undefined },
  command: GoOnCommand,
  context: CliContext,
): Promise<number> {
  const { io } = context;
  const readerGone = new AbortController();
  const view = createLiveView(io, { verbose: verbose ?? false }, () => readerGone.abort());
  try {
    const { handle, outcome, run } = await playRun(launch, context, view, {
      signal: readerGone.signal,
      answer: (...question) => answerHere(terms, ...question),
    });
    const { dir, runId } = handle;
    const summary = { outcome, run: run ?? view.run, dir, runId, cwd: io.cwd, command };
    await view.finish(summarizeForPerson(summary, coloursFor(io.stdout, io)));
    return exitCodeOf(outcome);
  } catch (error) {
    await view.finish([]);
    throw error;
  }
}

/** `undefined` where nobody is there to answer, or the person leaves the question open. */
async function answerHere(
  terms: Terms,
  { handle, run }: PlayedRun,
  app: App,
  dialog: TerminalDialog,
  signal: AbortSignal,
): Promise<RunHandle | undefined> {
  const open = run?.inputRequests ?? [];
  const asked = dialog.hold((terminal) => askInput(terminal, run?.expertKey ?? "", open, signal));
  const answers = (await asked.catch(() => undefined)) ?? [];
  if (answers.length === 0 || signal.aborted) return undefined;
  return await app.resume({ ...terms, dir: handle.dir, answers, by: "terminal" });
}
