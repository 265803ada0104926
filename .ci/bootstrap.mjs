/** From a fresh clone to the project's own Node: installs the packages where they differ from the lock, then goes on there. */

import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { constants } from "node:os";
import { runCommand } from "./command.mjs";
import { withLock } from "./lock.mjs";
import { inProject, toolEnvironment } from "./paths.mjs";

const oldestNode = 22;

/**
 * Makes sure that the packages are there. `say` hears one line when there is something to do.
 * @param {(line: string) => void} say
 */
export async function installPackages(say) {
  if (isInstalled()) return;
  await withLock("packages", async () => {
    if (isInstalled()) return;
    say("Installing the packages (npm ci) …");
    await runCommand("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], { cwd: inProject() });
    if (!isInstalled()) throw new Error("npm ci ended well, but node_modules still differs from package-lock.json.");
  });
}

/**
 * Resolves in a Node that can run the project; in an older one, runs this very program again in the project's Node and
 * ends with its exit code.
 */
export async function useProjectNode() {
  if (Number(process.versions.node.split(".")[0]) >= oldestNode) return;
  const node = inProject("node_modules", ".bin", "node");
  if (!existsSync(node)) {
    throw new Error(
      `This needs Node ${oldestNode} or newer; here runs ${process.version}, and the package “node” brought none.`,
    );
  }
  const child = spawn(node, process.argv.slice(1), { stdio: "inherit", env: toolEnvironment() });
  process.on("SIGINT", () => {
    // Ctrl+C in a terminal reaches both already, and a second one would mean “at once”.
    if (process.stdin.isTTY !== true) child.kill("SIGINT");
  });
  for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  const { code, signal } = await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve({ code, signal }));
  });
  process.exit(code ?? 128 + (constants.signals[signal] ?? 0));
}

/** npm writes node_modules/.package-lock.json when an installation is complete: compare what it says with what is asked. */
function isInstalled() {
  try {
    const wanted = JSON.parse(readFileSync(inProject("package-lock.json"), "utf8")).packages;
    const present = JSON.parse(readFileSync(inProject("node_modules", ".package-lock.json"), "utf8")).packages;
    return Object.entries(wanted).every(([path, entry]) => {
      if (path === "") return true;
      const found = present[path];
      // Packages for other platforms are optional and absent.
      if (found === undefined) return entry.optional === true;
      return found.version === entry.version && found.integrity === entry.integrity;
    });
  } catch (error) {
    if (error.code === "ENOENT" || error instanceof SyntaxError) return false;
    throw error;
  }
}
