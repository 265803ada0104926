/** The view of `runtrail start`: what the expert says and does, line by line, with what goes on now below. */
import type { AnyEvent, EventOf } from "../model/events";
import { describeHappening } from "../model/eventText";
import { failureOf } from "../model/failures";
import { formatCost, formatDuration, formatTokens } from "../model/formatting";
import { oneLine, plainLines } from "../model/plainText";
import type { Run } from "../model/run";
import { reduceRun } from "../model/run";
import { gradeSign } from "../model/statusText";
import { briefResult, describeToolCall } from "../model/toolText";
import type { CliIo } from "./cliIo";
import { colourOfGrade, coloursFor } from "./colours";
import { createLineWriter } from "./lineWriter";
import type { RunView } from "./playRun";
import { createProgressLine } from "./progressLine";

export interface LiveView extends RunView {
  /** The run as its events told it so far; delegates are runs of their own. */
  readonly run: Run | undefined;
  /** Ends the progress line; then the lines. */
  finish(lines: string[]): Promise<void>;
}

const textLimits = { lines: 400, width: 4000 };

export function createLiveView(
  io: CliIo,
  { verbose = false }: { verbose?: boolean },
  onReaderGone: () => void,
): LiveView {
  const colours = coloursFor(io.stdout, io);
  const lines = createLineWriter(io.stdout, onReaderGone);
  const errors = createLineWriter(io.stderr, () => undefined);
  const calls = new Map<string, string>();
  let run: Run | undefined;
  let activity = "";
  let streamed = "";
  /** The step that the last lines were of: delegates have steps of their own, some at the same time. */
  let headed = "";

  const progress = createProgressLine(io, lines, () => {
    if (!run) return "";
    const parts = [
      run.steps.length > 0 ? `step ${run.steps.at(-1)?.step}` : "starting",
      activity,
      run.usage?.totalTokens ? `${formatTokens(run.usage.totalTokens)} tokens` : "",
      formatDuration(io.clock.now() - run.startedAt),
    ];
    return colours.dim(parts.filter(Boolean).join(" · "));
  });

  const showGeneration = (event: EventOf<"finishGeneration">) => {
    const spent = [
      formatDuration(event.durationMs),
      event.usage ? `${formatTokens(event.usage.totalTokens)} tokens` : "",
      formatCost(event.cost),
    ];
    if (event.error) return [colours.yellow(`  ${describeHappening(event).text}`)];
    const said = plainLines(event.text ?? "", textLimits).map((line) => `  ${line}`);
    return [...said, colours.dim(`  model · ${spent.filter(Boolean).join(" · ")}`)];
  };
  const showToolCall = (event: EventOf<"finishToolCall">) => {
    const call = calls.get(event.toolCallId) ?? oneLine(event.tool, 80);
    calls.delete(event.toolCallId);
    const duration = event.durationMs === undefined ? "" : ` · ${formatDuration(event.durationMs)}`;
    const failure = failureOf(event);
    if (!failure) return [`  ${colours.green("✓")} ${call} ${colours.dim(duration.trimStart())}`];
    const reason = oneLine(briefResult(event.result), 300);
    return [
      colourOfGrade(colours, failure.grade)(`  ${gradeSign(failure.grade)} ${call} · failed: ${reason}${duration}`),
    ];
  };
  const isMain = ({ runId }: AnyEvent) => run === undefined || runId === run.runId;
  const linesOf = (event: AnyEvent): string[] => {
    switch (event.type) {
      case "startRun": {
        const model = [event.provider, event.model].filter(Boolean).join(" ");
        return [[colours.bold(oneLine(event.expertKey, 200)), oneLine(model)].filter(Boolean).join(" · ")];
      }
      case "resumeRun":
        return isMain(event) ? [`${colours.bold(oneLine(event.expertKey, 200))} · goes on`] : [];
      case "startGeneration":
        activity = "waits for the model";
        streamed = "";
        return [];
      case "streamText":
      case "streamReasoning":
        streamed = (streamed + event.delta).slice(-200);
        activity = `${event.type === "streamText" ? "writes" : "thinks"}: …${oneLine(streamed, 200).slice(-60)}`;
        return [];
      case "finishGeneration":
        activity = "";
        return showGeneration(event);
      case "startToolCall":
        activity = describeToolCall(event.tool, event.args);
        calls.set(event.toolCallId, activity);
        return [];
      case "progressTool":
        activity = `${calls.get(event.toolCallId) ?? "tool"}: ${oneLine(event.text, 60)}`;
        return [];
      case "finishToolCall":
        activity = "";
        return showToolCall(event);
      case "requestApproval":
      case "finishRun":
      case "stopRun":
      case "errorRun":
        activity = "";
        return [];
      default: {
        const { level, text } = describeHappening(event);
        if (level === "trace" || (level === "debug" && !verbose)) return [];
        const failure = failureOf(event as Parameters<typeof failureOf>[0]);
        return [failure ? colourOfGrade(colours, failure.grade)(`  ${gradeSign(failure.grade)} ${text}`) : `  ${text}`];
      }
    }
  };

  /** Above the lines of another step than those before. */
  const headingOf = (event: AnyEvent): string[] => {
    const step = `${event.runId} ${event.step}`;
    if (event.step === 0 || step === headed) return [];
    headed = step;
    return ["", colours.bold(`Step ${event.step}${isMain(event) ? "" : ` · ${oneLine(event.expertKey, 80)}`}`)];
  };

  return {
    get run() {
      return run;
    },
    show(event) {
      const isOwn = isMain(event);
      if (isOwn) run = reduceRun(run, event);
      const own = linesOf(event);
      const shown = own.length > 0 || event.type === "startGeneration" ? [...headingOf(event), ...own] : own;
      if (shown.length > 0) progress.write(...(isOwn ? shown : shown.map((line) => (line ? `  ${line}` : line))));
    },
    notice(line) {
      const resume = progress.hold();
      errors.write(line);
      resume();
    },
    hold: () => progress.hold(),
    async finish(last) {
      progress.dispose();
      for (const line of last) lines.write(line);
      await lines.flush();
    },
  };
}
