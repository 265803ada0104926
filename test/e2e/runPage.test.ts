/** The page that `runtrail inspect --html` writes, in a browser: it asks for nothing, complains of nothing, and its links lead somewhere. */
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCli } from "../../src/cli/runCli";
import { createTestIo } from "../cli/testIo";
import { launchChromium } from "../support/chromium";

let browser: Browser;
let page: Page;
let url = "";
const heard: string[] = [];

const events = [
  { type: "startRun", step: 0, query: "Ship <b>it</b>" },
  { type: "startNode", step: 1, node: "lint" },
  { type: "startNode", step: 2, node: "test" },
  { type: "finishNode", step: 1, node: "lint" },
  { type: "failNode", step: 2, node: "test", reason: "exit code 1" },
  { type: "skipNode", step: 3, node: "ship", reason: "test failed before it" },
  { type: "errorRun", step: 2, error: { name: "E", message: "no luck", class: "tool_error", isRetryable: false } },
];

beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), "runtrail-page-"));
  const envelope = { jobId: "job", runId: "run", expertKey: "flow" };
  const lines = events.map((event, index) =>
    JSON.stringify({
      id: `e${index}`,
      timestamp: Date.UTC(2026, 1, 3) + index * 100,
      ...envelope,
      seq: index + 1,
      ...event,
    }),
  );
  await writeFile(join(folder, "run.jsonl"), `${lines.join("\n")}\n`);
  const io = createTestIo({ cwd: folder });
  expect(await runCli(["inspect", "run.jsonl", "--html", "-o", "page.html"], io)).toBe(0);
  url = pathToFileURL(join(folder, "page.html")).href;
  browser = await launchChromium();
  page = await browser.newPage();
  page.on("console", (message) => heard.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => heard.push(String(error)));
  page.on("request", (request) => heard.push(`request: ${request.url()}`));
  await page.goto(url);
});

afterAll(async () => await browser?.close());

describe("the page of a run in a browser", () => {
  it("is loaded alone, and the browser has nothing to say about it", () => {
    expect(heard).toEqual([`request: ${url}`]);
  });

  it("has a row, a box and a bar for each node, with its style", async () => {
    expect(await page.locator("tr[id]").count()).toBe(3);
    expect(await page.locator("svg.graph .node").count()).toBe(3);
    expect(await page.locator(".timeline .bar").count()).toBe(2);
    expect(await page.locator("b").count()).toBe(0);
    const width = 'getComputedStyle(document.querySelector("svg.graph .fatal .box")).strokeWidth';
    expect(await page.evaluate<string>(width)).toBe("2px");
  });

  it("leads from the failure, the graph and the timeline to the row", async () => {
    for (const link of ["ul a", "svg.graph a:has(.fatal)", ".timeline tr.fatal a"]) {
      await page.goto(url);
      await page.locator(link).click();
      expect(await page.locator("tr:target th").textContent()).toContain("test");
    }
  });

  it("is dark where the reader’s computer is", async () => {
    const backOf = async () => await page.evaluate<string>("getComputedStyle(document.body).backgroundColor");
    await page.emulateMedia({ colorScheme: "light" });
    expect(await backOf()).toBe("rgb(255, 255, 255)");
    await page.emulateMedia({ colorScheme: "dark" });
    expect(await backOf()).toBe("rgb(20, 24, 29)");
  });

  it("could not ask for anything, though something in it did", async () => {
    const refused = await page.evaluate<string>(`new Promise((resolve) => {
      document.addEventListener("securitypolicyviolation", (event) => resolve(event.effectiveDirective), { once: true });
      const image = document.createElement("img");
      image.src = "https://example.invalid/x.png";
      document.body.append(image);
    })`);
    expect(refused).toBe("img-src");
  });
});
