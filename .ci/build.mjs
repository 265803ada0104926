/** Builds dist/ where it is older than its sources. `node .ci/build.mjs [--force]` */

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { installPackages, useProjectNode } from "./bootstrap.mjs";
import { runCommand, tryCommand } from "./command.mjs";
import { withLock } from "./lock.mjs";
import { inProject } from "./paths.mjs";

const results = [
  "extension.js",
  "cli.js",
  "index.js",
  "logWorker.js",
  "webview/timeline.js",
  "types/app/library.d.ts",
].map((file) => inProject("dist", file));
const stamp = inProject("out", "meta", "built.txt");

/**
 * Makes sure that dist/ is the minified build of what is in src/ now.
 * @param {{ force?: boolean, say?: (line: string) => void }} [options]
 */
export async function ensureBuilt({ force = false, say = () => {} } = {}) {
  if (!force && isBuilt(hashSources())) return;
  await withLock("build", async () => {
    // Taken before the build: what is edited meanwhile is built the next time.
    const hash = hashSources();
    if (!force && isBuilt(hash)) return;
    say("Building …");
    await runCommand(process.execPath, [inProject("esbuild.mjs"), "--minify"]);
    await writeTypes();
    mkdirSync(dirname(stamp), { recursive: true });
    writeFileSync(stamp, hash);
  });
}

/** The types of the library. What is wrong with the types of the project is the type checker's to say, not the build's. */
async function writeTypes() {
  const typescript = inProject("node_modules", ".bin", "tsc");
  const { output } = await tryCommand(typescript, ["-p", inProject("tsconfig.types.json")]);
  const types = inProject("dist", "types");
  if (!existsSync(join(types, "app", "library.d.ts")))
    throw new Error(`The types of the library were not written.\n${output}`);
  for (const file of filesBelow(types)) {
    const text = readFileSync(file, "utf8");
    // Node's own resolution wants the ending that our sources leave out.
    const complete = text.replace(/(from\s+"|import\(")(\.{1,2}\/[^"]+?)(?:\.js)?"/g, '$1$2.js"');
    if (complete !== text) writeFileSync(file, complete);
  }
}

function isBuilt(hash) {
  if (!existsSync(stamp) || !results.every((file) => existsSync(file))) return false;
  return readFileSync(stamp, "utf8") === hash;
}

function hashSources() {
  const hash = createHash("sha256");
  const single = ["package.json", "package-lock.json", "esbuild.mjs", "tsconfig.json", "tsconfig.types.json"].map(
    (file) => inProject(file),
  );
  for (const file of [...single, ...filesBelow(inProject("src"))])
    hash.update(file).update("\0").update(readFileSync(file)).update("\0");
  return hash.digest("hex");
}

function filesBelow(folder) {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    await installPackages((line) => console.log(line));
    await useProjectNode();
    await ensureBuilt({ force: process.argv.includes("--force"), say: (line) => console.log(line) });
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
