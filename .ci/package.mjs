/** `npm run package`: the extension as a .vsix, from a fresh build. A warning of vsce is a failure. */

import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { installPackages, useProjectNode } from "./bootstrap.mjs";
import { ensureBuilt } from "./build.mjs";
import { runCommand } from "./command.mjs";
import { withLock } from "./lock.mjs";
import { inProject } from "./paths.mjs";

/** Only these are shown to vsce, which would otherwise walk the whole checkout; .vscodeignore then decides. */
const candidates = [
  "package.json",
  ".vscodeignore",
  "README.md",
  "CHANGELOG.md",
  "LICENSE",
  "media",
  "l10n",
  "dist/extension.js",
  "dist/logWorker.js",
  "dist/chunks",
  "dist/webview",
];

/**
 * @returns {Promise<{ vsix: string, listing: string }>} the package and what vsce says is in it
 */
export async function packageExtension() {
  await ensureBuilt();
  return withLock("package", async () => {
    const { version } = JSON.parse(readFileSync(inProject("package.json"), "utf8"));
    const staging = inProject("out", "package");
    const vsix = inProject(`runtrail-${version}.vsix`);
    rmSync(staging, { recursive: true, force: true });
    mkdirSync(staging, { recursive: true });
    const translations = readdirSync(inProject()).filter((file) => /^package\.nls.*\.json$/.test(file));
    for (const path of [...candidates, ...translations]) {
      if (existsSync(inProject(path))) cpSync(inProject(path), `${staging}/${path}`, { recursive: true });
    }
    rmSync(vsix, { force: true });
    const vsce = inProject("node_modules", ".bin", "vsce");
    const listing = await runCommand(vsce, ["package", "--no-dependencies", "--out", vsix], { cwd: staging });
    if (/warning/i.test(listing)) throw new Error(`vsce has a warning.\n${listing}`);
    return { vsix, listing };
  });
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    await installPackages((line) => console.log(line));
    await useProjectNode();
    const { listing } = await packageExtension();
    console.log(listing.trimEnd());
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
