/** A lock between processes of one checkout, so that two commands started at once do not set up over each other. */

import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { inProject } from "./paths.mjs";

/**
 * Runs `work` while no other process holds the lock `name`. The lock of a process that is gone is taken over.
 * @template T
 * @param {string} name
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withLock(name, work) {
  mkdirSync(inProject("out", "locks"), { recursive: true });
  const path = inProject("out", "locks", name);
  // Linking a finished file makes the lock appear with its owner in it: there is no moment without one.
  const mine = `${path}.${process.pid}.${Math.random().toString(36).slice(2)}`;
  writeFileSync(mine, String(process.pid));
  try {
    while (!tryLink(mine, path)) {
      if (isAbandoned(path)) {
        removeAbandoned(path, `${mine}.old`);
      } else {
        await sleep(100);
      }
    }
    try {
      return await work();
    } finally {
      rmSync(path, { force: true });
    }
  } finally {
    rmSync(mine, { force: true });
  }
}

function tryLink(from, to) {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (error.code === "EEXIST") return false;
    throw error;
  }
}

function isAbandoned(path) {
  try {
    const pid = Number(readFileSync(path, "utf8"));
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return error.code === "ESRCH";
  }
}

/** Two waiting processes may both see the abandoned lock; the loser must not remove the winner's. */
function removeAbandoned(path, aside) {
  try {
    renameSync(path, aside);
  } catch {
    return;
  }
  if (!isAbandoned(aside)) tryLink(aside, path);
  rmSync(aside, { force: true });
}
