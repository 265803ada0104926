import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Emitter } from "../../src/base/bus";
import { writeEvents } from "../../src/host/output";
import type { AnyEvent } from "../../src/model/events";
import { eventsOf, failed, recovering, started } from "./sampleRuns";

const levels = ["trace", "debug", "info", "warn", "error"] as const;
const stamp = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} \[(trace|debug|info|warning|error)\] /u;

/** A channel that shows the level and everything worse, as the editor's does. */
function openLog(logLevel: number) {
  const calls: [level: string, text: string][] = [];
  const write = Object.fromEntries(levels.map((level) => [level, (text: string) => calls.push([level, text])]));
  /** All lines as they are shown, without the moment. */
  const shown = () =>
    calls.flatMap(([level, text]) =>
      text.split("\n").map((line, index) => {
        const own = index === 0 ? level : stamp.exec(line)?.[1];
        return [own === "warning" ? "warn" : own, line.replace(stamp, "")];
      }),
    );
  return { log: { ...write, logLevel } as never, calls, shown };
}

describe("the output channel", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  const events = eventsOf([started, ...recovering, failed]);
  const wanted = ["info", "debug", "info", "info", "warn", "debug", "error"];

  it("gets every event once, in order, at the level that fits it", () => {
    const bus = new Emitter<readonly AnyEvent[]>(() => undefined);
    const { log, shown } = openLog(1);
    const subscription = writeEvents({ onEvents: bus.event }, log);
    bus.fire(events.slice(0, 3));
    for (const event of events.slice(3)) bus.fire([event]);
    vi.runAllTimers();
    expect(shown().map(([level]) => level)).toEqual(wanted);
    expect(shown().every(([, text]) => text?.startsWith("[run-] fix-the-sum"))).toBe(true);
    subscription.dispose();
    bus.fire(events);
    vi.runAllTimers();
    expect(shown()).toHaveLength(events.length);
  });

  it("gets what comes first at once, and what comes soon after in few calls, with nothing left out", () => {
    const bus = new Emitter<readonly AnyEvent[]>(() => undefined);
    const { log, calls, shown } = openLog(3);
    writeEvents({ onEvents: bus.event }, log);
    bus.fire(events.slice(0, 1));
    expect(calls).toHaveLength(1);
    const many = Array.from({ length: 2000 }, (_, index) => eventsOf([{ ...failed, step: index + 1 }]));
    for (const each of many) {
      bus.fire(each);
      vi.advanceTimersByTime(0.5);
    }
    vi.runAllTimers();
    expect(calls.length).toBeLessThan(30);
    const steps = shown().flatMap(([, text]) => /step (\d+) /u.exec(text ?? "")?.[1] ?? []);
    expect(steps).toEqual(many.map((_, index) => String(index + 1)));
  });

  it("does not get what its level hides, and says all that is left when it is let go", () => {
    const bus = new Emitter<readonly AnyEvent[]>(() => undefined);
    const { log, shown } = openLog(3);
    const subscription = writeEvents({ onEvents: bus.event }, log);
    bus.fire(events.slice(0, 1));
    bus.fire(events.slice(1));
    subscription.dispose();
    expect(shown().map(([level]) => level)).toEqual(wanted.filter((level) => level !== "debug"));
    const off = openLog(0);
    writeEvents({ onEvents: bus.event }, off.log);
    bus.fire(events);
    vi.runAllTimers();
    expect(off.calls).toEqual([]);
  });
});
