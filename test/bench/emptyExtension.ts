/** An extension that does nothing: what VS Code itself needs to activate anything at all. */

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** @returns its folder, in `dir` */
export async function writeEmptyExtension(dir: string): Promise<string> {
  const folder = join(dir, "empty-extension");
  await mkdir(folder);
  const manifest = {
    ...{ publisher: "bench", name: "empty", version: "0.0.1", type: "module", main: "./extension.js" },
    engines: { vscode: "^1.104.0" },
    activationEvents: ["onCommand:bench.empty"],
  };
  await writeFile(join(folder, "package.json"), JSON.stringify(manifest));
  await writeFile(join(folder, "extension.js"), "export function activate() {}\n");
  return folder;
}
