/** Running a program for set-up: silent while all is well, its whole output in the error when it fails. */

import { spawn } from "node:child_process";
import { toolEnvironment } from "./paths.mjs";

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: Record<string, string>, timeoutMs?: number }} [options]
 * @returns {Promise<string>} what it wrote, stdout and stderr as they came
 */
export async function runCommand(command, args, options = {}) {
  const result = await tryCommand(command, args, options);
  if (result.code !== 0) {
    throw new Error(`\`${[command, ...args].join(" ")}\` failed (${result.reason}).\n${result.output.trimEnd()}`);
  }
  return result.output;
}

/**
 * Like `runCommand`, but a failure is data.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: Record<string, string>, timeoutMs?: number }} [options]
 * @returns {Promise<{ code: number, reason: string, output: string }>}
 */
export function tryCommand(command, args, { cwd, env, timeoutMs } = {}) {
  return new Promise((resolve) => {
    const chunks = [];
    const child = spawn(command, args, {
      cwd,
      env: toolEnvironment(env),
      stdio: ["ignore", "pipe", "pipe"],
      shell: process.platform === "win32",
    });
    let timedOut = false;
    const timer =
      timeoutMs === undefined
        ? undefined
        : setTimeout(() => {
            timedOut = true;
            child.kill("SIGKILL");
          }, timeoutMs);
    child.stdout.on("data", (chunk) => chunks.push(chunk));
    child.stderr.on("data", (chunk) => chunks.push(chunk));
    const finish = (code, reason) => {
      clearTimeout(timer);
      resolve({ code, reason, output: Buffer.concat(chunks).toString("utf8") });
    };
    child.on("error", (error) => finish(127, error.message));
    child.on("close", (code, signal) => {
      if (timedOut) finish(124, `no end after ${timeoutMs} ms`);
      else finish(code ?? 128, signal === null ? `exit code ${code}` : `killed by ${signal}`);
    });
  });
}
