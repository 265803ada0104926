/** How much of a long log is looked at together: from one event, back or on, as far as the limits reach. */

export interface WindowLimits {
  steps: number;
  events: number;
  /** Of the log. */
  bytes: number;
}

/** What people look at in one piece. */
export const windowLimits: WindowLimits = { steps: 500, events: 5000, bytes: 1024 * 1024 };

/** Events by their position in the log. */
export interface EventColumns {
  stepOf(at: number): number;
  bytesOf(at: number): number;
}

/**
 * The position of the first event of a window that ends before `to`. It is the first of its step, unless much would be lost
 * by that; the last event is always in it.
 * @param least where the events begin
 */
export function reachBack(to: number, columns: EventColumns, limits: WindowLimits, least = 0): number {
  const { stepOf } = columns;
  const room = new Room(columns, limits);
  let from = to;
  while (from > least && room.take(from - 1)) from -= 1;
  const isBegin = (at: number) => at === least || stepOf(at) !== stepOf(at - 1);
  if (from >= to || isBegin(from)) return from;
  for (let at = from + 1; 2 * (to - at) >= to - from; at += 1) if (isBegin(at)) return at;
  return from;
}

/**
 * The position behind the last event of a window that begins with `from`, likewise at the end of a step.
 * @param wanted an event that is to be in it, if there is room
 */
export function reachOn(
  from: number,
  count: number,
  columns: EventColumns,
  limits: WindowLimits,
  wanted = from,
): number {
  const { stepOf } = columns;
  const room = new Room(columns, limits);
  let to = from;
  while (to < count && room.take(to)) to += 1;
  const isEnd = (at: number) => at === count || stepOf(at) !== stepOf(at - 1);
  if (to <= from || isEnd(to)) return to;
  for (let at = to - 1; at > wanted && 2 * (at - from) >= to - from; at -= 1) if (isEnd(at)) return at;
  return to;
}

class Room {
  private events = 0;
  private bytes = 0;
  private steps = 0;
  private step: number | undefined;

  constructor(
    private readonly columns: EventColumns,
    private readonly limits: WindowLimits,
  ) {}

  /** Whether the next event still fits; the first one always does. */
  take(at: number): boolean {
    const step = this.columns.stepOf(at);
    const steps = step === this.step ? this.steps : this.steps + 1;
    const bytes = this.bytes + this.columns.bytesOf(at);
    const isOver = this.events >= this.limits.events || bytes > this.limits.bytes || steps > this.limits.steps;
    if (isOver && this.events > 0) return false;
    this.events += 1;
    Object.assign(this, { bytes, steps, step });
    return true;
  }
}
