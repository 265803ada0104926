/** Runs as one HTML page that needs nothing beside itself: no script, no request, a policy that would forbid both. */
import type { RunEvent } from "./events";
import type { Failure } from "./failure";
import { formatCost, formatCount, formatDuration, formatTime, formatTokens, isKnownTime } from "./formatting";
import { element, escapeHtml } from "./html";
import { oneLine, plainLines } from "./plainText";
import { runRowStatus, statusSign } from "./rowStatus";
import type { Run } from "./run";
import { type CalledRun, graphOf } from "./runGraph";
import { countParts } from "./runLogHeader";
import { formatGraph } from "./runPageGraph";
import { type PageRow, rowsOf, stepRowsOf } from "./runPageRows";
import { runPageStyle } from "./runPageStyle";
import { formatRows } from "./runPageTable";
import { formatTimeline } from "./runPageTimeline";
import { describeError, describeOrigin, gradeSign, runStatusWords } from "./statusText";

export interface PageRun {
  run: Run;
  events: readonly RunEvent[];
  problems: readonly PageProblem[];
  /** The system whose files tell of it. */
  source: string;
}

export interface PageProblem {
  file: string;
  line?: number;
  column?: number;
  reason: string;
}

export interface RunPageOptions {
  /** Where the runs lie. */
  place: string;
  /** Of files that are no run's. */
  problems: readonly PageProblem[];
  /** In base64: the style is named by it in the page's policy. */
  sha256(text: string): string;
}

const maxRuns = 40;
const maxListed = 200;
const answerLimits = { lines: 200, width: 2000 };
const queryLimits = { lines: 20, width: 500 };

interface Section extends PageRun {
  name: string;
  rows: PageRow[];
}

/** @param runs the one that the page is about first, then those it called */
export function formatRunPage(runs: readonly PageRun[], options: RunPageOptions): string {
  const sections = runs.slice(0, maxRuns).map((each, index) => {
    return { ...each, name: `r${index}`, rows: rowsOf(each.run, `r${index}`) };
  });
  const places = new Map(sections.map(({ run, name }) => [run.runId, name]));
  const title = oneLine(
    sections[0] ? `${titleOf(sections[0].run)} · ${runStatusWords(sections[0].run)}` : "No run",
    160,
  );
  const policy = `default-src 'none'; img-src data:; style-src 'sha256-${options.sha256(runPageStyle)}'; base-uri 'none'; form-action 'none'`;
  const left = runs.length - sections.length;
  const body = [
    `<header>${formatHeader(sections, left)}</header>`,
    `<main>${sections.map((each) => formatSection(each, sections, places)).join("")}`,
    formatProblems([...runs.flatMap(({ problems }) => problems), ...options.problems]),
    `<footer>From ${escapeHtml(oneLine(options.place, 1000))}. Times are those of this computer; what a system did not record is unknown.</footer></main>`,
  ];
  return `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${policy}"><meta name="viewport" content="width=device-width,initial-scale=1"><meta name="referrer" content="no-referrer"><title>${escapeHtml(title)}</title><link rel="icon" href="data:,"><style>${runPageStyle}</style></head>
<body>${body.join("\n")}</body></html>`;
}

function titleOf({ expertKey, query }: Run): string {
  return [oneLine(expertKey, 80), oneLine(query, 100)].filter(Boolean).join(": ");
}

/** Of several runs a list with links to each. */
function formatHeader(sections: readonly Section[], left: number): string {
  const [first] = sections;
  if (!first || sections.length < 2) return "";
  const hasCost = sections.some(({ run }) => run.cost !== undefined);
  const numbers = ["Duration", "Tokens", ...(hasCost ? ["Cost"] : [])];
  const head = numbers.map((name) => `<th scope="col" class="number">${name}</th>`).join("");
  const rows = sections.map(({ run, name }) => {
    const status = runRowStatus(run);
    const cells = [
      `<th scope="row" class="${run.parent ? "part" : ""}"><a href="#${name}">${escapeHtml(titleOf(run))}</a></th>`,
      `<td class="status">${statusSign(status)} ${runStatusWords(run)}</td>`,
      `<td class="number">${durationOf(run)}</td>`,
      `<td class="number">${run.usage ? formatTokens(run.usage.totalTokens) : ""}</td>`,
      ...(hasCost ? [`<td class="number">${formatCost(run.cost)}</td>`] : []),
    ];
    return `<tr class="${status}">${cells.join("")}</tr>`;
  });
  const table = `<table class="rows"><thead><tr><th scope="col">Run</th><th scope="col">Status</th>${head}</tr></thead><tbody>${rows.join("")}</tbody></table>`;
  const title = `${oneLine(first.run.expertKey, 80)}: ${formatCount(sections.length, "run")}`;
  const more = left > 0 ? `<p class="note">${left} more runs are left out.</p>` : "";
  return `<h1>${escapeHtml(title)}</h1><div class="scroll">${table}</div>${more}`;
}

function formatSection(section: Section, all: readonly Section[], places: ReadonlyMap<string, string>): string {
  const { run, events, rows, name } = section;
  const steps = stepRowsOf(rows);
  const graph = graphOf(events, steps, rows, calledBy(section, all));
  const isWorkflow = steps.some(({ node }) => node !== undefined);
  const omitted = graph.omitted > 0 ? ` ${graph.omitted} more are left out.` : "";
  const order =
    isWorkflow && !graph.isRecorded
      ? "The files do not say what depends on what: the arrows are the order in time."
      : "";
  const timeline = formatTimeline(rows);
  const heading = all.length > 1 ? "h2" : "h1";
  const status = runRowStatus(run);
  return [
    `<section class="${status}"><${heading} id="${name}">${escapeHtml(oneLine(run.expertKey, 200))} · <span class="tone">${statusSign(status)} ${runStatusWords(run)}</span></${heading}>`,
    element("p", 'class="lead"', escapeHtml(plainLines(run.query, queryLimits).join("\n"))),
    formatFacts(section, places),
    formatFailures(section),
    graph.nodes.length > 1
      ? `<h3>Graph</h3>${element("p", 'class="note"', `${order}${omitted}`.trim())}${formatGraph(graph, name)}`
      : "",
    `<h3>${isWorkflow ? "Nodes" : "Steps"}</h3>${formatRows(rows, (runId) => places.get(runId))}`,
    timeline === "" ? "" : `<h3>Timeline</h3>${timeline}`,
    formatAnswer(run),
    "</section>",
  ].join("");
}

/** The runs of the page that this one called. */
function calledBy({ run, rows }: Section, all: readonly Section[]): CalledRun[] {
  const called = new Set(rows.map(({ childRunId }) => childRunId));
  const isCalled = (other: Run) => other !== run && (other.parent?.runId === run.runId || called.has(other.runId));
  return all
    .filter((other) => isCalled(other.run))
    .map(({ run: { runId, expertKey, startedAt, finishedAt, status, failures }, name }) => ({
      ...{ runId, label: oneLine(expertKey, 80), status: runRowStatus({ status, failures }), startedAt, target: name },
      ...(finishedAt !== undefined && isKnownTime(startedAt) && { durationMs: Math.max(0, finishedAt - startedAt) }),
    }));
}

function formatFacts({ run, rows, source }: Section, places: ReadonlyMap<string, string>): string {
  const caller = run.parent && places.get(run.parent.runId);
  const facts: [string, string][] = [
    ["Error", run.error ? escapeHtml(describeError(run.error)) : ""],
    ["Model", escapeHtml(oneLine([run.provider, run.model].filter(Boolean).join(" "), 200))],
    ["Started", formatTime(run.startedAt) || "unknown"],
    ["Took", durationOf(run) || (run.finishedAt === undefined ? "" : "unknown")],
    ["Steps", countParts(run).join(", ")],
    ["Tokens", tokensOf(run)],
    ["Cost", formatCost(run.cost) || (rows.length > 0 ? "unknown" : "")],
    ["Came from", run.origin ? link(places.get(run.origin.runId), describeOrigin(run.origin)) : ""],
    ["Called by", run.parent ? link(caller, `run ${run.parent.runId}`) : ""],
    ["System", escapeHtml(oneLine(source, 80))],
    ["Job", escapeHtml(oneLine(run.jobId, 200))],
    ["Run", escapeHtml(oneLine(run.runId, 200))],
  ];
  return `<dl>${facts.map(([name, value]) => (value === "" ? "" : `<dt>${name}</dt><dd>${value}</dd>`)).join("")}</dl>`;
}

function link(target: string | undefined, text: string): string {
  const shown = escapeHtml(oneLine(text, 400));
  return target === undefined ? shown : `<a href="#${target}">${shown}</a>`;
}

function tokensOf({ usage }: Run): string {
  if (!usage) return "unknown";
  return `${formatTokens(usage.totalTokens)} (in ${formatTokens(usage.inputTokens)}, out ${formatTokens(usage.outputTokens)})`;
}

function durationOf({ startedAt, finishedAt }: Run): string {
  return isKnownTime(startedAt) && isKnownTime(finishedAt) ? formatDuration(finishedAt - startedAt) : "";
}

/** Each leads to its row. */
function formatFailures({ run, rows, name }: Section): string {
  if (run.failures.length === 0) return "";
  const ids = new Set(rows.map(({ id }) => id));
  const items = run.failures.slice(0, maxListed).map((failure) => {
    const { grade, class: errorClass, reason, step } = failure;
    const at = rowOfFailure(failure, rows, name);
    const node = rows.find((row) => row.step === step && row.node !== undefined)?.label;
    const where = node === undefined ? (step > 0 ? ` at step ${step}` : "") : ` in ${node}`;
    const text = escapeHtml(`${gradeSign(grade)} ${grade}${where}`);
    const place = ids.has(at) ? `<a href="#${at}">${text}</a>` : text;
    return `<li class="${grade}">${place}: ${escapeHtml(oneLine(reason, 400))} <span class="note">${errorClass}</span></li>`;
  });
  const left = run.failures.length - items.length;
  return `<h3>What failed</h3><ul>${items.join("")}</ul>${left > 0 ? `<p class="note">${left} more are left out.</p>` : ""}`;
}

function rowOfFailure({ step, seq, toolCallId }: Failure, rows: readonly PageRow[], name: string): string {
  const part = rows.find(
    (row) => row.depth === 1 && row.failures.some((each) => each.seq === seq && each.toolCallId === toolCallId),
  );
  return part?.id ?? `${name}-s${step}`;
}

function formatAnswer({ text }: Run): string {
  return text === undefined || text.trim() === ""
    ? ""
    : `<h3>Result</h3><pre>${escapeHtml(plainLines(text, answerLimits).join("\n"))}</pre>`;
}

function formatProblems(problems: readonly PageProblem[]): string {
  if (problems.length === 0) return "";
  const items = problems.slice(0, maxListed).map(({ file, line, column, reason }) => {
    const place = [file, line, line === undefined ? undefined : column].filter((part) => part !== undefined).join(":");
    return `<li><code>${escapeHtml(oneLine(place, 1000))}</code>: ${escapeHtml(oneLine(reason, 300))}</li>`;
  });
  const left = problems.length - items.length;
  return `<section><h2 id="problems">Problems in the files</h2><ul>${items.join("")}</ul>${left > 0 ? `<p class="note">${left} more are left out.</p>` : ""}</section>`;
}
