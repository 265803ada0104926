/** A real VS Code server on loopback with fresh folders of its own. Plain JavaScript: `npm start` uses it as well. */

import { spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCommand } from "../../.ci/command.mjs";
import { installVscode, vscodePaths } from "../../.ci/vscode.mjs";

const startTimeoutMs = 60_000;
const stopTimeoutMs = 3_000;

/** @type {typeof import("./vscodeServer.d.mts").startVscodeServer} */
export async function startVscodeServer({
  version,
  workspaceTrust = false,
  vsix,
  extensions = [],
  settings = {},
  extraArgs = [],
  env = {},
  token,
  driver = true,
}) {
  await installVscode(version);
  const { node, main } = vscodePaths(version);
  const dir = realpathSync(mkdtempSync(join(tmpdir(), "runtrail-vscode-")));
  const dataDir = join(dir, "data");
  const extensionsDir = join(dir, "extensions");
  mkdirSync(extensionsDir);
  for (const folder of extensions) cpSync(folder, join(extensionsDir, nameOf(folder)), { recursive: true });
  writeSettings(dataDir, settings);
  const folders = ["--server-data-dir", dataDir, "--extensions-dir", extensionsDir];
  const common = ["--accept-server-license-terms", "--telemetry-level", "off"];
  try {
    if (vsix !== undefined) {
      await runCommand(node, [main, "--install-extension", vsix, ...common, ...folders], { timeoutMs: startTimeoutMs });
    }
    const server = await launch(
      node,
      [
        main,
        ...["--host", "127.0.0.1", "--port", "0"],
        ...(token === undefined ? ["--without-connection-token"] : tokenArguments(dir, token)),
        ...common,
        ...folders,
        // A release build honours the development options in the URL only with this driver.
        ...(driver ? ["--enable-smoke-test-driver"] : []),
        ...(workspaceTrust ? [] : ["--disable-workspace-trust"]),
        ...extraArgs,
      ],
      // Tests ask no marketplace.
      driver ? { EXTENSIONS_GALLERY: "{}", ...env } : env,
    );
    return {
      version,
      origin: server.origin,
      dataDir,
      extensionsDir,
      output: server.output,
      exited: server.exited,
      url: (folder, urlOptions = {}) => urlOf(server.origin, folder, { ...urlOptions, token }),
      async close() {
        await server.stop();
        rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
      },
    };
  } catch (error) {
    rmSync(dir, { recursive: true, force: true });
    throw error;
  }
}

/** As the server names the folders of what it installs. */
function nameOf(folder) {
  const { publisher, name, version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  return `${publisher}.${name}-${version}`;
}

/** In a file: every user of the machine can read a command line. */
function tokenArguments(dir, token) {
  const file = join(dir, "token");
  writeFileSync(file, token, { mode: 0o600 });
  return ["--connection-token-file", file];
}

function writeSettings(dataDir, settings) {
  const quiet = {
    "workbench.startupEditor": "none",
    "workbench.tips.enabled": false,
    "workbench.enableExperiments": false,
    "update.mode": "none",
    "extensions.autoCheckUpdates": false,
    "extensions.ignoreRecommendations": true,
    "security.workspace.trust.startupPrompt": "never",
    "git.enabled": false,
    "chat.disableAIFeatures": true,
    "workbench.secondarySideBar.defaultVisibility": "hidden",
  };
  const text = JSON.stringify({ ...quiet, ...settings });
  for (const scope of ["User", "Machine"]) {
    mkdirSync(join(dataDir, "data", scope), { recursive: true });
    writeFileSync(join(dataDir, "data", scope, "settings.json"), text);
  }
}

function urlOf(origin, folder, { developmentPath, testsPath, token }) {
  const { host } = new URL(origin);
  const payload = [["skipWelcome", "true"]];
  if (developmentPath !== undefined)
    payload.push(["extensionDevelopmentPath", `vscode-remote://${host}${developmentPath}`]);
  if (testsPath !== undefined) payload.push(["extensionTestsPath", `vscode-remote://${host}${testsPath}`]);
  const query = new URLSearchParams({ folder, payload: JSON.stringify(payload) });
  if (token !== undefined) query.set("tkn", token);
  return `${origin}/?${query}`;
}

/** The server, its extension hosts and what they start form one process group, so that nothing stays behind. */
async function launch(command, args, env) {
  let output = "";
  const child = spawn(command, args, {
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...serverEnvironment(), ...env },
  });
  const exited = new Promise((resolve) => child.once("exit", () => resolve()));
  const killGroup = (signal) => {
    try {
      process.kill(-child.pid, signal);
    } catch {
      // The group is gone already.
    }
  };
  const killAtExit = () => killGroup("SIGKILL");
  process.once("exit", killAtExit);
  const stop = async () => {
    killGroup("SIGTERM");
    await Promise.race([exited, delay(stopTimeoutMs)]);
    killGroup("SIGKILL");
    await exited;
    process.removeListener("exit", killAtExit);
  };
  const origin = await new Promise((resolve, reject) => {
    const fail = (what) => reject(new Error(`${what}\n${output}`));
    const timer = setTimeout(() => fail(`VS Code did not start within ${startTimeoutMs} ms.`), startTimeoutMs);
    const take = (chunk) => {
      output += chunk;
      const port = /Web UI available at http:\/\/[^:\s]+:(\d+)/.exec(output)?.[1];
      if (port === undefined || !output.includes("Extension host agent started")) return;
      clearTimeout(timer);
      resolve(`http://127.0.0.1:${port}`);
    };
    child.stdout.setEncoding("utf8").on("data", take);
    child.stderr.setEncoding("utf8").on("data", take);
    child.once("error", (error) => fail(`VS Code could not be started: ${error.message}`));
    child.once("exit", (code) => fail(`VS Code ended at once (exit code ${code}).`));
  }).catch(async (error) => {
    if (child.pid !== undefined) await stop();
    throw error;
  });
  return { origin, exited, output: () => output, stop };
}

/** What the project's own tools set must not reach the extension host: a user's VS Code has none of it. */
function serverEnvironment() {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(npm_|VITEST|VSCODE_|NODE_OPTIONS$)/i.test(name)),
  );
}

function delay(ms) {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}
