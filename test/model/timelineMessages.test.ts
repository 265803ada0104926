import { describe, expect, it } from "vitest";
import { eventRowOf } from "../../src/model/eventRow";
import { kindOfType, rowKinds, typesOfKinds } from "../../src/model/eventRowKinds";
import { formatEventRow } from "../../src/model/eventRowText";
import { type EventOf, payloads, type RunEvent } from "../../src/model/events";
import { isFiltering, isSameFilter, noFilter } from "../../src/model/timelineFilter";
import { TimelineState, ToHost } from "../../src/model/timelineMessages";

const envelope = { id: "e", timestamp: Date.UTC(2026, 1, 3), jobId: "j", runId: "r", seq: 7, expertKey: "x", step: 3 };
const failed: EventOf<"finishToolCall"> = {
  ...envelope,
  type: "finishToolCall",
  toolCallId: "c",
  skill: "base",
  tool: "exec",
  isError: true,
  result: [{ type: "textPart", text: `no\nluck ${"x".repeat(5000)}` }],
  durationMs: 1200,
};

describe("what the timeline's page says to the editor", () => {
  it.each([
    { kind: "ready", filter: noFilter },
    { kind: "filter", filter: { text: "a", kinds: ["tool"], isFailuresOnly: true }, at: 3 },
    { kind: "rows", epoch: 1, from: 0, to: 100 },
    { kind: "findFailure", epoch: 1, from: -1, direction: 1 },
    { kind: "open", epoch: 1, index: 0 },
  ])("is taken: $kind", (message) => {
    expect(ToHost.parse(message)).toEqual(message);
  });

  it.each([
    undefined,
    { kind: "run", command: "workbench.action.quit" },
    { kind: "rows", epoch: 1, from: -1, to: 100 },
    { kind: "rows", epoch: 1, from: 0, to: Number.POSITIVE_INFINITY },
    { kind: "filter", filter: { ...noFilter, kinds: ["nothing"] } },
    { kind: "filter", filter: { ...noFilter, text: "x".repeat(3000) } },
    { kind: "findFailure", epoch: 1, from: 0, direction: 2 },
  ])("is refused where it is something else (%#)", (message) => {
    expect(ToHost.safeParse(message).success).toBe(false);
  });

  it("is what it left behind, checked as well", () => {
    expect(TimelineState.safeParse({ dir: "/r", filter: noFilter, isFollowing: true, at: 4 }).success).toBe(true);
    expect(TimelineState.safeParse({ dir: 5, filter: noFilter, isFollowing: true }).success).toBe(false);
  });
});

describe("a filter", () => {
  it("lets everything through where nothing is chosen", () => {
    expect(isFiltering(noFilter)).toBe(false);
    expect(isFiltering({ ...noFilter, text: "  " })).toBe(false);
    expect(isFiltering({ ...noFilter, kinds: ["run"] })).toBe(true);
  });

  it("is the same whatever the order of its kinds", () => {
    const one = { ...noFilter, kinds: ["run" as const, "tool" as const] };
    expect(isSameFilter(one, { ...one, kinds: ["tool", "run"], text: " " })).toBe(true);
    expect(isSameFilter(one, noFilter)).toBe(false);
  });
});

describe("the row of an event", () => {
  it("is one line, cut, with what has a column left out of it", () => {
    const row = eventRowOf(failed, 6);
    expect(row).toMatchObject({ at: 6, seq: 7, step: 3, grade: "recovered", level: "warn", durationMs: 1200 });
    expect(row.text.length).toBeLessThanOrEqual(300);
    expect(row.text).toMatch(/^exec failed: no luck x+…$/);
  });

  it("has what is not known left out", () => {
    const row = eventRowOf({ ...envelope, type: "finishStep" }, 0);
    expect(Object.keys(row).sort()).toEqual(["at", "level", "seq", "step", "text", "time", "type"]);
  });

  it("can be copied as a line that says all of it", () => {
    const text = formatEventRow(eventRowOf({ ...failed, result: [] }, 0));
    expect(text).toMatch(/ · step 3 · finishToolCall · exec failed: .*failed, recovered · 1\.2 s$/);
  });

  it("is of a kind, whatever the type", () => {
    const types = Object.keys(payloads) as RunEvent["type"][];
    expect(typesOfKinds(rowKinds).sort()).toEqual([...types].sort());
    for (const type of types) expect(rowKinds).toContain(kindOfType(type));
  });
});
