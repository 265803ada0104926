/** A search as a person types it: free words, and filters such as `type:failGate cost:>0.01 after:-1h`. */
import type { EventQuery, SearchedStatus, StepRange } from "./eventQuery";
import { isEventType, payloads } from "./events";
import { nearestWord } from "./nearestWord";
import { parseMoment } from "./parseMoment";
import { formatRange, parseCost, parseCount, parseDuration, parseRange } from "./queryRange";
import { type QueryToken, quote, quoteWord, splitQuery, unquote } from "./queryTokens";

/** A filter that means nothing: what it is, and what to write in its place. */
export interface QueryProblem {
  message: string;
  /** Where it stands in the text, in UTF-16 units. */
  from: number;
  to: number;
}

export interface ParsedQuery {
  /** All that could be read. */
  query: EventQuery;
  problems: QueryProblem[];
}

const statuses = ["failed", "ok", "fatal", "blocked", "recovered"] as const satisfies readonly SearchedStatus[];

const examples = {
  type: "type:failGate",
  expert: "expert:writer",
  tool: "tool:exec",
  status: "status:failed",
  after: "after:2026-01-31T10:00 or after:-1h",
  before: "before:2026-01-31T10:00 or before:-1h",
  cost: "cost:>0.01 or cost:0.01..0.05",
  duration: "duration:>2s or duration:100ms..2s",
  step: "step:3, step:>10 or step:3..7",
} as const;

export type FilterName = keyof typeof examples;
/** For completions and help: each with an example. */
export const queryFilters: Readonly<Record<FilterName, string>> = examples;

/** Adds to the query what the value says, or says what is wrong with it. */
type ReadFilter = (query: EventQuery, value: string, token: QueryToken, now: number) => string | undefined;

/** @param now Unix ms: `after:-1h` counts from it */
export function parseQuery(text: string, now: number): ParsedQuery {
  const query: EventQuery = {};
  const problems: QueryProblem[] = [];
  const words: string[] = [];
  for (const token of splitQuery(text)) {
    const { name, rest } = /^(?<name>[a-z]+):(?<rest>.+)$/isu.exec(token.raw)?.groups ?? {};
    const filter = name?.toLowerCase();
    if (filter === undefined || rest === undefined) words.push(token.value);
    else if (isFilterName(filter)) {
      const wrong = readers[filter](query, unquote(rest), { ...token, raw: rest }, now);
      if (wrong !== undefined) problems.push({ message: wrong, from: token.from, to: token.to });
    } else {
      const near = nearestWord(filter, Object.keys(examples));
      if (near === undefined) words.push(token.value);
      else problems.push({ message: misspelt(token, filter, near), from: token.from, to: token.to });
    }
  }
  const told = words.filter((word) => word !== "").map(quoteWord);
  return { query: { ...(told.length > 0 && { text: told.join(" ") }), ...query }, problems };
}

/** What `parseQuery` makes the same query of. */
export function formatQuery(query: EventQuery): string {
  const { text, types = [], experts = [], tools = [], status, after, before, steps = [] } = query;
  return [
    ...splitQuery(text ?? "").map(({ value }) => (value === "" ? "" : quoteWord(value))),
    ...types.map((type) => `type:${type}`),
    ...experts.map((expert) => `expert:${quoteName(expert)}`),
    ...tools.map((tool) => `tool:${quoteName(tool)}`),
    status === undefined ? "" : `status:${status}`,
    after === undefined ? "" : `after:${new Date(after).toISOString()}`,
    before === undefined ? "" : `before:${new Date(before).toISOString()}`,
    formatRange("cost", query.minCost, query.maxCost, ""),
    formatRange("duration", query.minDurationMs, query.maxDurationMs, "ms"),
    ...steps.map(({ from, to }) => `step:${to === undefined ? `>=${from}` : from === to ? from : `${from}..${to}`}`),
  ]
    .filter(Boolean)
    .join(" ");
}

const readers: Readonly<Record<FilterName, ReadFilter>> = {
  type(query, value, token) {
    for (const name of namesOf(value, token)) {
      if (!isEventType(name)) return noSuchType(name);
      query.types = [...(query.types ?? []), name];
    }
    return undefined;
  },
  expert(query, value, token) {
    query.experts = [...(query.experts ?? []), ...namesOf(value, token)];
    return undefined;
  },
  tool(query, value, token) {
    query.tools = [...(query.tools ?? []), ...namesOf(value, token)];
    return undefined;
  },
  status(query, value) {
    const status = statuses.find((each) => each === value.toLowerCase());
    if (!status) return `“${value}” is no status. Write one of ${statuses.map((each) => `status:${each}`).join(", ")}.`;
    if (query.status !== undefined && query.status !== status) return "An event has one status: write “status:” once.";
    query.status = status;
    return undefined;
  },
  after(query, value, _, now) {
    const moment = momentOf(value, now);
    if (moment === undefined) return noMoment("after", value);
    query.after = Math.max(moment, query.after ?? moment);
    return undefined;
  },
  before(query, value, _, now) {
    const moment = momentOf(value, now);
    if (moment === undefined) return noMoment("before", value);
    query.before = Math.min(moment, query.before ?? moment);
    return undefined;
  },
  cost(query, value) {
    const range = parseRange(value, parseCost);
    if (!range) return `“${value}” is no cost. Write USD, as in ${examples.cost}.`;
    Object.assign(query, defined({ minCost: range.least, maxCost: range.most }));
    return undefined;
  },
  duration(query, value) {
    const range = parseRange(value, parseDuration);
    if (!range) return `“${value}” is no duration. Write ms, s, m or h behind the number, as in ${examples.duration}.`;
    Object.assign(query, defined({ minDurationMs: range.least, maxDurationMs: range.most }));
    return undefined;
  },
  step(query, value) {
    const added: StepRange[] = [];
    for (const part of value.split(",")) {
      const range = parseRange(part, parseCount);
      if (!range) return `“${part}” is no step. Write a whole number, as in ${examples.step}.`;
      const { least = 0, most } = range;
      added.push({ from: Math.ceil(least), ...(most !== undefined && { to: Math.floor(most) }) });
    }
    query.steps = [...(query.steps ?? []), ...added];
    return undefined;
  },
};

/** Commas part names, except in quotes. */
function namesOf(value: string, { raw }: QueryToken): string[] {
  return raw.includes('"') ? [value] : value.split(",").filter((name) => name !== "");
}

function quoteName(name: string): string {
  return name === "" || /[\s",]/u.test(name) ? quote(name) : name;
}

/** A moment, or how long ago: with its sign or without. */
function momentOf(text: string, now: number): number | undefined {
  return parseMoment(text.replace(/^-(?=\d+[a-z]$)/u, ""), now);
}

function defined<T extends object>(fields: T): Partial<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<T>;
}

function isFilterName(name: string): name is FilterName {
  return Object.hasOwn(examples, name);
}

export function noSuchType(name: string): string {
  const near = nearestWord(name, Object.keys(payloads));
  const meant = near === undefined ? "" : ` Did you mean “${near}”?`;
  return `There is no event type “${name}”.${meant} The types are: ${Object.keys(payloads).join(", ")}.`;
}

function noMoment(name: "after" | "before", value: string): string {
  return `“${value}” is no time. Write a date, or how long ago (s, m, h, d, w), as in ${examples[name]}.`;
}

function misspelt({ value }: QueryToken, name: string, near: string): string {
  return `There is no filter “${name}”: did you mean “${near}:”? Text with a colon is written in quotes: ${quote(value)}.`;
}
