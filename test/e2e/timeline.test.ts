/** The timeline of a run of fifty thousand events, by keyboard: from end to end, searched, filtered, followed while it goes on, and there again after a reload. */
import { appendFile, mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Frame } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { layout } from "../../src/store/layout";
import { currentOwner } from "../../src/store/processOwner";
import { writeRunInfo } from "../../src/store/runInfo";
import { largeRun, writeLargeLog } from "../support/largeLog";
import { packagePath } from "../support/projectPaths";
import { runningInfo } from "../support/runningInfo";
import { startVscodeServer, type VscodeServer } from "../support/vscodeServer.mjs";
import { waitUntil } from "../support/waitUntil";
import { openWorkbench, type Workbench } from "../support/workbench";

const events = 50_000;
const wide = { width: 1440, height: 900 };
const narrow = { width: 760, height: 700 };

describe("the timeline", () => {
  let server: VscodeServer;
  let window: Workbench;
  let folder: string;

  beforeAll(async () => {
    folder = await realpath(await mkdtemp(join(tmpdir(), "runtrail-timeline-")));
    await writeFile(join(folder, "perstack.toml"), '[experts."builder"]\ninstruction = "Build it"\n');
    const long = { runId: "longrun", jobId: "longjob", expertKey: "builder", query: "Build everything" };
    const textOf = (call: number) => (call === 7000 ? `needle ${"in a very long haystack ".repeat(40)}` : "hay");
    const dir = await runFolder(long);
    writeLargeLog(layout.journal(dir), { events, ...long, textOf });
    server = await startVscodeServer({ version: "current", vsix: packagePath() });
    window = await openWorkbench(server, folder, { size: wide, theme: "Default Dark Modern" });
    await window.runCommand("View: Show Runtrail");
    await window.waitForRow("Runs", /Build everything/, { timeoutMs: 60_000 });
  });

  afterAll(async () => {
    await window?.close();
    await server?.close();
    await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  });

  const runFolder = async ({ jobId, runId }: { jobId: string; runId: string }): Promise<string> => {
    const dir = layout.run(folder, jobId, runId);
    await mkdir(dir, { recursive: true });
    return dir;
  };
  /** The page with this title; the editor may have others. */
  const page = async (title: string): Promise<Frame> =>
    await waitUntil(
      `the page “${title}”`,
      async () => {
        for (const frame of window.page.frames()) {
          const titles = frame.locator("h1.title", { hasText: title });
          if ((await titles.count().catch(() => 0)) > 0) return frame;
        }
        return undefined;
      },
      { timeoutMs: 150_000 },
    );
  /** @param pick where there is more than one run */
  const openTimeline = async (pick?: RegExp): Promise<Frame> => {
    await window.runCommand("Runtrail: Open Timeline");
    if (pick) {
      const rows = window.quickRows;
      await waitUntil("the runs to choose from", async () => (await rows()).some((row) => pick.test(row)), {
        timeoutMs: 30_000,
        describe: rows,
      });
      await window.quickInput("", { pick });
    }
    const frame = await page("builder");
    await rowsOf(frame);
    return frame;
  };
  /** What a screen reader says of the rows that are there, top to bottom. */
  const rowsOf = async (frame: Frame): Promise<{ index: number; label: string; isSelected: boolean }[]> =>
    await waitUntil("rows", async () => {
      const rows = await frame.locator(".row:not([hidden])").evaluateAll((found) =>
        found.map((row) => ({
          index: Number(row.getAttribute("aria-rowindex")) - 2,
          label: row.getAttribute("aria-label") ?? "",
          isSelected: row.getAttribute("aria-selected") === "true",
        })),
      );
      const isWhole = rows.length > 0 && rows.every(({ label }) => !label.includes("not read yet"));
      return isWhole ? rows.sort((a, b) => a.index - b.index) : undefined;
    });
  const selected = async (frame: Frame, what: string, is: (row: { index: number; label: string }) => boolean) =>
    await waitUntil(what, async () => (await rowsOf(frame)).find((row) => row.isSelected && is(row)), {
      describe: async () => (await rowsOf(frame)).filter((row) => row.isSelected),
    });
  const countText = async (frame: Frame, pattern: RegExp) =>
    await waitUntil(
      `the count ${pattern}`,
      async () => {
        const text = (await frame.locator(".count").textContent()) ?? "";
        return pattern.test(text) ? text : undefined;
      },
      { timeoutMs: 30_000, describe: () => frame.locator(".count").textContent() },
    );

  it("lists a long run from its beginning to its end, with few rows in the page", async () => {
    const frame = await openTimeline();
    await countText(frame, /^50,000 events$/);
    expect(await frame.locator(".grid").getAttribute("aria-rowcount")).toBe(String(events + 1));
    expect((await rowsOf(frame))[0]).toMatchObject({ index: 0, label: expect.stringMatching(/^started “Build/) });
    await window.screenshot("timeline-dark");

    await frame.locator(".grid").focus();
    await window.press("End");
    await selected(frame, "the last event", ({ index, label }) => index === events - 1 && /finished/.test(label));
    await window.press("PageUp");
    await window.press("ArrowUp");
    await selected(frame, "an event a page before", ({ index }) => index < events - 10 && index > events - 100);
    await window.press("Home");
    await selected(frame, "the first event", ({ index }) => index === 0);

    const viewport = frame.locator(".viewport");
    await viewport.evaluate((element) => element.scrollTo(0, element.scrollHeight / 2));
    await waitUntil("the middle", async () =>
      (await rowsOf(frame)).some(({ index }) => Math.abs(index - events / 2) < 30),
    );
    expect(await frame.locator(".row").count()).toBeLessThan(80);
  });

  it("goes from failure to failure by one key, and opens beside it what is selected", async () => {
    const frame = await page("builder");
    await frame.locator(".grid").focus();
    await window.press("Home");
    await window.press("F8");
    const first = await selected(
      frame,
      "a failure",
      ({ index, label }) => index > 0 && /failed, recovered/.test(label),
    );
    await window.press("F8");
    const second = await selected(frame, "the next one", ({ index }) => index > first.index);
    expect(second.label).toContain("failed");
    await window.press("Shift+F8");
    await selected(frame, "the one before", ({ index }) => index === first.index);
    await window.press("Shift+F8");
    await countText(frame, /around the end/);
    await window.press("F8");
    await selected(frame, "the first one again", ({ index }) => index === first.index);
    await window.press("Enter");
    const details = () => window.text(".monaco-editor .view-lines");
    await waitUntil("the details", async () => /failed, recovered/.test(await details()), {
      timeoutMs: 30_000,
      describe: details,
    });
    expect(await frame.evaluate("document.activeElement.className")).toBe("grid");
    await window.screenshot("timeline-details-dark");
    await window.press("ArrowDown");
    await selected(frame, "the row below", ({ index }) => index === first.index + 1);
    await window.runCommand("View: Close All Editors");
    await waitUntil("the page to go", () => frame.isDetached());
  });

  it("finds a word, and keeps the found event in sight when everything is shown again", async () => {
    const frame = await openTimeline();
    await frame.locator(".grid").focus();
    await window.press("/");
    await window.page.keyboard.type("needle");
    await countText(frame, /^1 of 50,000$/);
    await window.press("Enter");
    const found = await selected(frame, "what was found", ({ index }) => index === 0);
    await window.screenshot("timeline-found-dark");
    await window.press("Control+f");
    await window.press("Escape");
    await countText(frame, /^50,000 events$/);
    const there = await selected(frame, "the same event among all", ({ index }) => index > 1000);
    expect(there.label).toBe(found.label);
    await window.press("/");
    await window.page.keyboard.type("no such word");
    await waitUntil("the empty list", async () => (await frame.locator(".empty").textContent())?.includes("No event"));
    await window.screenshot("timeline-nothing-found-dark");
    await frame.locator(".empty button").click();
    await countText(frame, /^50,000 events$/);
  });

  it("says what of a search means nothing", async () => {
    const frame = await page("builder");
    await frame.locator(".search").fill("tpye:exec");
    await waitUntil("the problem", async () =>
      ((await frame.locator(".problem").textContent()) ?? "").includes("type"),
    );
    await frame.locator(".search").fill("");
    await countText(frame, /^50,000 events$/);
  });

  it("shows failures alone, and kinds of events alone", async () => {
    const frame = await page("builder");
    await frame.locator(".chip", { hasText: "Failures" }).click();
    const text = await countText(frame, /^\d+ of 50,000$/);
    expect((await rowsOf(frame)).every(({ label }) => /failed/.test(label))).toBe(true);
    expect(await frame.locator(".chip", { hasText: "Failures" }).textContent()).toBe(`Failures ${text.split(" ")[0]}`);
    await window.setTheme("Default Light Modern");
    await window.screenshot("timeline-failures-light");
    await frame.locator(".chip", { hasText: "Failures" }).click();
    await frame.locator(".chip", { hasText: "Skills" }).click();
    await countText(frame, /^[\d,]+ of 50,000$/);
    expect((await rowsOf(frame)).every(({ label }) => label.startsWith("skill"))).toBe(true);
  });

  it("is there again after the window was loaded again, as it was left", async () => {
    const before = await page("builder");
    const skills = before.locator(".chip", { hasText: "Skills" });
    if ((await skills.getAttribute("aria-pressed")) !== "true") await skills.click();
    await countText(before, /^[\d,]+ of 50,000$/);
    await before.locator(".grid").focus();
    await window.press("End");
    const left = await selected(before, "the last of the skills’ events", ({ index }) => index > 1000);
    await window.runCommand("Developer: Reload Window");
    await waitUntil("the window to go", () => before.isDetached(), { timeoutMs: 60_000 });
    const frame = await page("builder");
    await countText(frame, /^[\d,]+ of 50,000$/);
    const there = await selected(frame, "the same event", ({ index }) => index === left.index);
    expect(there.label).toBe(left.label);
    await frame.locator(".chip", { hasText: "Skills" }).click();
    await countText(frame, /^50,000 events$/);
  });

  it("follows a run that goes on, until one scrolls up", async () => {
    const live = { runId: "liverun", jobId: "livejob", expertKey: "builder", query: "Go on and on" };
    const lines = largeRun({ events: 3000, ...live, startedAt: Date.now(), end: "open" }).map(
      (event) => `${JSON.stringify(event)}\n`,
    );
    const dir = await runFolder(live);
    await writeRunInfo(dir, runningInfo(folder, await currentOwner()), "test");
    await writeFile(layout.journal(dir), lines.slice(0, 500).join(""));
    await window.waitForRow("Runs", /Go on and on/, { timeoutMs: 60_000 });
    await window.runCommand("View: Close All Editors");
    const frame = await openTimeline(/Go on and on/);
    const follow = frame.locator(".follow");
    await countText(frame, /^500 events$/);
    expect(await follow.getAttribute("aria-pressed")).toBe("true");
    const lastShown = async () => (await rowsOf(frame)).at(-1)?.index;
    await waitUntil("the last event", async () => (await lastShown()) === 499);
    await appendFile(layout.journal(dir), lines.slice(500, 2000).join(""));
    await countText(frame, /^2,000 events$/);
    await waitUntil("the new last event", async () => (await lastShown()) === 1999);
    await window.screenshot("timeline-live-light");
    await frame.locator(".viewport").hover();
    await window.page.mouse.wheel(0, -2000);
    await waitUntil("following to end", async () => (await follow.getAttribute("aria-pressed")) === "false");
    const shown = await lastShown();
    await appendFile(layout.journal(dir), lines.slice(2000).join(""));
    await countText(frame, /^3,000 events$/);
    expect(await lastShown()).toBe(shown);
    await follow.click();
    await waitUntil("the very last event", async () => (await lastShown()) === 2999);
  });

  it("searches all runs from the head of their view, and opens what it finds", async () => {
    await window.runCommand("Runtrail: Search Events…");
    const frame = await page("All runs");
    await waitUntil("examples", async () => (await frame.locator(".examples li").count()) > 3);
    await window.screenshot("timeline-all-light");
    await window.page.keyboard.type("needle");
    await countText(frame, /^1 event found in 2 runs$/);
    await frame.locator(".search").fill("type:startRun");
    await countText(frame, /^2 events found in 2 runs$/);
    expect((await rowsOf(frame)).map(({ label }) => /started “([^”]*)/.exec(label)?.[1])).toEqual([
      "Go on and on",
      "Build everything",
    ]);
    await frame.locator(".search").fill("type:finishToolCall");
    await countText(frame, /^First 1,000 events found/);
    await frame.locator(".counts .link").click();
    await countText(frame, /^First 2,000 events found/);
    await window.page.setViewportSize(narrow);
    await window.screenshot("timeline-all-narrow-light");
    await window.page.setViewportSize(wide);
  });

  it("is loaded alone: the page may ask for nothing", async () => {
    const frame = await page("All runs");
    const refused = await frame.evaluate<string>(`new Promise((resolve) => {
      document.addEventListener("securitypolicyviolation", (event) => resolve(event.effectiveDirective), { once: true });
      const image = document.createElement("img");
      image.src = "https://example.invalid/x.png";
      document.body.append(image);
    })`);
    expect(refused).toBe("img-src");
  });
});
