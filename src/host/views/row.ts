/** What a row of a tree shows, as plain data: the trees build it, one function makes a tree item of it. */
import { assertNever } from "../../base/errors";
import type { FailureGrade } from "../../model/failure";
import { formatTokens } from "../../model/formatting";

/** How the thing behind a row stands. */
export type RowStatus =
  | "queued"
  | "running"
  | "waiting"
  | "input"
  | "ok"
  /** Done, though a part of it failed. */
  | "partial"
  | "fatal"
  | "blocked"
  | "recovered"
  | "cancelled"
  | "skipped"
  | "unknown";

export interface RowIcon {
  /** A codicon. */
  id: string;
  /** A theme colour. */
  color?: string;
}

export interface Row {
  label: string;
  description?: string;
  icon: RowIcon;
  /** Tokens for `viewItem` in the manifest's menus, the kind of row first. */
  context: readonly string[];
  children: "none" | "collapsed" | "expanded";
  /** The row in words, for a screen reader: nothing is told by colour or icon alone. */
  spoken: string;
}

export function statusOfGrade(grade: FailureGrade | undefined): RowStatus {
  return grade ?? "ok";
}

export function statusIcon(status: RowStatus): RowIcon {
  switch (status) {
    case "queued":
      return { id: "watch", color: "charts.blue" };
    case "running":
      return { id: "loading~spin", color: "charts.blue" };
    case "waiting":
      return { id: "bell-dot", color: "charts.yellow" };
    case "input":
      return { id: "comment-unresolved", color: "charts.yellow" };
    case "ok":
      return { id: "pass", color: "testing.iconPassed" };
    case "fatal":
      return { id: "error", color: "testing.iconFailed" };
    case "blocked":
      return { id: "circle-slash", color: "charts.orange" };
    case "partial":
    case "recovered":
      return { id: "warning", color: "list.warningForeground" };
    case "cancelled":
      return { id: "debug-stop", color: "disabledForeground" };
    case "skipped":
      return { id: "debug-step-over", color: "disabledForeground" };
    case "unknown":
      return { id: "question", color: "disabledForeground" };
    default:
      return assertNever(status);
  }
}

export function statusWords(status: RowStatus): string {
  switch (status) {
    case "queued":
      return "waits for its turn";
    case "waiting":
      return "waits for approval";
    case "input":
      return "waits for your answer";
    case "ok":
      return "done";
    case "partial":
      return "done, though a part failed";
    case "fatal":
      return "failed";
    case "recovered":
      return "failed, recovered";
    default:
      return status;
  }
}

/** "1.2k tokens"; nothing where none were used, or nobody knows. */
export function tokensOf(count: number | undefined): string {
  return count !== undefined && count > 0 ? `${formatTokens(count)} tokens` : "";
}

/** The parts that are there, joined as the rows join them. */
export function joinParts(...parts: readonly (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined && part !== "").join(" · ");
}
