import { describe, expect, it } from "vitest";
import { runLinksIn } from "../../src/host/documents/runLinks";
import { editableMessages } from "../../src/host/editableMessages";
import { reachedLimits } from "../../src/host/reachedLimits";
import { conversationOf } from "../../src/model/conversation";
import { formatRunLog } from "../../src/model/runLog";
import { eventsOf, finished, recovering, runFrom, started } from "./sampleRuns";

const usage = { inputTokens: 90, outputTokens: 10, totalTokens: 100 };
const limits = { maxSteps: 10, maxRetries: 5, timeoutMs: 1000, maxTokens: 100, maxCost: 5 };

describe("a run that stopped at a limit", () => {
  it("needs more of what it used up", () => {
    expect(reachedLimits({ stopReason: "maxSteps", limits, usage })).toEqual([
      { name: "maxSteps", value: 10, used: 10 },
    ]);
    expect(reachedLimits({ stopReason: "budget", limits, usage, cost: 1 })).toEqual([
      { name: "maxTokens", value: 100, used: 100 },
    ]);
  });

  it("may need more of any where the other runs of its job used them up", () => {
    const names = reachedLimits({ stopReason: "budget", limits: { ...limits, maxTokens: 500 }, usage, cost: 1 });
    expect(names.map(({ name }) => name)).toEqual(["maxTokens", "maxCost"]);
  });

  it("needs nothing where it stopped for another reason", () => {
    expect(reachedLimits({ stopReason: "cancelled", limits, usage })).toEqual([]);
    expect(reachedLimits({ limits, usage })).toEqual([]);
  });
});

it("what can be edited in a fork is what users said and tools answered, the newest first", () => {
  const editable = editableMessages(conversationOf(eventsOf([started, ...recovering, finished])));
  expect(editable.map(({ from }) => from)).toEqual(["exec", "user"]);
  expect(editable[1]?.text).toBe("Run the tests.\nMend what fails.");
  expect(editable[0]?.text).toContain("exit code 1");
});

it("a log links the runs that it names: delegates, the coordinator, the origin", () => {
  const call = { toolCallId: "call-9", skill: "delegate/helper", tool: "helper" };
  const events = eventsOf([
    {
      ...started,
      parent: { runId: "above" },
      origin: { kind: "fork", jobId: "job-0", runId: "before", checkpointId: "c" },
    },
    { type: "startToolCall", ...call, args: { query: "Do it" } },
    { type: "startDelegation", toolCallId: "call-9", childRunId: "below", childExpertKey: "helper", query: "Do it" },
  ]);
  const run = runFrom(events);
  const lines = formatRunLog(run, events);
  const links = runLinksIn(run, lines).map(({ line, start, end, jobId, runId }) => [
    lines[line]?.text.slice(start, end),
    jobId,
    runId,
  ]);
  expect(links).toContainEqual(["run above", "job-1", "above"]);
  expect(links).toContainEqual(["run before", "job-0", "before"]);
  expect(links).toContainEqual(["helper", "job-1", "below"]);
});
