/** The events of a job's runs as one row: by time, and where that does not tell, a delegate's between its call and its answer. */
import { endsRun } from "../../model/eventKinds";
import type { RunEvent } from "../../model/events";

interface Queue {
  events: readonly RunEvent[];
  next: number;
  /** Whether the run has begun and not ended, as far as the row goes. */
  isGoingOn: boolean;
  /** Of a delegate: how often it was called and has not begun for it. */
  calls: number;
  isDelegate: boolean;
}

export function* inJobOrder<R extends { events: readonly RunEvent[] }>(
  runs: readonly R[],
): Generator<{ run: R; event: RunEvent }> {
  const present = new Set(runs.map(({ events }) => events[0]?.runId));
  const queues = new Map<R, Queue>(runs.map((run) => [run, queueOf(run.events, present)]));
  const byRunId = new Map([...queues].map(([run, queue]) => [run.events[0]?.runId, queue]));
  for (;;) {
    const heads = [...queues].filter(([, { events, next }]) => next < events.length);
    const ready = heads.filter(([, queue]) => isReady(queue, byRunId));
    // What the journals say may not fit together: it is told all the same.
    const [first] = (ready.length > 0 ? ready : heads).sort(([, a], [, b]) => timeOf(a) - timeOf(b));
    if (!first) return;
    const [run, queue] = first;
    const event = queue.events[queue.next];
    queue.next += 1;
    if (!event) return;
    note(event, queue, byRunId);
    yield { run, event };
  }
}

function queueOf(events: readonly RunEvent[], present: ReadonlySet<string | undefined>): Queue {
  const [start] = events;
  const isDelegate = start?.type === "startRun" && start.parent !== undefined && present.has(start.parent.runId);
  return { events, next: 0, isGoingOn: false, calls: 0, isDelegate };
}

function isReady({ events, next, isDelegate, calls }: Queue, all: ReadonlyMap<string | undefined, Queue>): boolean {
  const event = events[next];
  if (isDelegate && (event?.type === "startRun" || event?.type === "resumeRun")) return calls > 0;
  if (event?.type !== "finishDelegation") return true;
  const child = all.get(event.childRunId);
  // One that never began, or had ended before, has nothing to be waited for.
  return !child || child.next >= child.events.length || (!child.isGoingOn && child.calls === 0);
}

function note(event: RunEvent, queue: Queue, all: ReadonlyMap<string | undefined, Queue>): void {
  if (event.type === "startRun" || event.type === "resumeRun") {
    queue.isGoingOn = true;
    queue.calls = 0;
  }
  if (endsRun(event)) queue.isGoingOn = false;
  const child = "childRunId" in event ? all.get(event.childRunId) : undefined;
  if (child && event.type === "startDelegation") child.calls += 1;
  if (child && event.type === "finishDelegation") child.calls = 0;
}

function timeOf({ events, next }: Queue): number {
  return events[next]?.timestamp ?? 0;
}
