/** The VS Code servers that tests and `npm start` use: which ones, where they lie, and installing them. */

import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runCommand } from "./command.mjs";
import { withLock } from "./lock.mjs";
import { inProject } from "./paths.mjs";

/** `current` moves with VS Code; `1.104` is the oldest we support (package.json, engines.vscode). */
export const vscodeVersions = {
  1.104: { codeServer: "4.104.0", node: "22.23.3" },
  current: { codeServer: "4.139.1", node: "24.21.0" },
};

/** @param {keyof typeof vscodeVersions} version */
export function vscodePaths(version) {
  const dir = inProject(".vscode-test", version);
  const server = join(dir, "node_modules", "code-server", "lib", "vscode");
  const node = join(dir, "node_modules", nodePackage(), "bin", process.platform === "win32" ? "node.exe" : "node");
  return { dir, server, node, main: join(server, "out", "server-main.js"), stamp: join(dir, "installed.json") };
}

/** @param {keyof typeof vscodeVersions} version */
export function isVscodeInstalled(version) {
  const { stamp, main, node } = vscodePaths(version);
  if (!existsSync(stamp) || !existsSync(main) || !existsSync(node)) return false;
  return readFileSync(stamp, "utf8") === stampOf(version);
}

/**
 * Installs the server where it is missing. Its scripts do not run: nothing is compiled, so no system package is needed.
 * @param {keyof typeof vscodeVersions} version
 */
export async function installVscode(version) {
  if (isVscodeInstalled(version)) return;
  await withLock(`vscode-${version}`, async () => {
    if (isVscodeInstalled(version)) return;
    const { dir, server, stamp } = vscodePaths(version);
    const wanted = vscodeVersions[version];
    rmSync(dir, { recursive: true, force: true });
    mkdirSync(dir, { recursive: true });
    const dependencies = { "code-server": wanted.codeServer, [nodePackage()]: wanted.node };
    writeFileSync(join(dir, "package.json"), JSON.stringify({ private: true, dependencies }));
    const quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
    await runCommand("npm", ["install", ...quiet], { cwd: dir });
    await runCommand("npm", ["install", "--omit=dev", ...quiet], { cwd: server });
    // Written last: an installation that was cut short is done again.
    writeFileSync(stamp, stampOf(version));
  });
}

function stampOf(version) {
  return JSON.stringify({ ...vscodeVersions[version], platform: `${process.platform}-${process.arch}` });
}

function nodePackage() {
  const platform = process.platform === "win32" ? "win" : process.platform;
  return `node-${platform}-${process.arch}`;
}
