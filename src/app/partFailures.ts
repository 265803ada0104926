/** The failures of a run with those of the part that is shown: of very many, the run keeps only the newest. */
import type { Failure } from "../model/failure";
import { failureOf, isSameFailure } from "../model/failures";
import { mostFailures } from "../model/trimRun";
import type { IndexedEvents } from "../store/indexedEvents";
import type { RunFacts } from "./runFold";

/**
 * @param own as the events of the part alone tell them
 * @param to the position behind the last of those events
 */
export async function failuresOfPart(
  own: readonly Failure[],
  events: IndexedEvents,
  to: number,
  { run, count, hasAllFailures }: RunFacts,
): Promise<Failure[]> {
  if (hasAllFailures || own.length === 0) return run.failures;
  const oldestKept = run.failures.at(-mostFailures)?.seq ?? 0;
  const known = new Set(run.failures.map(({ seq }) => seq));
  const missing = own.filter(({ seq }) => seq < oldestKept && !known.has(seq)).map((failure) => ({ ...failure }));
  await tellLater(missing, events, to, count);
  return [...missing, ...run.failures].sort((a, b) => a.seq - b.seq);
}

/** What became of them after the part, in place: a node that failed was executed again, an end told the same once more. */
async function tellLater(failures: Failure[], events: IndexedEvents, to: number, count: number): Promise<void> {
  const { index } = events;
  const blocked = failures.filter(({ grade }) => grade === "blocked");
  let isFirst = true;
  for (let at = to; at < count && blocked.length > 0; at += 1) {
    if (index.typeOf(at) === "retryNode") {
      const step = index.stepOf(at);
      for (const failure of blocked) if (failure.step === step) failure.grade = "recovered";
    }
    if (!isFirst || !index.isFailure(at)) continue;
    isFirst = false;
    const event = await events.read(at);
    const next = event && failureOf(event);
    if (next && isSameFailure(failures.at(-1), next)) failures.pop();
  }
}
