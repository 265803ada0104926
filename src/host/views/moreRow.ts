/** The row at the end of a list that is shown in part: what it shows when it is chosen, and how much is left. */
import { pageSize } from "./listWindow";
import { joinParts, type Row } from "./row";
import type { MoreNode } from "./runNodes";

export function moreRow({ to, left, isSized, newest, of }: MoreNode): Row {
  if (to === "newest") {
    const label = newest === "first" ? "Back to the newest" : "Back to the end";
    return rowOf(label, newest === "first" ? "arrow-up" : "arrow-down", label);
  }
  const where = newest === "first" ? { before: "newer", after: "more" }[to] : { before: "earlier", after: "later" }[to];
  if (isSized) {
    const label = `Show ${where} ${of}s`;
    return rowOf(label, "ellipsis", label, left === undefined ? undefined : `${formatNumber(left)} left`);
  }
  const size = Math.min(left ?? pageSize, pageSize);
  const count = formatNumber(size);
  const rest = left !== undefined && left > pageSize ? `${formatNumber(left)} left` : undefined;
  return rowOf(`Show ${count} ${where}`, "ellipsis", `Show ${count} ${where} ${of}${size === 1 ? "" : "s"}`, rest);
}

function rowOf(label: string, icon: string, spoken: string, description?: string): Row {
  return {
    label,
    ...(description !== undefined && { description }),
    icon: { id: icon },
    context: ["more"],
    children: "none",
    spoken: joinParts(spoken, description),
  };
}

/** "99,500": digits that are read, not counted. */
function formatNumber(count: number): string {
  return count.toLocaleString("en-US");
}
