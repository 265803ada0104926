/** The rows of a run as a table: how each step stands, what it took, and why it failed. */
import { formatCost, formatDuration, formatTokens } from "./formatting";
import { escapeHtml } from "./html";
import { oneLine } from "./plainText";
import { statusText } from "./rowStatus";
import type { PageRow } from "./runPageRows";

const maxRows = 2000;

/** @param targetOf the place in the page of a run, where it is there */
export function formatRows(rows: readonly PageRow[], targetOf: (runId: string) => string | undefined): string {
  if (rows.length === 0) return `<p class="note">Nothing was done in this run.</p>`;
  const shown = rows.slice(0, maxRows);
  const left = rows.length - shown.length;
  const shows = {
    tokens: shown.some(({ tokens }) => tokens !== undefined),
    cost: shown.some(({ cost }) => cost !== undefined),
  };
  const numbers = ["Duration", ...(shows.tokens ? ["Tokens"] : []), ...(shows.cost ? ["Cost"] : [])];
  const head = [
    '<th scope="col">Step</th><th scope="col">Status</th>',
    ...numbers.map((name) => `<th scope="col" class="number">${name}</th>`),
    '<th scope="col">What failed</th>',
  ];
  const body = shown.map((row) => formatRow(row, shows, targetOf));
  const more = left > 0 ? `<p class="note">${left} more rows are left out.</p>` : "";
  return `<div class="scroll" tabindex="0"><table class="rows"><thead><tr>${head.join("")}</tr></thead><tbody>${body.join("")}</tbody></table></div>${more}`;
}

/** @param shows which columns there are: nothing is said of what no row knows */
function formatRow(
  row: PageRow,
  shows: { tokens: boolean; cost: boolean },
  targetOf: (runId: string) => string | undefined,
): string {
  const { id, label, about, depth, status, durationMs, cost, childRunId } = row;
  const target = childRunId === undefined ? undefined : targetOf(childRunId);
  const link = target === undefined ? "" : ` <a class="to-run" href="#${target}">its run</a>`;
  const small = about === "" ? "" : `<span class="note">${escapeHtml(about)}</span>`;
  const cells = [
    `<th scope="row" class="${depth === 1 ? "part" : ""}">${escapeHtml(label)}${link}${small}</th>`,
    `<td class="status">${statusText(status)}</td>`,
    `<td class="number">${formatDuration(durationMs) || unknown(status)}</td>`,
    ...(shows.tokens ? [`<td class="number">${tokensOf(row)}</td>`] : []),
    ...(shows.cost ? [`<td class="number">${formatCost(cost)}</td>`] : []),
    `<td class="reason">${reasonOf(row)}</td>`,
  ];
  return `<tr id="${id}" class="${status}" tabindex="-1">${cells.join("")}</tr>`;
}

/** What did not run took no time; of the rest it is not known. */
function unknown(status: PageRow["status"]): string {
  const isNothing = status === "skipped" || status === "never" || status === "cached";
  return isNothing ? "" : '<span class="note">unknown</span>';
}

/** What was spent when a cached result was made is not spent again. */
function tokensOf({ tokens, isCachedUse }: PageRow): string {
  if (tokens === undefined) return "";
  return isCachedUse ? `<span class="note">${formatTokens(tokens)} earlier</span>` : formatTokens(tokens);
}

/** The failures of a part stand with the part as well. */
function reasonOf({ failures }: PageRow): string {
  const reasons = failures.slice(0, 3).map(({ class: errorClass, reason }) => `${reason} (${errorClass})`);
  const left = failures.length - reasons.length;
  const lines = left > 0 ? [...reasons, `and ${left} more`] : reasons;
  return lines.map((line) => escapeHtml(oneLine(line, 300))).join("<br>");
}
