/** Collects events and hands them on once per turn of the event loop, so that a burst costs its listeners one call. */
import type { AnyEvent } from "../model/events";

export interface EventBatcher {
  push(event: AnyEvent): void;
  /** Hands on at once what is waiting. */
  flush(): void;
}

export function createEventBatcher(deliver: (events: readonly AnyEvent[]) => void): EventBatcher {
  let waiting: AnyEvent[] = [];
  const flush = () => {
    if (waiting.length === 0) return;
    const batch = waiting;
    waiting = [];
    deliver(batch);
  };
  return {
    push(event) {
      if (waiting.push(event) === 1) setImmediate(flush);
    },
    flush,
  };
}
