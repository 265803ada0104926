/**
 * `npm start`: sets up, builds, runs the demo expert in the terminal, then opens its folder in VS Code with the extension.
 * `npm start -- --headless` stops after the demo, with its exit code.
 */

import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { cpSync, mkdirSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { installPackages, useProjectNode } from "../.ci/bootstrap.mjs";
import { ensureBuilt } from "../.ci/build.mjs";
import { findOnPath } from "../.ci/findOnPath.mjs";
import { packageExtension } from "../.ci/package.mjs";
import { inProject, projectRoot, toolEnvironment } from "../.ci/paths.mjs";
import { installVscode, isVscodeInstalled } from "../.ci/vscode.mjs";

const say = (line) => console.log(line);
const expert = "fix-the-sum";
const hint =
  "Try “Runtrail: Run Expert…” in the palette (F1), then the expert fails-on-purpose and “Runtrail: Go to Failing Step”.";

try {
  await installPackages(say);
  await useProjectNode();
  await ensureBuilt({ say });
  process.exitCode = await start(process.argv.includes("--headless"));
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}

async function start(isHeadless) {
  const folder = copyDemo();
  const query = readFileSync(join(folder, "query.txt"), "utf8").trim();
  say(`\nThe demo, in ${folder}:\n\n$ runtrail start ${expert} ${JSON.stringify(query)} --approve all\n`);
  const program = [inProject("dist", "cli.js"), "start", expert, query, "--approve", "all"];
  const code = await runInTerminal(process.execPath, program, folder);
  if (isHeadless || code !== 0) return code;
  say("");
  return (await openInDesktop(folder)) ? 0 : serve(folder);
}

/** Always the same place and content, so that the demo starts the same each time. */
function copyDemo() {
  const folder = join(realpathSync(tmpdir()), "runtrail-demo");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  cpSync(inProject("examples", "demo"), folder, { recursive: true });
  return folder;
}

/** Resolves with the exit code. Ctrl+C reaches the child as well; it decides how to end. */
function runInTerminal(command, args, cwd) {
  const ignore = () => {};
  process.on("SIGINT", ignore);
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, stdio: "inherit", env: toolEnvironment() });
    child.once("error", reject);
    child.once("close", (code) => resolve(code ?? 130));
  }).finally(() => process.removeListener("SIGINT", ignore));
}

async function openInDesktop(folder) {
  const needsDisplay = process.platform === "linux" && process.env.TERM_PROGRAM !== "vscode";
  if (needsDisplay && !process.env.DISPLAY && !process.env.WAYLAND_DISPLAY) return false;
  const code = findOnPath("code");
  if (code === undefined) return false;
  const exitCode = await runInTerminal(code, [`--extensionDevelopmentPath=${projectRoot}`, folder], folder);
  if (exitCode === 0) say(`VS Code opens ${folder} with Runtrail.\n${hint}`);
  return exitCode === 0;
}

/** The same editor in the browser. The address carries a secret: without it, any page could talk to the server. */
async function serve(folder) {
  if (!isVscodeInstalled("current"))
    say("There is no desktop VS Code here: installing its web server (once, about 20 s) …");
  await installVscode("current");
  const { vsix } = await packageExtension();
  const { startVscodeServer } = await import("../test/support/vscodeServer.mjs");
  const server = await startVscodeServer({
    version: "current",
    vsix,
    driver: false,
    token: randomBytes(16).toString("hex"),
  });
  say(
    `VS Code with Runtrail and the demo:\n\n  ${server.url(folder)}\n\n${hint}\nCtrl+C stops it and removes the demo’s folder.`,
  );
  const stopped = new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, () => resolve(true));
  });
  const wasStopped = await Promise.race([stopped, server.exited.then(() => false)]);
  await server.close();
  rmSync(folder, { recursive: true, force: true });
  if (wasStopped) return 0;
  console.error(`VS Code ended by itself.\n${server.output()}`);
  return 1;
}
