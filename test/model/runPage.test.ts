/** The page of a run: what a browser would need of it, whatever the run says. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { RunEvent } from "../../src/model/events";
import { type Run, runOf } from "../../src/model/run";
import { formatRunPage, type PageRun } from "../../src/model/runPage";
import { holds } from "../support/holds";
import { anyEvents } from "./arbitraryEvents";

type Fields = { type: string; step: number; [key: string]: unknown };

function eventsOf(list: Fields[]): RunEvent[] {
  const envelope = { jobId: "job", runId: "run", expertKey: "flow" };
  return list.map(
    (fields, index) =>
      ({ id: `e${index}`, seq: index + 1, timestamp: 1000 + index * 100, ...envelope, ...fields }) as RunEvent,
  );
}

function pageOf(...lists: (readonly RunEvent[])[]): string {
  const runs = lists.map(
    (events): PageRun => ({ run: runOf(events) as Run, events, problems: [], source: "runtrail" }),
  );
  return formatRunPage(runs, { place: "/runs", problems: [], sha256: () => "hash" });
}

const textOf = (html: string) => html.replace(/<style>.*?<\/style>/su, "").replace(/<[^>]*>/gu, "\n");
const edges = (html: string) => html.match(/class="edge"/gu)?.length ?? 0;

const workflow: Fields[] = [
  { type: "startRun", step: 0, query: "Ship it" },
  { type: "startNode", step: 1, node: "lint" },
  { type: "startNode", step: 2, node: "test" },
  { type: "finishNode", step: 1, node: "lint", usage: { inputTokens: 1000, outputTokens: 200, totalTokens: 1200 } },
  { type: "failNode", step: 2, node: "test", reason: "exit code 1" },
  { type: "skipNode", step: 3, node: "ship", reason: "test failed before it", isInferred: true },
  { type: "errorRun", step: 2, error: { name: "E", message: "test failed", class: "tool_error", isRetryable: false } },
];

describe("the page of a workflow", () => {
  it("tells of each node how it went, what it took and used, and why it failed", () => {
    const rows = pageOf(eventsOf(workflow)).match(/<tr id="r0-s\d" .*?<\/tr>/gsu) ?? [];
    expect(rows.map((row) => textOf(row).split(/\n+/u).filter(Boolean))).toEqual([
      ["lint", "✓ done", "200 ms", "1.2k"],
      ["test", "✗ failed, the run ended here", "200 ms", "test failed (tool_error)"],
      ["ship", "test failed before it", "– never ran"],
    ]);
  });

  it("draws what follows what in time, where the files do not say", () => {
    const page = pageOf(eventsOf(workflow));
    expect(edges(page)).toBe(2);
    expect(page).toContain("the arrows are the order in time");
  });

  it("draws the graph that the files have, with conditions, and nodes that were not reached", () => {
    const nodes = ["lint", "test", "ship", "announce", 7, null].map((id) => ({ id, kind: "tool", phase: "main" }));
    const ties = [
      { from: "lint", to: "ship" },
      { from: "test", to: "ship", when: "$.ok" },
      { from: "ship", to: "announce" },
      { from: "ship", to: "ship" },
      { from: "nobody", to: "ship" },
      "tie",
    ];
    const graph = {
      type: "foreignEvent",
      step: 0,
      source: "openexpertise",
      name: "graph",
      data: { nodes, edges: ties },
    };
    const page = pageOf(eventsOf([...workflow.slice(0, 1), graph, ...workflow.slice(1)]));
    expect(edges(page)).toBe(3);
    expect(page).not.toContain("the order in time");
    const graphText = textOf(/<svg class="graph".*?<\/svg>/su.exec(page)?.[0] ?? "");
    for (const word of ["$.ok", "announce", "tool · phase main"]) expect(graphText).toContain(word);
  });

  it("leads from each failure to its row, and to no place that is not there", () => {
    const page = pageOf(eventsOf(workflow));
    expect(page).toContain('<a href="#r0-s2">✗ fatal in test</a>');
    const ids = new Set([...page.matchAll(/ id="([^"]*)"/gu)].map(([, id]) => id));
    for (const [, target] of page.matchAll(/href="#([^"]*)"/gu)) expect(ids).toContain(target);
  });

  it("stays readable and small for thousands of nodes, and says what it leaves out", () => {
    const many = Array.from({ length: 5000 }, (_, index): Fields[] => [
      { type: "startNode", step: index + 1, node: `node ${index}` },
      { type: "finishNode", step: index + 1, node: `node ${index}` },
    ]).flat();
    const page = pageOf(eventsOf([{ type: "startRun", step: 0, query: "" }, ...many]));
    expect(page.length).toBeLessThan(2_000_000);
    for (const words of ["4700 more are left out", "3000 more rows", "4600 more rows"]) expect(page).toContain(words);
  });

  it("has a graph for two hundred nodes side by side, two after another", () => {
    const wave = (name: string, from: number): Fields[] => [
      ...Array.from({ length: 100 }, (_, index) => ({
        type: "startNode",
        step: from + index,
        node: `${name}${index}`,
      })),
      ...Array.from({ length: 100 }, (_, index) => ({
        type: "finishNode",
        step: from + index,
        node: `${name}${index}`,
      })),
    ];
    const page = pageOf(eventsOf([{ type: "startRun", step: 0, query: "" }, ...wave("a", 1), ...wave("b", 101)]));
    expect(page.match(/class="node /gu)).toHaveLength(200);
    expect(edges(page)).toBe(100);
  });
});

describe("any page", () => {
  it("never throws, and holds nothing of a run as markup, whatever the events", () => {
    holds(
      fc.property(anyEvents, (events) => {
        if (events.length === 0) return;
        const page = pageOf(events);
        const tags = new Set([...page.matchAll(/<\/?([a-z!0-9]+)/giu)].map(([, tag]) => tag?.toLowerCase()));
        const known =
          "!doctype html head meta title link style body header main footer section h1 h2 h3 p dl dt dd ul li a div table thead tbody tr th td span br pre code svg defs marker path g rect text circle line";
        expect(known.split(" ")).toEqual(expect.arrayContaining([...tags]));
        // biome-ignore lint/suspicious/noControlCharactersInRegex: none may be left
        expect(page).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/u);
        expect(page).not.toMatch(/\s(?:on\w+|style|src)=["']/u);
      }),
    );
  });

  it("shows hostile words as words", () => {
    const query = `</p><script>alert(1)</script><img src=x onerror=alert(1)>" onload='x' \u202egnp.exe`;
    const page = pageOf(eventsOf([{ type: "startRun", step: 0, query }]));
    expect(page).not.toMatch(/<script|<img/u);
    expect(page).toContain("&lt;script&gt;alert(1)&lt;/script&gt;");
    expect(page).toContain("\\u{202e}gnp.exe");
  });
});
