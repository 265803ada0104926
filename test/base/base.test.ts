import { describe, expect, it } from "vitest";
import { Emitter } from "../../src/base/bus";
import { DisposableStore } from "../../src/base/disposable";
import { UserError } from "../../src/base/errors";
import { raceAbort } from "../../src/base/raceAbort";

describe("the bus", () => {
  it("reaches every listener though one throws and one rejects, and tells of both", async () => {
    const errors: unknown[] = [];
    const heard: number[] = [];
    const bus = new Emitter<number>((error) => errors.push(error));
    bus.event(() => {
      throw new Error("thrown");
    });
    bus.event(async () => {
      throw new Error("rejected");
    });
    bus.event((value) => heard.push(value));
    bus.fire(1);
    await Promise.resolve();
    expect(heard).toEqual([1]);
    expect(errors.map(String)).toEqual(["Error: thrown", "Error: rejected"]);
  });

  it("lets a listener leave while it is being told, and listen twice", () => {
    const heard: string[] = [];
    const bus = new Emitter<string>(() => undefined);
    const listener = (value: string) => heard.push(value);
    const first = bus.event(listener);
    bus.event(listener);
    bus.event(() => first.dispose());
    bus.fire("a");
    bus.fire("b");
    expect(heard).toEqual(["a", "a", "b"]);
  });
});

describe("a disposable store", () => {
  it("disposes what it holds, last first, and late arrivals at once", () => {
    const order: string[] = [];
    const store = new DisposableStore();
    const thing = (name: string) => ({ dispose: () => order.push(name) });
    store.add(thing("first"));
    store.add(thing("second"));
    store.dispose();
    store.add(thing("late"));
    store.dispose();
    expect(order).toEqual(["second", "first", "late"]);
  });
});

describe("an error for a user", () => {
  it("is shown with its place as terminals link it", () => {
    expect(new UserError("No.", { path: "/a.toml", line: 3, column: 7 }).toDisplay()).toBe("/a.toml:3:7: No.");
    expect(new UserError("No.", { path: "/a.toml", column: 7 }).toDisplay()).toBe("/a.toml: No.");
    expect(new UserError("No.").toDisplay()).toBe("No.");
  });
});

describe("waiting for work that may not heed its signal", () => {
  const never = new Promise<never>(() => undefined);

  it("ends with the signal, at once or after the grace", async () => {
    const controller = new AbortController();
    let giveUp = () => {};
    const waiting = raceAbort(never, controller.signal);
    const graceful = raceAbort(never, controller.signal, (action) => {
      giveUp = action;
      return { dispose: () => undefined };
    });
    controller.abort(new Error("enough"));
    await expect(waiting).rejects.toThrow("enough");
    giveUp();
    await expect(graceful).rejects.toThrow("enough");
    await expect(raceAbort(never, controller.signal)).rejects.toThrow("enough");
  });

  it("gives what the work gives when that comes first, also within the grace", async () => {
    const controller = new AbortController();
    expect(await raceAbort(Promise.resolve(1), controller.signal)).toBe(1);
    await expect(raceAbort(Promise.reject(new Error("mine")), controller.signal)).rejects.toThrow("mine");
    controller.abort();
    expect(await raceAbort(Promise.resolve(2), controller.signal, () => ({ dispose: () => undefined }))).toBe(2);
  });
});
