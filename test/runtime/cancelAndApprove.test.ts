import { describe, expect, it } from "vitest";
import type { RunEvent } from "../../src/model/events";
import { runOf } from "../../src/model/run";
import type { ApprovalAnswer } from "../../src/runtime/ports";
import { runLoop, testTools } from "../support/loopHarness";
import { scriptedModel } from "../support/scriptedModel";

const hangingTool = {
  definition: { name: "hang", description: "Waits for the end", inputSchema: {} },
  effect: "none" as const,
  summarize: () => "hang",
  execute: (_: unknown, { signal }: { signal: AbortSignal }) =>
    new Promise<never>((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
};

/** Every start event has its end event, in order. */
function unendedStarts(events: readonly RunEvent[]): string[] {
  const open: string[] = [];
  for (const event of events) {
    if (event.type === "startGeneration") open.push("generation");
    if (event.type === "startToolCall") open.push(event.toolCallId);
    const ended =
      event.type === "finishGeneration" ? "generation" : event.type === "finishToolCall" ? event.toolCallId : undefined;
    if (ended !== undefined) open.splice(open.indexOf(ended), 1);
  }
  return open;
}

describe("cancelling", () => {
  it("ends a generation in the middle", async () => {
    const controller = new AbortController();
    const { outcome, events, types } = await runLoop(scriptedModel([{ hangs: true }]), {
      signal: controller.signal,
      onEvent: (event) => event.type === "startGeneration" && controller.abort(),
    });
    expect(outcome).toMatchObject({ status: "stopped", stopReason: "cancelled" });
    expect(types).toEqual(["startRun", "startGeneration", "finishGeneration", "stopRun"]);
    expect(events[2]).toMatchObject({ finishReason: "cancelled", error: { class: "cancelled" } });
  });

  it("ends a tool in the middle and starts no other", async () => {
    const controller = new AbortController();
    const model = scriptedModel([{ calls: [{ tool: "hang" }, { tool: "write" }] }]);
    const { outcome, events, types } = await runLoop(model, {
      tools: [...testTools, hangingTool],
      signal: controller.signal,
      onEvent: (event) => event.type === "startToolCall" && controller.abort(),
    });
    expect(outcome.stopReason).toBe("cancelled");
    expect(unendedStarts(events)).toEqual([]);
    expect(types.filter((type) => type === "startToolCall")).toHaveLength(1);
    expect(events.find(({ type }) => type === "finishToolCall")).toMatchObject({
      isError: true,
      errorClass: "cancelled",
    });
  });

  it("ends a run that waits for an approval", async () => {
    const controller = new AbortController();
    const ask = ({ signal }: { signal: AbortSignal }) =>
      new Promise<ApprovalAnswer>((_, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason));
        controller.abort();
      });
    const { outcome, events } = await runLoop(scriptedModel([{ calls: [{ tool: "write" }] }]), {
      approval: { ask },
      signal: controller.signal,
    });
    expect(outcome.stopReason).toBe("cancelled");
    expect(unendedStarts(events)).toEqual([]);
    expect(events.find(({ type }) => type === "resolveApproval")).toMatchObject({ granted: false });
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])(
    "leaves no start without its end when it comes at event %i",
    async (at) => {
      const controller = new AbortController();
      const model = scriptedModel([
        { calls: [{ tool: "echo", args: { text: "x" } }, { tool: "write" }] },
        { text: "end" },
      ]);
      let count = 0;
      const { outcome, events } = await runLoop(model, {
        signal: controller.signal,
        onEvent: () => {
          count += 1;
          if (count === at) controller.abort();
        },
      });
      expect(unendedStarts(events)).toEqual([]);
      expect(["stopRun", "finishRun"]).toContain(events.at(-1)?.type);
      expect(outcome.status).toBe(events.at(-1)?.type === "stopRun" ? "stopped" : "finished");
    },
  );
});

describe("approval", () => {
  const twoWrites = () =>
    scriptedModel([{ calls: [{ tool: "write" }] }, { calls: [{ tool: "write" }] }, { text: "end" }]);
  const asking = (answer: Partial<ApprovalAnswer>) => {
    const asked: string[] = [];
    const ask = async ({ summary }: { summary: string }) => {
      asked.push(summary);
      return { granted: true, by: "user", remember: true, ...answer };
    };
    return { asked, approval: { ask } };
  };

  it("is asked for once, before the first write of a run", async () => {
    const { asked, approval } = asking({});
    const { events } = await runLoop(twoWrites(), { approval });
    expect(asked).toEqual(["write"]);
    const finished = events.filter((event) => event.type === "finishToolCall");
    expect(finished.map(({ isError }) => isError)).toEqual([false, false]);
  });

  it("that is refused is a tool error the model hears of, and a blocked step", async () => {
    const { asked, approval } = asking({ granted: false, reason: "this run is read-only" });
    const { events, outcome } = await runLoop(twoWrites(), { approval });
    expect(asked).toHaveLength(1);
    expect(outcome.status).toBe("finished");
    const [first] = events.filter((event) => event.type === "finishToolCall");
    expect(first?.isError && JSON.stringify(first.result)).toContain("Not allowed: this run is read-only");
    expect(runOf(events)?.failures.map(({ grade }) => grade)).toEqual(["blocked", "blocked"]);
  });

  it("is not asked for reading", async () => {
    const { asked, approval } = asking({});
    await runLoop(scriptedModel([{ calls: [{ tool: "echo", args: { text: "x" } }] }, { text: "end" }]), { approval });
    expect(asked).toEqual([]);
  });
});

describe("a journal that cannot be written", () => {
  it.each([1, 3, 5, 6])("ends the run at event %i: unrecorded work is not done", async (at) => {
    let count = 0;
    const model = scriptedModel([{ calls: [{ tool: "write" }] }, { text: "end" }]);
    const { outcome, events } = await runLoop(model, {
      beforeRecord: () => {
        count += 1;
        if (count >= at) throw new Error("ENOSPC: no space left on device");
      },
    });
    expect(outcome).toMatchObject({ status: "failed", error: { class: "transient_io" } });
    expect(outcome.error?.message).toContain("ENOSPC");
    expect(events).toHaveLength(at - 1);
  });
});
