/** What holds for every reading, of whatever: valid events, whole envelopes, and ends that are ends. */
import { isDeepStrictEqual } from "node:util";
import { expect } from "vitest";
import type { ForeignRun } from "../../src/formats/format";
import { endsRun } from "../../src/model/eventKinds";
import { type EventOf, type EventType, parseEvent, type RunEvent } from "../../src/model/events";
import type { Message } from "../../src/model/message";

export function checkLaws(runs: readonly ForeignRun[]): void {
  for (const { events, jobId, runId } of runs) {
    expect(events[0]?.type).toBe("startRun");
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
    expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
    let last: RunEvent | undefined;
    for (const event of events) {
      // As a journal would hold it.
      expect(parseEvent(JSON.parse(JSON.stringify(event)))).toEqual({ event });
      expect(event).toMatchObject({ jobId, runId });
      if (last) expect(event.timestamp).toBeGreaterThanOrEqual(last.timestamp);
      if (last && endsRun(last)) expect(event.type).toBe("resumeRun");
      last = event;
    }
    expectEnds(events);
  }
}

/** A start comes before its end, and has one at the most. */
function expectEnds(events: readonly RunEvent[]): void {
  const open = new Set<string>();
  for (const event of events) {
    if (event.type === "startToolCall") open.add(event.toolCallId);
    if (event.type === "finishToolCall") expect(open.delete(event.toolCallId), event.toolCallId).toBe(true);
    if (event.type === "startGeneration") open.add("generation");
    if (event.type === "finishGeneration") expect(open.delete("generation")).toBe(true);
  }
}

/** The same, quickly, for many thousands of events: what is broken, if anything. */
export function brokenLaw(runs: readonly ForeignRun[]): string | undefined {
  for (const { events, jobId, runId } of runs) {
    if (events[0]?.type !== "startRun") return `${runId} does not begin with its start`;
    const ids = new Set<string>();
    const open = new Set<string>();
    let last: RunEvent | undefined;
    for (const event of events) {
      const at = `${runId} ${event.seq} ${event.type}`;
      const plain = JSON.parse(JSON.stringify(event));
      if (!isDeepStrictEqual(parseEvent(plain), { event: plain })) return `${at} is no valid event`;
      if (event.seq !== (last?.seq ?? 0) + 1 || ids.has(event.id)) return `${at} has no place or id of its own`;
      if (event.jobId !== jobId || event.runId !== runId) return `${at} is of another run`;
      if (last && event.timestamp < last.timestamp) return `${at} goes back in time`;
      if (last && endsRun(last) && event.type !== "resumeRun") return `${at} comes after the end`;
      if (event.type === "startToolCall") open.add(event.toolCallId);
      if (event.type === "finishToolCall" && !open.delete(event.toolCallId)) return `${at} ends what did not begin`;
      if (event.type === "startGeneration") open.add("generation");
      if (event.type === "finishGeneration" && !open.delete("generation")) return `${at} ends what did not begin`;
      ids.add(event.id);
      last = event;
    }
  }
  return undefined;
}

export function eventsIn<T extends EventType>({ events }: ForeignRun, type: T): EventOf<T>[] {
  return events.filter((event): event is EventOf<T> => event.type === type);
}

/**
 * Ids differ, a failure is marked by us alone, a signature is kept as an option of the provider, results stand in the order
 * of their calls (of several delegates Perstack puts the first one's last), and text before the calls (0.0.46 put it behind).
 */
export function withoutIds(messages: readonly Message[]): unknown {
  const rank = ({ type }: { type: string }) => ["thinkingPart", "textPart", "toolCallPart"].indexOf(type);
  const ordered = messages.map((message, index) => {
    if (message.type === "toolMessage") {
      const before = messages[index - 1];
      const calls = before?.type === "expertMessage" ? before.contents : [];
      const place = ({ toolCallId }: { toolCallId: string }) =>
        calls.findIndex((part) => part.type === "toolCallPart" && part.toolCallId === toolCallId);
      return { ...message, contents: [...message.contents].sort((a, b) => place(a) - place(b)) };
    }
    if (message.type !== "expertMessage") return message;
    return { ...message, contents: [...message.contents].sort((a, b) => rank(a) - rank(b)).map(signedAsOption) };
  });
  return JSON.parse(JSON.stringify(ordered, (key, value) => (key === "id" || key === "isError" ? undefined : value)));
}

function signedAsOption(part: { type: string; signature?: string | undefined }): object {
  const { signature, ...rest } = part;
  return signature === undefined ? part : { ...rest, providerOptions: { anthropic: { signature } } };
}
