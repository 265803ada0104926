/** What one can do about a run that stopped before its end: the questions it waits with, and the command that goes on. */
import type { InputRequest } from "../model/events";
import { oneLine, plainLines } from "../model/plainText";
import { questionOf } from "../model/question";
import type { Run } from "../model/run";

/** The command as it was given, as far as the next one needs it again. */
export interface GoOnCommand {
  name: "run" | "start";
  config?: string | undefined;
  workspace?: string | undefined;
}

interface WaitingRun {
  jobId: string;
  runId: string;
  expertKey: string;
  inputRequests?: readonly InputRequest[];
}

/** Why the run does not go on, and how it does. */
export function describeWaiting(run: WaitingRun, command: GoOnCommand): string[] {
  const open = run.inputRequests ?? [];
  return [
    `The run ${run.runId} waits for ${open.length === 1 ? "an answer" : `${open.length} answers`}:`,
    ...open.flatMap((request) => describeQuestion(request).map((line) => `  ${line}`)),
    `Answer with: ${goOnCommand(run, command, "-i", '"…"')}`,
    ...(open.length > 1
      ? [`That answers the first one; all at once: -i '[{"toolCallId":"${open[0]?.toolCallId}","text":"…"}, …]'`]
      : []),
  ];
}

/** "askUser (call_1): Which colour?", then its choices. */
export function describeQuestion(request: InputRequest): string[] {
  const { text, choices } = questionOf(request);
  const [first = "", ...more] = plainLines(text, { lines: 40, width: 1000 });
  return [
    `${oneLine(request.tool, 80)} (${oneLine(request.toolCallId, 80)}): ${first}`,
    ...more.map((line) => `  ${line}`),
    ...choices.map(({ label, detail }) => `  - ${oneLine(label, 200)}${detail ? `: ${oneLine(detail, 200)}` : ""}`),
  ];
}

/** Nothing where there is nothing to go on with. */
export function howToGoOn(run: Run, command: GoOnCommand): string[] {
  switch (run.stopReason) {
    case "input":
      return describeWaiting(run, command);
    case "maxSteps": {
      const steps = run.limits?.maxSteps ?? run.steps.at(-1)?.step ?? 1;
      return [`Go on with a higher limit: ${goOnCommand(run, command, "--max-steps", String(steps * 2))}`];
    }
    case "budget":
      return [`Go on with a higher one: ${goOnCommand(run, command, ...higherBudget(run))}`];
    case "cancelled":
      return [`Go on where it was: ${goOnCommand(run, command)}`];
    default:
      return [];
  }
}

function higherBudget({ limits }: Run): string[] {
  const { maxTokens, maxCost } = limits ?? {};
  return [
    ...(maxTokens === undefined ? [] : ["--max-tokens", String(maxTokens * 2)]),
    ...(maxCost === undefined ? [] : ["--max-cost", String(maxCost * 2)]),
  ];
}

/** For a run that failed. */
export function retryCommandOf(runId: string, command: GoOnCommand): string {
  const watched = command.name === "start" ? ["--pretty"] : [];
  return ["runtrail", "retry", quoted(runId), ...watched, ...placeOf(command)].join(" ");
}

function goOnCommand({ expertKey, jobId }: WaitingRun, command: GoOnCommand, ...more: string[]): string {
  const going = ["runtrail", command.name, quoted(expertKey), "--continue-job", quoted(jobId)];
  return [...going, ...placeOf(command), ...more].join(" ");
}

function placeOf({ config, workspace }: GoOnCommand): string[] {
  return [
    ...(config === undefined ? [] : ["--config", quoted(config)]),
    ...(workspace === undefined ? [] : ["--workspace", quoted(workspace)]),
  ];
}

function quoted(arg: string): string {
  const safe = oneLine(arg, 1000);
  return /^[\w@%+=:,./-]+$/u.test(safe) ? safe : `'${safe.replaceAll("'", "'\\''")}'`;
}
