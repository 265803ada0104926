import { describe, expect, it } from "vitest";
import type { App } from "../../src/app/app";
import { Emitter } from "../../src/base/bus";
import { writeEvents } from "../../src/host/output";
import type { AnyEvent } from "../../src/model/events";
import { eventsOf, failed, recovering, started } from "./sampleRuns";

describe("the output channel", () => {
  it("gets every event once, in order, at the level that fits it", () => {
    const bus = new Emitter<readonly AnyEvent[]>(() => undefined);
    const written: [string, string][] = [];
    const levels = ["trace", "debug", "info", "warn", "error"] as const;
    const log = Object.fromEntries(levels.map((level) => [level, (text: string) => written.push([level, text])]));
    const subscription = writeEvents({ onEvents: bus.event } as App, log as never);
    const events = eventsOf([started, ...recovering, failed]);
    bus.fire(events.slice(0, 3));
    bus.fire(events.slice(3));
    expect(written.map(([level]) => level)).toEqual(["info", "debug", "info", "info", "warn", "debug", "error"]);
    expect(written.every(([, text]) => text.startsWith("[run-] fix-the-sum"))).toBe(true);
    subscription.dispose();
    bus.fire(events);
    expect(written).toHaveLength(events.length);
  });
});
