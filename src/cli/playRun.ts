/** Plays one run for a command: opens the application, hands the run's events to a view, minds signals, waits for the end. */

import type { App, RunHandle, RunOutcome } from "../app/app";
import { exitCodes } from "../app/exitCodes";
import { messageOf, UserError } from "../base/errors";
import type { AnyEvent } from "../model/events";
import type { Run } from "../model/run";
import { createAskApproval } from "./askApproval";
import type { CliContext } from "./cliCommand";
import type { Launch } from "./launchRequest";
import { createTerminalDialog, type TerminalDialog } from "./terminalDialog";

export interface RunView {
  /** The events of the run (and of its delegates), in order. */
  show(event: AnyEvent): void;
  /** A line beside the run, for standard error. */
  notice(line: string): void;
  /** Nothing may be drawn until the answer is called: a question stands on the screen. */
  hold(): () => void;
}

export interface PlayedRun {
  handle: RunHandle;
  outcome: RunOutcome;
  /** All of it, from its first event; absent where that cannot be read. */
  run: Run | undefined;
}

export interface PlayOptions {
  /** Cancels the run, such as when nobody reads the output any more. */
  signal: AbortSignal;
  /** Goes on with a run that stopped for input; `undefined` leaves it stopped. */
  answer?: (ended: PlayedRun, app: App, dialog: TerminalDialog, signal: AbortSignal) => Promise<RunHandle | undefined>;
}

/** @throws UserError for what is wrong with the request or definition */
export async function playRun(
  launch: Launch,
  { io, openApp }: CliContext,
  view: RunView,
  { signal, answer }: PlayOptions,
): Promise<PlayedRun> {
  const dialog = createTerminalDialog(io, () => view.hold());
  const app = await openApp({
    env: io.env,
    readSecrets: async () => ({}),
    askApproval: createAskApproval(dialog),
    reportError: (error, context) => {
      const isBug = error instanceof Error && !(error instanceof UserError);
      view.notice(`${context}: ${isBug ? error.stack : messageOf(error)}`);
    },
  });
  let handle: RunHandle | undefined;
  let early: AnyEvent[] | undefined = [];
  const show = (event: AnyEvent) => {
    if (event.jobId === handle?.jobId) view.show(event);
  };
  const listening = app.onEvents((events) => {
    if (early) early.push(...events);
    else for (const event of events) show(event);
  });
  const stopping = new AbortController();
  const cancel = () => {
    stopping.abort();
    handle?.cancel();
  };
  let isInterrupted = false;
  let isAsking = false;
  const minding = io.onSignal((name) => {
    if (isInterrupted) return io.exit(exitCodes.cancelled);
    isInterrupted = true;
    const what = isAsking ? "the question stays open" : "cancelling the run; once more to leave at once";
    view.notice(`${name}: ${what}.`);
    cancel();
  });
  signal.addEventListener("abort", cancel);
  const answerOf = async (ended: PlayedRun): Promise<RunHandle | undefined> => {
    if (!answer || ended.outcome.stopReason !== "input" || stopping.signal.aborted) return undefined;
    isAsking = true;
    const next = await answer(ended, app, dialog, stopping.signal);
    isAsking = false;
    return next;
  };
  try {
    let playing = await launch(app);
    handle = playing;
    const waiting = early;
    early = undefined;
    for (const event of waiting) show(event);
    // What an earlier crash left open is closed beside the run, not before it.
    const recovery = app.recover().catch((error: unknown) => view.notice(`recovery: ${messageOf(error)}`));
    for (;;) {
      if (isInterrupted || signal.aborted) playing.cancel();
      const outcome: RunOutcome = await playing.done;
      const ended: PlayedRun = { handle: playing, outcome, run: await readRun(app, playing) };
      const next = await answerOf(ended);
      if (!next) {
        await recovery;
        return ended;
      }
      playing = next;
      handle = next;
    }
  } finally {
    signal.removeEventListener("abort", cancel);
    minding.dispose();
    listening.dispose();
    dialog.dispose();
    app.dispose();
  }
}

async function readRun(app: App, { dir }: RunHandle): Promise<Run | undefined> {
  const loaded = await app.runs.load(dir).catch(() => undefined);
  return loaded?.run;
}
