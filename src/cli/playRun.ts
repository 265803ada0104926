/** Plays one run for a command: opens the application, hands the run's events to a view, minds signals, waits for the end. */

import { dirname } from "node:path";
import type { RunHandle, RunOutcome, StartRequest } from "../app/app";
import { exitCodes } from "../app/exitCodes";
import { messageOf } from "../base/errors";
import type { AnyEvent } from "../model/events";
import { createApprovalDialog } from "./askApproval";
import type { CliContext } from "./cliCommand";

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
}

/**
 * @param signal cancels the run, such as when nobody reads the output any more
 * @throws UserError for what is wrong with the request or definition
 */
export async function playRun(
  request: StartRequest,
  { io, openApp }: CliContext,
  view: RunView,
  signal: AbortSignal,
): Promise<PlayedRun> {
  const approvals = createApprovalDialog(io, () => view.hold());
  const app = await openApp({
    env: io.env,
    readSecrets: async () => ({}),
    askApproval: approvals.ask,
    reportError: (error, context) =>
      view.notice(`${context}: ${error instanceof Error ? error.stack : messageOf(error)}`),
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
  const interrupts = { count: 0 };
  const onInterrupt = (name: string) => {
    interrupts.count += 1;
    if (interrupts.count > 1) return io.exit(exitCodes.cancelled);
    view.notice(`${name}: cancelling the run; once more to leave at once.`);
    handle?.cancel();
  };
  const minding = io.onSignal(onInterrupt);
  const onAbort = () => handle?.cancel();
  signal.addEventListener("abort", onAbort);
  try {
    app.setFolders([request.workspaceRoot ?? dirname(request.definitionPath)]);
    handle = await app.start(request);
    if (interrupts.count > 0 || signal.aborted) handle.cancel();
    const waiting = early;
    early = undefined;
    for (const event of waiting) show(event);
    // What an earlier crash left open is closed beside the run, not before it.
    const recovery = app.recover().catch((error: unknown) => view.notice(`recovery: ${messageOf(error)}`));
    const outcome = await handle.done;
    await recovery;
    return { handle, outcome };
  } finally {
    signal.removeEventListener("abort", onAbort);
    minding.dispose();
    listening.dispose();
    approvals.dispose();
    app.dispose();
  }
}
