/** What an editor asks of a run's log: what folds, the outline, the line of an event, and the failures by line. */
import type { Failure } from "../../model/failure";
import type { LogLine } from "../../model/runLog";

/** Lines count from 0; `end` is the last line that belongs to it. */
export interface Block {
  start: number;
  end: number;
  line: LogLine;
  children: Block[];
}

/** The steps with their items (and what stands before the first step), nested by depth. */
export function outlineOf(lines: readonly LogLine[]): Block[] {
  const top: Block[] = [];
  const open: Block[] = [];
  for (const [index, line] of lines.entries()) {
    if (line.text === "") {
      open.length = 0;
      continue;
    }
    while ((open.at(-1)?.line.depth ?? -1) >= line.depth) open.pop();
    for (const block of open) block.end = index;
    if (line.depth === 3 || (line.kind === "detail" && line.depth > 0)) continue;
    const block: Block = { start: index, end: index, line, children: [] };
    (open.at(-1)?.children ?? top).push(block);
    open.push(block);
  }
  return top;
}

/** Every block of more than one line. */
export function foldsOf(blocks: readonly Block[]): { start: number; end: number }[] {
  return blocks.flatMap(({ start, end, children }) => [...(end > start ? [{ start, end }] : []), ...foldsOf(children)]);
}

/** The line that tells of the failure; else its step's; else the first. */
export function lineOfFailure(lines: readonly LogLine[], failure: Failure): number {
  const exact = lines.findIndex((line) => line.seq === failure.seq && tellsOfFailure(line));
  return exact === -1 ? lineOfPlace(lines, failure) : exact;
}

export function lineOfPlace(lines: readonly LogLine[], { step, seq }: { step: number; seq?: number }): number {
  const atEvent = seq === undefined ? -1 : lines.findIndex((line) => line.seq === seq);
  if (atEvent !== -1) return atEvent;
  const atStep = lines.findIndex((line) => line.kind === "step" && line.step === step);
  return Math.max(0, atStep);
}

/** The failures in the order of their lines; of a part of a run, those that are in it. */
export function failureLines(
  lines: readonly LogLine[],
  failures: readonly Failure[],
  part?: Seqs,
): { failure: Failure; line: number }[] {
  const exact = firstLines(lines, (line) => (tellsOfFailure(line) ? line.seq : undefined));
  const events = firstLines(lines, ({ seq }) => seq);
  const steps = firstLines(lines, ({ kind, step }) => (kind === "step" ? step : undefined));
  return failures
    .filter(({ seq }) => !part || exact.has(seq) || (seq >= part.firstSeq && seq <= part.lastSeq))
    .map((failure) => ({
      failure,
      line: exact.get(failure.seq) ?? events.get(failure.seq) ?? steps.get(failure.step) ?? 0,
    }))
    .sort((a, b) => a.line - b.line || a.failure.seq - b.failure.seq);
}

/** The events that a part of a run begins and ends with. */
interface Seqs {
  firstSeq: number;
  lastSeq: number;
}

function firstLines(lines: readonly LogLine[], keyOf: (line: LogLine) => number | undefined): Map<number, number> {
  const first = new Map<number, number>();
  for (const [index, line] of lines.entries()) {
    const key = keyOf(line);
    if (key !== undefined && !first.has(key)) first.set(key, index);
  }
  return first;
}

function tellsOfFailure({ grade, kind }: LogLine): boolean {
  return grade !== undefined && kind !== "step";
}

/**
 * The failures of a run as one walks through them from the line of its log: where all of it is shown, by line; where a part
 * is, by what happened when.
 */
export function nextFailureFrom(
  { lines, failures, part }: { lines: readonly LogLine[]; failures: readonly Failure[]; part?: Seqs | undefined },
  line: number,
  direction: 1 | -1,
): { found: { failure: Failure }; wrapped: boolean } | undefined {
  if (!part) return nextFailure(failureLines(lines, failures), line, direction);
  const here = lines.slice(0, line + 1).findLast(({ seq }) => seq !== undefined)?.seq ?? -1;
  const inOrder = failures.map((failure) => ({ failure, line: failure.seq })).sort((a, b) => a.line - b.line);
  return nextFailure(inOrder, here, direction);
}

/** The next one after (before) `line`, from the other end where there is none. */
export function nextFailure<T extends { line: number }>(
  failures: readonly T[],
  line: number,
  direction: 1 | -1,
): { found: T; wrapped: boolean } | undefined {
  const ahead =
    direction === 1 ? failures.find((each) => each.line > line) : failures.findLast((each) => each.line < line);
  const found = ahead ?? (direction === 1 ? failures[0] : failures.at(-1));
  return found && { found, wrapped: ahead === undefined };
}
