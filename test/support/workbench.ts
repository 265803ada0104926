/** VS Code's window as a user has it: keyboard, lists, editors and status bar of a page in Chromium. */

import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { launchChromium } from "./chromium";
import { projectRoot } from "./projectPaths";
import type { VscodeServer } from "./vscodeServer.mjs";
import { waitUntil } from "./waitUntil";

export type Theme = "Default Dark Modern" | "Default Light Modern";

export interface WorkbenchOptions {
  /** Loads the extension from this folder instead of an installed package. */
  developmentPath?: string;
  size?: { width: number; height: number };
  theme?: Theme;
}

export interface TreeRow {
  /** What a screen reader says. */
  label: string;
  /** What is written on the row: label and description. */
  text: string;
  level: number;
  /** Absent for a row without children. */
  expanded?: boolean;
  selected: boolean;
  focused: boolean;
}

export interface Workbench {
  readonly page: Page;
  /** F1, the title, Enter. The title is as the palette shows it, such as `Runtrail: Run Expert…`. */
  runCommand(title: string): Promise<void>;
  /** Titles that the palette offers for a text that is a part of one. */
  commandTitles(text: string): Promise<string[]>;
  /** Types into the open quick input and presses Enter; with `pick`, waits for that row and takes it. */
  quickInput(text: string, options?: { pick?: string | RegExp }): Promise<void>;
  /** The rows of the open quick pick, as a screen reader says them. */
  quickRows(): Promise<string[]>;
  press(keys: string): Promise<void>;
  /** The rows of a view that are on screen. */
  treeRows(viewTitle: string): Promise<TreeRow[]>;
  waitForRow(viewTitle: string, pattern: RegExp, options?: { timeoutMs?: number }): Promise<TreeRow>;
  clickRow(viewTitle: string, pattern: RegExp): Promise<void>;
  /** The text of the first status-bar item that matches. */
  statusBarItem(pattern: RegExp, options?: { timeoutMs?: number }): Promise<string>;
  clickStatusBarItem(pattern: RegExp): Promise<void>;
  activeTab(): Promise<string | undefined>;
  /** The lines of the active editor that are on screen, top to bottom. */
  openEditorText(): Promise<string>;
  /** 1-based, from the status bar. */
  cursorLine(): Promise<number | undefined>;
  /** What the line of the cursor says. */
  cursorText(): Promise<string>;
  quickInputValue(): Promise<string>;
  /** The text of a part of the window; "" where it is not there. */
  text(selector: string): Promise<string>;
  notifications(): Promise<string[]>;
  setTheme(theme: Theme): Promise<void>;
  /** Writes out/screenshots/<name>.png. */
  screenshot(name: string): Promise<string>;
  close(): Promise<void>;
}

export async function openWorkbench(
  server: VscodeServer,
  folder: string,
  options: WorkbenchOptions = {},
): Promise<Workbench> {
  const { developmentPath, size = { width: 1280, height: 800 }, theme } = options;
  if (theme !== undefined) await writeTheme(server, theme);
  const browser = await launchChromium();
  try {
    const page = await browser.newPage({ viewport: size });
    await page.goto(server.url(folder, developmentPath === undefined ? {} : { developmentPath }), { timeout: 120_000 });
    return await workbenchOn(server, browser, page);
  } catch (error) {
    await browser.close();
    throw error;
  }
}

/** The window in a page that is loading it, or has it. */
export async function workbenchOn(server: VscodeServer, browser: Browser, page: Page): Promise<Workbench> {
  await page.waitForSelector(".monaco-workbench .activitybar .action-item", { timeout: 120_000 });
  return workbenchOf(server, browser, page);
}

const activeEditor = ".editor-group-container.active .monaco-editor";
const quickInputBox = ".quick-input-widget:not([style*='display: none']) .quick-input-box input";
const quickInputRow = ".quick-input-widget:not([style*='display: none']) .quick-input-list .monaco-list-row";

function workbenchOf(server: VscodeServer, browser: Browser, page: Page): Workbench {
  const quickRows = () =>
    page.locator(quickInputRow).evaluateAll((rows) => rows.map((row) => row.getAttribute("aria-label") ?? ""));

  /** The keyboard's way to a row: down until it is the focused one. */
  const focusQuickRow = async (matches: (label: string) => boolean, what: string) => {
    await waitUntil(what, async () => (await quickRows()).some(matches), { describe: quickRows });
    const count = (await quickRows()).length;
    for (let moves = 0; moves <= count; moves++) {
      const focused = page.locator(`${quickInputRow}.focused`).first();
      const label = (await focused.count()) === 0 ? "" : ((await focused.getAttribute("aria-label")) ?? "");
      if (matches(label)) return;
      await page.keyboard.press("ArrowDown");
    }
    throw new Error(`The keyboard did not reach ${what}. There are: ${(await quickRows()).join(" · ")}`);
  };

  /** The palette shows what was known when it was opened: while the window is starting, it is opened again. */
  const openPalette = (text: string, isThere: (label: string) => boolean, what: string) =>
    waitUntil(
      what,
      async () => {
        await page.keyboard.press("F1");
        await page.locator(quickInputBox).fill(`>${text}`);
        const rows = async () => (await quickRows()).some(isThere);
        if (await waitUntil(what, rows, { timeoutMs: 1_500 }).catch(() => false)) return true;
        await page.keyboard.press("Escape");
        return false;
      },
      { timeoutMs: 30_000 },
    );

  const treeRows = (viewTitle: string) => readTreeRows(page, viewTitle);

  const waitForRow: Workbench["waitForRow"] = (viewTitle, pattern, { timeoutMs } = {}) =>
    waitUntil(
      `a row ${pattern} in the view “${viewTitle}”`,
      async () => (await treeRows(viewTitle)).find((row) => pattern.test(row.label) || pattern.test(row.text)),
      { ...(timeoutMs === undefined ? {} : { timeoutMs }), describe: () => treeRows(viewTitle) },
    );

  const statusBarTexts = () =>
    page
      .locator(".statusbar-item")
      .evaluateAll((items) => items.map((item) => (item.textContent ?? "").replaceAll("\u00a0", " ").trim()));

  const statusBarItem: Workbench["statusBarItem"] = (pattern, { timeoutMs } = {}) =>
    waitUntil(`a status-bar item ${pattern}`, async () => (await statusBarTexts()).find((text) => pattern.test(text)), {
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      describe: statusBarTexts,
    });

  return {
    page,
    async runCommand(title) {
      const isIt = (label: string) => label === title || label.startsWith(`${title},`);
      await openPalette(title, isIt, `the command “${title}”`);
      await focusQuickRow(isIt, `the command “${title}”`);
      await page.keyboard.press("Enter");
    },
    async commandTitles(text) {
      await openPalette(text, (label) => label.includes(text), `commands with “${text}”`);
      const rows = await quickRows();
      await page.keyboard.press("Escape");
      return rows;
    },
    async quickInput(text, { pick } = {}) {
      const box = page.locator(quickInputBox);
      await box.waitFor();
      await box.fill(text);
      if (pick !== undefined) {
        const matches = (label: string) => (typeof pick === "string" ? label.startsWith(pick) : pick.test(label));
        await focusQuickRow(matches, `the choice ${pick}`);
      }
      await page.keyboard.press("Enter");
    },
    quickRows,
    press: (keys) => page.keyboard.press(keys),
    treeRows,
    waitForRow,
    async clickRow(viewTitle, pattern) {
      const row = await waitForRow(viewTitle, pattern);
      await paneOf(page, viewTitle)
        .locator(`[role="treeitem"][aria-label=${JSON.stringify(row.label)}]`)
        .first()
        .click();
    },
    statusBarItem,
    async clickStatusBarItem(pattern) {
      const text = await statusBarItem(pattern);
      await page.locator(".statusbar-item", { hasText: text }).first().click();
    },
    async activeTab() {
      const tab = page.locator(".editor-group-container.active .tab.active").first();
      return (await tab.count()) === 0 ? undefined : ((await tab.getAttribute("aria-label")) ?? undefined);
    },
    openEditorText: () => readEditorText(page),
    async cursorLine() {
      const found = (await statusBarTexts())
        .map((text) => /^Ln (\d+)/.exec(text)?.[1])
        .find((line) => line !== undefined);
      return found === undefined ? undefined : Number(found);
    },
    async cursorText() {
      const cursor = await page
        .locator(`${activeEditor} .cursors-layer .cursor`)
        .first()
        .boundingBox({ timeout: 1_000 });
      const lines = await page.locator(`${activeEditor} .view-line`).evaluateAll((found) =>
        found.map((line) => {
          const { top, bottom } = line.getBoundingClientRect();
          return { top, bottom, text: line.textContent ?? "" };
        }),
      );
      const middle = cursor === null ? Number.NaN : cursor.y + cursor.height / 2;
      const line = lines.find(({ top, bottom }) => middle >= top && middle < bottom);
      return (line?.text ?? "").replaceAll("\u00a0", " ");
    },
    quickInputValue: () => page.locator(quickInputBox).inputValue(),
    async text(selector) {
      const part = page.locator(selector).first();
      return (await part.count()) === 0 ? "" : ((await part.textContent()) ?? "").replaceAll("\u00a0", " ");
    },
    notifications: () =>
      page
        .locator(".notification-toast .notification-list-item-message")
        .evaluateAll((items) => items.map((item) => item.textContent ?? "")),
    async setTheme(theme) {
      await writeTheme(server, theme);
      const kind = theme === "Default Dark Modern" ? "vs-dark" : "vs";
      await page.waitForSelector(`.monaco-workbench.${kind}`, { timeout: 15_000 });
    },
    async screenshot(name) {
      const path = join(projectRoot, "out", "screenshots", `${name}.png`);
      await mkdir(dirname(path), { recursive: true });
      await page.screenshot({ path });
      return path;
    },
    close: () => browser.close(),
  };
}

function paneOf(page: Page, viewTitle: string) {
  const header = page.locator(`.pane-header[aria-label^=${JSON.stringify(viewTitle)}]`);
  return page.locator(".pane", { has: header });
}

function readTreeRows(page: Page, viewTitle: string): Promise<TreeRow[]> {
  return paneOf(page, viewTitle)
    .locator('[role="treeitem"]')
    .evaluateAll((rows) =>
      rows.map((row) => {
        const expanded = row.getAttribute("aria-expanded");
        return {
          label: row.getAttribute("aria-label") ?? "",
          text: [...row.querySelectorAll(".label-name, .label-description")].map((part) => part.textContent).join(" "),
          level: Number(row.getAttribute("aria-level")),
          ...(expanded === null ? {} : { expanded: expanded === "true" }),
          selected: row.getAttribute("aria-selected") === "true",
          focused: row.classList.contains("focused"),
        };
      }),
    );
}

/** The lines lie in the page in any order; their place on screen is their order. */
async function readEditorText(page: Page): Promise<string> {
  const lines = await page
    .locator(`${activeEditor} .view-line`)
    .evaluateAll((found) =>
      found.map((line) => ({ top: line.getBoundingClientRect().top, text: line.textContent ?? "" })),
    );
  const inOrder = lines.sort((left, right) => left.top - right.top);
  return inOrder.map((line) => line.text.replaceAll("\u00a0", " ")).join("\n");
}

/** The window watches its settings and follows. */
async function writeTheme(server: VscodeServer, theme: Theme): Promise<void> {
  for (const scope of ["User", "Machine"]) {
    const path = join(server.dataDir, "data", scope, "settings.json");
    const settings = JSON.parse(await readFile(path, "utf8")) as Record<string, unknown>;
    await writeFile(path, JSON.stringify({ ...settings, "workbench.colorTheme": theme }));
  }
}
