/** The rows of a run over time, one lane each: what ran side by side lies side by side. */
import { formatDuration } from "./formatting";
import { escapeHtml } from "./html";
import { briefStatus, statusText } from "./rowStatus";
import { greatestOf, leastOf, type PageRow } from "./runPageRows";

const maxLanes = 400;
const ticks = [0, 0.25, 0.5, 0.75, 1];

/** "" where there is nothing to show. */
export function formatTimeline(rows: readonly PageRow[]): string {
  const from = leastOf(rows.flatMap(({ startedAt, finishedAt }) => startedAt ?? finishedAt ?? []));
  const to = greatestOf(rows.flatMap(({ startedAt, finishedAt }) => finishedAt ?? startedAt ?? []));
  if (rows.length === 0) return "";
  const isTimed = rows.some(({ durationMs }) => durationMs !== undefined);
  if (!isTimed || from === undefined || to === undefined) return '<p class="note">No times are recorded.</p>';
  const scale = (at: number) => (to === from ? 0 : ((at - from) / (to - from)) * 100);
  const lanes = rows.slice(0, maxLanes).map((row) => formatLane(row, scale));
  const left = rows.length - lanes.length;
  const more = left > 0 ? `<p class="note">${left} more rows are left out.</p>` : "";
  const axis = ticks.map((part) => {
    const anchor = part === 0 ? "start" : part === 1 ? "end" : "middle";
    const text = to === from ? (part === 0 ? "0 ms" : "") : formatDuration((to - from) * part);
    return `<text class="small" x="${part * 100}%" y="13" text-anchor="${anchor}">${text}</text>`;
  });
  return `${legendOf(rows)}<table class="timeline"><thead><tr><th scope="col">Step</th><td><svg width="100%" height="18" aria-hidden="true">${axis.join("")}</svg></td></tr></thead><tbody>${lanes.join("")}</tbody></table>${more}`;
}

function legendOf(rows: readonly PageRow[]): string {
  const present = [...new Set(rows.map(({ status }) => status))];
  const words = present.map(
    (status) => `<span class="${status}"><span class="tone">■</span> ${statusText(status)}</span>`,
  );
  const asked = rows.some(({ generations }) => generations.length > 0) ? ["light line: the model is asked"] : [];
  const isMoment = ({ startedAt, finishedAt, durationMs, status }: PageRow) =>
    (startedAt ?? finishedAt) !== undefined && durationMs === undefined && status !== "never" && status !== "skipped";
  const moments = rows.some(isMoment) ? ["ring: a moment, how long it took is not known"] : [];
  return `<p class="note">${[...words, ...asked, ...moments].join(" · ")}</p>`;
}

function formatLane(row: PageRow, scale: (at: number) => number): string {
  const { id, label, depth, status, startedAt, finishedAt, durationMs, generations } = row;
  const told = [label, statusText(status), tookOf(row)].filter(Boolean).join(" · ");
  const name = `<th scope="row" class="${depth === 1 ? "part" : ""}"><a href="#${id}">${escapeHtml(label)}</a></th>`;
  const grid = ticks
    .map((part) => `<line class="grid" x1="${part * 100}%" x2="${part * 100}%" y1="0" y2="100%"/>`)
    .join("");
  const at = startedAt ?? finishedAt;
  const isNothing = status === "never" || status === "skipped";
  if (at === undefined || isNothing) {
    return `<tr class="${status}">${name}<td><span class="note">${isNothing ? briefStatus(status) : "no time is recorded"}</span></td></tr>`;
  }
  const bar =
    startedAt !== undefined && finishedAt !== undefined && durationMs !== undefined
      ? drawBar(scale(startedAt), scale(finishedAt), "bar")
      : drawMoment(scale(at));
  const asked = generations.map(({ from, to }) => drawBar(scale(from), scale(to), "asked")).join("");
  return `<tr class="${status}">${name}<td><svg width="100%" height="20" role="img" aria-label="${escapeHtml(told)}"><title>${escapeHtml(told)}</title>${grid}${bar}${asked}</svg></td></tr>`;
}

/** However short, it can be seen. */
function drawBar(from: number, to: number, kind: "bar" | "asked"): string {
  const start = Math.min(round(from), 99.6);
  const width = Math.max(0.4, round(Math.min(to, 100) - start));
  const [y, height] = kind === "bar" ? [3, 14] : [8, 4];
  return `<rect class="${kind}" x="${start}%" width="${width}%" y="${y}" height="${height}" rx="2"/>`;
}

/** A moment of which it is not known how long it took. */
function drawMoment(at: number): string {
  return `<circle class="moment" cx="${Math.min(99.4, Math.max(0.6, round(at)))}%" cy="10" r="4.5"/>`;
}

function tookOf({ durationMs }: PageRow): string {
  return durationMs === undefined ? "how long it took is not known" : formatDuration(durationMs);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
