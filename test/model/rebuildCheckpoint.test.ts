import { describe, expect, it } from "vitest";
import type { RunEvent } from "../../src/model/events";
import { rebuildCheckpoint } from "../../src/model/rebuildCheckpoint";
import { runLoop } from "../support/loopHarness";
import { namedCheckpoints } from "../support/namedCheckpoints";
import { scriptedModel } from "../support/scriptedModel";

const echo = (text: string) => ({ calls: [{ tool: "echo", args: { text } }] });
const play = () => runLoop(scriptedModel([echo("one"), echo("two"), { text: "End" }]), { stepsBefore: 4 });

/** As versions before this one recorded it. */
function asBefore(event: RunEvent): RunEvent {
  if (event.type !== "finishStep") return event;
  const { isLast: _, ...known } = event;
  return known;
}

describe("a checkpoint without a snapshot", () => {
  it("is what it was, of the run of an earlier version too", async () => {
    const { events, checkpoints } = await play();
    expect(checkpoints.map(({ status, stepNumber }) => [status, stepNumber])).toEqual([
      ["proceeding", 5],
      ["proceeding", 6],
      ["completed", 7],
    ]);
    for (const each of [events, events.map(asBefore)]) {
      expect(namedCheckpoints(each).map((id) => rebuildCheckpoint(each, id))).toEqual(checkpoints);
    }
  });

  it("does not depend on what came after it", async () => {
    const { events, checkpoints } = await play();
    const [first] = checkpoints;
    const named = events.findIndex((event) => event.type === "finishStep");
    for (let end = named + 1; end <= events.length; end += 1) {
      expect(rebuildCheckpoint(events.slice(0, end), first?.id ?? "")).toEqual(first);
    }
  });

  it("is none before an event has named it, and none with another id", async () => {
    const { events, checkpoints } = await play();
    const [first] = checkpoints;
    const named = events.findIndex((event) => event.type === "finishStep");
    expect(rebuildCheckpoint(events.slice(0, named), first?.id ?? "")).toBeUndefined();
    for (const id of ["", "nope", events[0]?.id ?? ""]) expect(rebuildCheckpoint(events, id)).toBeUndefined();
  });

  it("leaves the conversation that the run went on from as it is", async () => {
    const { events, checkpoints } = await play();
    const base = checkpoints[0]?.messages ?? [];
    const before = structuredClone(base);
    rebuildCheckpoint(events, checkpoints.at(-1)?.id ?? "", base);
    expect(base).toEqual(before);
  });
});
