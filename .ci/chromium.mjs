/** The browser of the tests: found, or installed by the system's packages. */

import { runCommand } from "./command.mjs";
import { findOnPath, isExecutable } from "./findOnPath.mjs";
import { withLock } from "./lock.mjs";

const names = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];
const macApps = [
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

/** The executable's path: `CHROMIUM_PATH` where set, else the first known one on PATH. */
export function findChromium() {
  if (process.env.CHROMIUM_PATH) return process.env.CHROMIUM_PATH;
  return names.map(findOnPath).find((path) => path !== undefined) ?? macApps.find(isExecutable);
}

export async function ensureChromium() {
  if (findChromium() !== undefined) return;
  const isRoot = process.getuid?.() === 0;
  if (!isRoot || findOnPath("apt-get") === undefined) {
    throw new Error(
      "The tests need Chromium, and it is not installed. Install it (Debian: `sudo apt-get install chromium`) " +
        "or name its executable in CHROMIUM_PATH, then run the tests again.",
    );
  }
  await withLock("chromium", async () => {
    if (findChromium() !== undefined) return;
    const env = { DEBIAN_FRONTEND: "noninteractive" };
    await runCommand("apt-get", ["update"], { env });
    await runCommand("apt-get", ["install", "-y", "--no-install-recommends", "chromium"], { env });
  });
  if (findChromium() === undefined) throw new Error("apt-get installed chromium, but there is no chromium on PATH.");
}
