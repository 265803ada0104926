/** A tool call in the run's log: what was called and how it went, the arguments, and what came back. */
import type { EventOf } from "./events";
import type { FailureGrade } from "./failure";
import { formatBytes, formatDuration } from "./formatting";
import type { LineTarget, LogLine } from "./logLine";
import { logLine } from "./logLine";
import { oneLine } from "./plainText";
import { limits } from "./runLogGeneration";
import { gradeSign } from "./statusText";
import { describeToolCall, pathOfArgs } from "./toolText";
import { unpackResult, unpackValue } from "./unpackText";

export function formatToolCall(
  start: EventOf<"startToolCall">,
  end: EventOf<"finishToolCall"> | undefined,
  goesOn: boolean,
  grades: ReadonlyMap<number, FailureGrade>,
): LogLine[] {
  const grade = end && grades.get(end.seq);
  const path = (end && pathOfTouched(end)) ?? pathOfArgs(start.args);
  const target: LineTarget = { step: start.step, seq: start.seq, toolCallId: start.toolCallId, path, grade };
  const call = describeToolCall(start.tool, start.args);
  const args = unpackValue(start.args, limits.args).map((line) => logLine(3, line, { ...target, grade: undefined }));
  if (!end) return [logLine(2, `${call} · ${goesOn ? "running…" : "did not finish"}`, target), ...args];
  const outcome =
    end.errorClass === "cancelled" ? "cancelled" : grade ? `failed, ${grade}` : end.isError ? "failed" : "done";
  const told = [call, outcome, formatDuration(end.durationMs)].filter(Boolean).join(" · ");
  const head = `${grade ? `${gradeSign(grade)} ` : ""}${told}`;
  return [logLine(2, head, target), ...args, ...formatOutcome(end, 3, grade, path)];
}

/** What came back. Its first line is where a jump to the failure lands. */
export function formatOutcome(
  event: EventOf<"finishToolCall">,
  depth: 2 | 3,
  grade: FailureGrade | undefined,
  path: string | undefined,
): LogLine[] {
  const { step, seq, toolCallId, tool, errorClass, result, spilled, touched = [] } = event;
  const target: LineTarget = { step, seq, toolCallId, path: path ?? pathOfTouched(event) };
  const name = depth === 2 ? `${oneLine(tool, 80)} ` : "";
  const head = grade ? `${gradeSign(grade)} ${name}${grade}, ${errorClass ?? "tool_error"}:` : `→ ${name}result:`;
  const lines = unpackResult(result, limits.result);
  const whole = spilled
    ? [`… the whole result (${formatBytes(spilled.bytes)}) is in ${oneLine(spilled.file, 400)}`]
    : [];
  return [
    logLine(depth, head, { ...target, grade }),
    ...[...lines, ...whole].map((line) => logLine(3, `  ${line}`, target)),
    ...touched.map((file) =>
      logLine(3, `  ${changeWords[file.change]} ${oneLine(file.path, 400)}`, { ...target, path: file.path }),
    ),
  ];
}

const changeWords = { read: "read", create: "created", write: "wrote", delete: "deleted" } as const;

/** The file a call is about: the one it changed, else the one it read. */
function pathOfTouched({ touched }: EventOf<"finishToolCall">): string | undefined {
  return (touched?.find(({ change }) => change !== "read") ?? touched?.[0])?.path;
}
