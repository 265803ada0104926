/** The status bar item: how many runs are going, what waits for the user; for a while, that one failed. */
import * as vscode from "vscode";
import type { App } from "../app/app";
import type { RunSummary } from "../app/runIndex";
import { DisposableStore } from "../base/disposable";
import { formatTokens } from "../model/formatting";
import type { Approvals } from "./approvals";
import type { RunFacts } from "./runFacts";
import { sumOf } from "./views/runTotals";

/** How long a failure is shown after the last run has ended. */
const failureTime = 30_000;

interface Status {
  icon: string;
  text: string;
  tooltip: string;
  /** Without its prefix. */
  command: string;
  /** Absent: the command asks. */
  argument?: string;
}

export function showStatus(app: App, facts: RunFacts, approvals: Approvals): vscode.Disposable {
  const own = new DisposableStore();
  const item = own.add(vscode.window.createStatusBarItem("runtrail.runs", vscode.StatusBarAlignment.Left, 50));
  item.name = "Runtrail Runs";
  let wasActive = new Set<string>();
  let failed: RunSummary | undefined;
  let timer: NodeJS.Timeout | undefined;

  const show = () => {
    const active = app.active.map(({ dir }) => dir);
    const going = active.flatMap((dir) => app.runs.get(dir) ?? []);
    const ended = [...wasActive].filter((dir) => !active.includes(dir));
    wasActive = new Set(active);
    if (active.length > 0) failed = undefined;
    else if (ended.length > 0) {
      failed = ended.map((dir) => app.runs.get(dir)).find((run) => run?.status === "failed");
      clearTimeout(timer);
      timer = setTimeout(() => {
        failed = undefined;
        show();
      }, failureTime);
    }
    const questions = facts.questions();
    const status =
      statusOfActive(going, facts, approvals.waitingRuns().size + questions.length) ??
      (failed && statusOfFailed(failed)) ??
      statusOfQuestions(questions);
    if (!status) return item.hide();
    const { icon, text, tooltip, command, argument } = status;
    item.text = `$(${icon}) ${text}`;
    item.tooltip = tooltip;
    item.accessibilityInformation = { label: `Runtrail: ${text}. ${tooltip}.`, role: "button" };
    item.command = {
      command: `runtrail.${command}`,
      title: tooltip,
      arguments: argument === undefined ? [] : [argument],
    };
    item.show();
  };
  own.add(facts.onDidChange(show));
  own.add(approvals.onDidChange(show));
  own.add({ dispose: () => clearTimeout(timer) });
  return own;
}

function statusOfActive(going: readonly RunSummary[], facts: RunFacts, waiting: number): Status | undefined {
  const [first] = going;
  if (first === undefined) return undefined;
  const { usage } = sumOf(going, [...new Set(going.flatMap((run) => facts.jobOf(run)))]);
  const queued = going.filter(({ isQueued }) => isQueued).length;
  const parts = [
    going.length === 1 ? "1 run" : `${going.length} runs`,
    queued === 0 ? "" : `${queued} in the queue`,
    `${formatTokens(usage.totalTokens)} tokens`,
    waiting === 0 ? "" : waiting === 1 ? "1 waits for you" : `${waiting} wait for you`,
  ].filter(Boolean);
  const place = { tooltip: "Show in the Runs view", command: "revealRun", argument: first.dir };
  return { icon: waiting > 0 ? "bell-dot" : "sync~spin", text: parts.join(" · "), ...place };
}

function statusOfFailed({ expertKey, dir }: RunSummary): Status {
  const place = { tooltip: "Go to the failing step", command: "goToFailingStep", argument: dir };
  return { icon: "error", text: `${expertKey} failed`, ...place };
}

function statusOfQuestions([first, ...more]: readonly RunSummary[]): Status | undefined {
  if (!first) return undefined;
  const place = { icon: "comment-unresolved", tooltip: "Answer", command: "answerQuestion" };
  if (more.length > 0) return { ...place, text: `${more.length + 1} runs wait for your answer` };
  return { ...place, text: `${first.expertKey} waits for your answer`, argument: first.dir };
}
