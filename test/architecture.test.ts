/** The layers of src/ as design.md §2 draws them, checked on the sources and, so that it can fail, on bad ones. */

import { readdir, readFile } from "node:fs/promises";
import { join, posix } from "node:path";
import { describe, expect, it } from "vitest";
import { projectRoot } from "./support/projectPaths";

/** What each folder may import besides itself. */
const layers: Readonly<Record<string, readonly string[]>> = {
  base: [],
  model: ["base"],
  runtime: ["base", "model"],
  store: ["base", "model"],
  formats: ["base", "model"],
  server: ["base", "model"],
  app: ["base", "model", "runtime", "store", "formats", "server"],
  host: ["base", "model", "runtime", "store", "formats", "server", "app"],
  cli: ["base", "model", "runtime", "store", "formats", "server", "app"],
  webview: ["base", "model"],
};
const withoutNode = ["base", "model", "webview"];
const sizeCeiling = 400;
const importPattern =
  /(?:^|[\s;}])(?:import|export)\s[^;"']*?from\s*["']([^"']+)["']|(?:^|[\s;}])import\s*["']([^"']+)["']|\bimport\(\s*["']([^"']+)["']\s*\)|\brequire\(\s*["']([^"']+)["']\s*\)/g;

/** All that is wrong with a source; `path` is relative to src/, with forward slashes. */
function problemsOf(path: string, text: string): string[] {
  const folder = path.split("/")[0] ?? "";
  const allowed = layers[folder];
  if (allowed === undefined || !path.includes("/")) return [`${path} lies in no folder of the design`];
  const problems: string[] = [];
  const lines = text.replace(/\n$/, "").split("\n").length;
  if (lines > sizeCeiling) problems.push(`${path} has ${lines} lines; the ceiling is ${sizeCeiling}`);
  const code = withoutComments(text);
  if (folder !== "cli" && /\bprocess\.cwd\b/.test(code)) problems.push(`${path} uses process.cwd()`);
  for (const match of code.matchAll(importPattern)) {
    const specifier = match[1] ?? match[2] ?? match[3] ?? match[4] ?? "";
    if (specifier === "vscode" && folder !== "host") problems.push(`${path} imports vscode`);
    if (specifier.startsWith("node:") && withoutNode.includes(folder)) problems.push(`${path} imports ${specifier}`);
    if (!specifier.startsWith(".")) continue;
    const target = posix.normalize(posix.join(posix.dirname(path), specifier));
    const targetFolder = target.split("/")[0] ?? "";
    if (target === "../package.json") continue;
    if (targetFolder !== folder && !allowed.includes(targetFolder)) problems.push(`${path} imports ${target}`);
  }
  return problems;
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/(^|\s)\/\/.*$/gm, "$1");
}

describe("the architecture", () => {
  it("holds in every source", async () => {
    const root = join(projectRoot, "src");
    const entries = await readdir(root, { recursive: true });
    const sources = entries.filter((entry) => /\.tsx?$/.test(entry)).map((entry) => entry.replaceAll("\\", "/"));
    expect(sources.length).toBeGreaterThan(0);
    const problems = await Promise.all(
      sources.map(async (path) => problemsOf(path, await readFile(join(root, path), "utf8"))),
    );
    expect(problems.flat()).toEqual([]);
  });

  it("has no folder that the design does not know", async () => {
    const entries = await readdir(join(projectRoot, "src"), { withFileTypes: true });
    const folders = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
    expect(folders.filter((folder) => layers[folder] === undefined)).toEqual([]);
  });

  it.each([
    ["model/run.ts", 'import { open } from "../store/journal";', "model/run.ts imports store/journal"],
    ["runtime/tools/exec.ts", 'export * from "../../formats/index";', "runtime/tools/exec.ts imports formats/index"],
    ["store/a.ts", 'import type {\n  Loop,\n} from "../runtime/ports";', "store/a.ts imports runtime/ports"],
    ["app/a.ts", 'const host = await import("../host/extension");', "app/a.ts imports host/extension"],
    ["host/a.ts", 'import "../cli/main";', "host/a.ts imports cli/main"],
    ["cli/a.ts", 'import * as vscode from "vscode";', "cli/a.ts imports vscode"],
    ["webview/a.ts", 'import type { App } from "../app/app";', "webview/a.ts imports app/app"],
    ["webview/b.ts", 'import { join } from "node:path";', "webview/b.ts imports node:path"],
    ["base/a.ts", 'import { readFile } from "node:fs/promises";', "base/a.ts imports node:fs/promises"],
    ["model/a.ts", 'const { join } = require("node:path");', "model/a.ts imports node:path"],
    ["runtime/a.ts", "const here = process.cwd();", "runtime/a.ts uses process.cwd()"],
    ["utils/a.ts", "", "utils/a.ts lies in no folder of the design"],
    ["stray.ts", "", "stray.ts lies in no folder of the design"],
    ["base/long.ts", "\n".repeat(401), "base/long.ts has 401 lines; the ceiling is 400"],
  ])("finds what is wrong in %s", (path, text, problem) => {
    expect(problemsOf(path, text)).toEqual([problem]);
  });

  it("finds nothing in what is allowed or only a comment", () => {
    const text =
      'import { lines } from "../base/lines";\n// process.cwd() and import "vscode"\n/* import "../host/a" */';
    expect(problemsOf("model/a.ts", text)).toEqual([]);
    expect(problemsOf("host/a.ts", 'import * as vscode from "vscode";\nimport { app } from "../app/app";')).toEqual([]);
    expect(problemsOf("cli/a.ts", "process.cwd();")).toEqual([]);
  });
});
