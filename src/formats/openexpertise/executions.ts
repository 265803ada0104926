/**
 * Which execution of a node each record is about. The log does not say: the items of a `for_each` repeat the same node id.
 * Where several are under way at once, the first that began is taken to be the first that ends; their order is then a guess,
 * their number and their sums are not.
 */
import { addUsage, noUsage } from "../../model/addUsage";
import { isRecord } from "../../model/toolText";
import type { Usage } from "../../model/usage";
import type { RunLogRecord } from "./runLogRecord";

export interface Execution {
  node: string;
  /** Among those of its node, counted from 1. */
  number: number;
  isStarted: boolean;
  /** Its result was taken from the cache: it was never started, and nothing worked on it. */
  isCached: boolean;
  end?: RunLogRecord;
  /** What the call to a model used, as it was told when it came back. */
  tokens: RunLogRecord[];
  hasWork: boolean;
}

export interface Executions {
  ofRecord(record: RunLogRecord): Execution | undefined;
  ofNode(node: string): readonly Execution[];
  readonly all: readonly Execution[];
  /** Of a call whose usage the end of its execution does not tell: another attempt, or one of a node that failed. */
  isUntold(tokens: RunLogRecord): boolean;
}

export function bindExecutions(records: readonly RunLogRecord[]): Executions {
  const nodes = new Map<string, NodeExecutions>();
  const executions = new Map<RunLogRecord, Execution>();
  const known = records.filter(({ kind }) => kind === "node");
  const nodeOf = ({ nodeId = "" }: RunLogRecord) => {
    const node = nodes.get(nodeId) ?? new NodeExecutions(nodeId);
    nodes.set(nodeId, node);
    return node;
  };
  for (const record of known) if (record.nodeType === "node.started") nodeOf(record).startsLeft += 1;
  for (const record of known) {
    const execution = nodeOf(record).take(record);
    if (execution) executions.set(record, execution);
  }
  const told = new Set([...nodes.values()].flatMap((node) => toldTokens(node.list)));
  return {
    ofRecord: (record) => executions.get(record),
    ofNode: (node) => nodes.get(node)?.list ?? [],
    all: [...nodes.values()].flatMap(({ list }) => list),
    isUntold: (tokens) => !told.has(tokens),
  };
}

class NodeExecutions {
  readonly list: Execution[] = [];
  /** Starts that are still to come. */
  startsLeft = 0;
  private readonly waiting = new Queue();
  private readonly started = new Queue();
  private givenTokens = 0;
  /** The type of the newest record but for writes, which come between a start, or being ready, and the end. */
  private last: RunLogRecord["nodeType"];
  /** Ended before it started: two records of the same millisecond may have changed places. */
  private early: Execution | undefined;

  constructor(private readonly node: string) {}

  take(record: RunLogRecord): Execution | undefined {
    const execution = this.find(record);
    if (record.nodeType !== "state.write") this.last = record.nodeType;
    return execution;
  }

  private find(record: RunLogRecord): Execution | undefined {
    switch (record.nodeType) {
      case "node.ready": {
        const execution = this.add();
        this.waiting.push(execution);
        return execution;
      }
      case "node.started":
        return this.start(record);
      case "node.tokens":
        return this.giveTokens(record);
      case "node.activity": {
        const execution = this.started.last ?? this.waiting.last;
        if (execution) execution.hasWork = true;
        return execution;
      }
      case "state.write":
        return this.isNextCached() ? this.waiting.last : (this.started.first ?? this.waiting.first);
      case "node.finished":
        return this.end(record, this.isNextCached() ? this.waiting.takeLast() : this.takeOldest());
      case "node.failed":
        return this.end(record, this.takeOldest());
      case "node.skipped":
        return this.end(record, this.waiting.takeFirst());
      default:
        return undefined;
    }
  }

  private start(record: RunLogRecord): Execution {
    this.startsLeft -= 1;
    const waiting = this.waiting.takeFirst();
    const early = this.early?.end?.at === record.at ? this.early : undefined;
    this.early = undefined;
    const execution = waiting ?? early ?? this.add();
    execution.isStarted = true;
    execution.isCached = false;
    if (!execution.end) this.started.push(execution);
    return execution;
  }

  private giveTokens(record: RunLogRecord): Execution | undefined {
    const next = this.started.at(this.givenTokens) ?? this.started.last ?? this.waiting.first;
    if (!next) return undefined;
    this.givenTokens += 1;
    next.hasWork = true;
    next.tokens.push(record);
    return next;
  }

  private end(record: RunLogRecord, open: Execution | undefined): Execution {
    const execution = open ?? this.add();
    execution.end = record;
    execution.isCached = record.nodeType === "node.finished" && !execution.isStarted && !execution.hasWork;
    if (!execution.isStarted) this.early = execution;
    return execution;
  }

  /** What came out of the cache is ready and ends in one go; whatever else is ready starts. */
  private isNextCached(): boolean {
    return this.last === "node.ready" && this.waiting.length > this.startsLeft;
  }

  private takeOldest(): Execution | undefined {
    const started = this.started.takeFirst();
    if (started && started.tokens.length > 0) this.givenTokens = Math.max(0, this.givenTokens - 1);
    return started ?? this.waiting.takeFirst();
  }

  private add(): Execution {
    const number = this.list.length + 1;
    const blank = { isStarted: false, isCached: false, tokens: [], hasWork: false };
    const execution: Execution = { node: this.node, number, ...blank };
    this.list.push(execution);
    return execution;
  }
}

/** First in, first out, or last out; taking from either end costs the same however long it is. */
class Queue {
  private items: Execution[] = [];
  private head = 0;

  get length(): number {
    return this.items.length - this.head;
  }

  get first(): Execution | undefined {
    return this.items[this.head];
  }

  get last(): Execution | undefined {
    return this.length > 0 ? this.items.at(-1) : undefined;
  }

  at(place: number): Execution | undefined {
    return this.items[this.head + place];
  }

  push(execution: Execution): void {
    this.items.push(execution);
  }

  takeFirst(): Execution | undefined {
    const { first } = this;
    if (first) this.head += 1;
    return first;
  }

  takeLast(): Execution | undefined {
    return this.length > 0 ? this.items.pop() : undefined;
  }
}

/**
 * `node.tokens` and the metrics of `node.finished` tell of the same call: each such pair is one. Metrics that are the sum of
 * several calls tell of them all.
 */
function toldTokens(executions: readonly Execution[]): RunLogRecord[] {
  const byCount = new Map<string, Set<RunLogRecord>>();
  const left = new Set<RunLogRecord>();
  for (const record of executions.flatMap(({ tokens }) => tokens)) {
    left.add(record);
    const key = countOf(tokensOf(record));
    const same = byCount.get(key);
    if (same) same.add(record);
    else byCount.set(key, new Set([record]));
  }
  const told: RunLogRecord[] = [];
  for (const { end, isCached, tokens } of executions) {
    const usage = end?.nodeType === "node.finished" && !isCached ? metricsOf(end).usage : undefined;
    if (!usage) continue;
    if (tokens.length > 1 && countOf(usage) === countOf(sumOf(tokens))) {
      told.push(...tokens);
      for (const record of tokens) byCount.get(countOf(tokensOf(record)))?.delete(record);
      continue;
    }
    const same = byCount.get(countOf(usage));
    const record =
      tokens.findLast((each) => same?.has(each)) ?? first(same) ?? tokens.findLast((each) => left.has(each));
    if (!record) continue;
    told.push(record);
    left.delete(record);
    byCount.get(countOf(tokensOf(record)))?.delete(record);
  }
  return told;
}

function first<T>(values: Set<T> | undefined): T | undefined {
  return values?.values().next().value;
}

function sumOf(records: readonly RunLogRecord[]): Usage {
  return records.reduce((sum, record) => addUsage(sum, tokensOf(record)), noUsage);
}

function countOf(usage: Usage | undefined): string {
  return usage ? `${usage.inputTokens}/${usage.outputTokens}` : "";
}

export function tokensOf({ value }: RunLogRecord): Usage | undefined {
  return usageOf(value.input_tokens, value.output_tokens);
}

export function metricsOf({ value }: RunLogRecord): { usage?: Usage; cost?: number } {
  if (!isRecord(value.metrics)) return {};
  const { tokens_in: input, tokens_out: output, cost_usd: cost } = value.metrics;
  const usage = usageOf(input, output);
  const isCost = typeof cost === "number" && cost >= 0 && cost < most;
  return { ...(usage && { usage }), ...(isCost && { cost }) };
}

/** Sums of what no model ever read would be no numbers any more. */
const most = 1e12;

function usageOf(input: unknown, output: unknown): Usage | undefined {
  if (!isCount(input) || !isCount(output)) return undefined;
  return { inputTokens: input, outputTokens: output, totalTokens: input + output };
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= most;
}
