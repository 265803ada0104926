/** Positions of the events of a log that a filter lets through: by its index alone, where no text is looked for. */
import type { EventIndex } from "../store/eventIndex";
import { createLogSearch } from "../store/searchLog";
import { createPace } from "./pace";
import { isOfKind, isShown, queryOfFilter, type RowFilter } from "./rowFilter";

/** Given at once. */
const mostPositions = 10_000;

export interface RowRange {
  from: number;
  to: number;
  filter: RowFilter;
  signal: AbortSignal;
}

/** In pieces that may be empty. */
export async function* findRows(file: string, index: EventIndex, range: RowRange): AsyncGenerator<number[], undefined> {
  const { from, to, filter } = range;
  if (from >= to) return;
  if (filter.text.trim() === "") yield* findByKind(index, range);
  else yield* findByText(file, index, range);
}

async function* findByKind(
  index: EventIndex,
  { from, to, filter, signal }: RowRange,
): AsyncGenerator<number[], undefined> {
  const pace = createPace(signal);
  let found: number[] = [];
  for (let at = from; at < to; at += 1) {
    if (isOfKind(index.typeOf(at), index.isFailure(at), filter)) found.push(at);
    if (at % mostPositions !== 0) continue;
    await pace();
    yield found;
    found = [];
  }
  yield found;
}

async function* findByText(file: string, index: EventIndex, range: RowRange): AsyncGenerator<number[], undefined> {
  const { from, to, filter, signal } = range;
  const { query } = queryOfFilter(filter, Date.now());
  let at = from;
  const search = createLogSearch(query);
  for await (const { hits } of search(file, { order: "oldestFirst", from: index.offsetOf(from), signal })) {
    const found: number[] = [];
    for (const { offset, event } of hits) {
      at = positionOf(index, offset, at, to);
      // What came since is found the next time.
      if (at < to && isShown(event, filter)) found.push(at);
    }
    yield found;
    if (at >= to) return;
  }
}

/** The first at or behind the offset. */
function positionOf(index: EventIndex, offset: number, from: number, to: number): number {
  let [low, high] = [from, to];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (index.offsetOf(middle) < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}
