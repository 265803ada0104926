/** One line of a run's log, and how it is made: indented by its depth, tied to its event. */
import type { FailureGrade } from "./failure";
import { escapeControls } from "./plainText";

/** Its text has no line break and no control character. */
export interface LogLine {
  text: string;
  depth: 0 | 1 | 2 | 3;
  kind: "run" | "step" | "item" | "detail";
  /** 0 before the first step. */
  step: number;
  /** The event it tells of. */
  seq?: number;
  toolCallId?: string;
  grade?: FailureGrade;
  /** The file it is about, relative to the workspace (as the model named it where the tool touched none). */
  path?: string;
}

const kinds = ["run", "step", "item", "detail"] as const;

/** What a line says about its event beyond the text. */
export interface LineTarget {
  step: number;
  seq?: number | undefined;
  toolCallId?: string | undefined;
  grade?: FailureGrade | undefined;
  path?: string | undefined;
}

export function logLine(depth: LogLine["depth"], text: string, target: LineTarget): LogLine {
  const { step, seq, toolCallId, grade, path } = target;
  return {
    // The last door before a screen: what its callers made safe passes unchanged.
    text: escapeControls(`${"  ".repeat(Math.max(0, depth - 1))}${text}`.trimEnd()),
    depth,
    kind: kinds[depth],
    step,
    ...(seq !== undefined && { seq }),
    ...(toolCallId !== undefined && { toolCallId }),
    ...(grade !== undefined && { grade }),
    ...(path !== undefined && { path }),
  };
}

/** A line of the run's own (not of a step), folded under the one before it. */
export function runDetail(text: string, target: LineTarget): LogLine {
  return { ...logLine(1, `  ${text}`, target), kind: "detail" };
}
