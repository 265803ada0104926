/** What `npm test` built and what a user of the library gets of it: bundles that stand alone, types that compile. */

import { execFile } from "node:child_process";
import { access, cp, mkdir, mkdtemp, readFile, realpath, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { projectRoot } from "./support/projectPaths";

const execute = promisify(execFile);
const dist = join(projectRoot, "dist");

/** A project that has the package as npm would install it. */
async function consumer(files: Readonly<Record<string, string>>): Promise<string> {
  const dir = await realpath(await mkdtemp(join(tmpdir(), "runtrail-consumer-")));
  const installed = join(dir, "node_modules", "runtrail");
  await mkdir(installed, { recursive: true });
  await cp(join(projectRoot, "package.json"), join(installed, "package.json"));
  await cp(dist, join(installed, "dist"), {
    recursive: true,
    filter: (path) => !/[\\/](host-|extension\.js)/.test(path),
  });
  // What npm installs beside it, and what everybody has who writes TypeScript for Node.
  for (const name of ["zod", "@types", "undici-types"]) {
    await symlink(join(projectRoot, "node_modules", name), join(dir, "node_modules", name));
  }
  await writeFile(join(dir, "package.json"), JSON.stringify({ type: "module" }));
  for (const [name, text] of Object.entries(files)) await writeFile(join(dir, name), text);
  return dir;
}

describe("the package", () => {
  it("gives typed events to a library user, under Node’s own module resolution", async () => {
    const good = `
      import { run } from "runtrail";
      type Listener = NonNullable<NonNullable<Parameters<typeof run>[1]>["eventListener"]>;
      export const listener: Listener = (event) => {
        if (event.type === "finishRun") event.totalUsage?.totalTokens.toFixed();
      };`;
    const bad = good.replace("totalUsage", "noSuchField");
    const dir = await consumer({ "good.ts": good, "bad.ts": bad });
    const compile = (file: string) =>
      execute(
        join(projectRoot, "node_modules", ".bin", "tsc"),
        ["--noEmit", "--strict", "--module", "nodenext", "--target", "es2023", "--types", "node", file],
        { cwd: dir },
      ).then(
        () => "",
        (error: { stdout: string }) => error.stdout,
      );
    expect(await compile("good.ts")).toBe("");
    expect(await compile("bad.ts")).toContain("noSuchField");
  });

  it("runs as a library without the editor and without our node_modules", async () => {
    const dir = await consumer({ "use.js": 'import { run } from "runtrail"; console.log(typeof run);' });
    const { stdout } = await execute(process.execPath, ["use.js"], { cwd: dir });
    expect(stdout).toBe("function\n");
  });

  it("has a terminal that starts by itself", async () => {
    await access(join(dist, "cli.js"), 0o1);
    expect((await readFile(join(dist, "cli.js"), "utf8")).startsWith("#!/usr/bin/env node\n")).toBe(true);
    const { version } = JSON.parse(await readFile(join(projectRoot, "package.json"), "utf8")) as { version: string };
    const dir = await consumer({});
    const cli = join(dir, "node_modules", "runtrail", "dist", "cli.js");
    const { stdout } = await execute(process.execPath, [cli, "--version"], { cwd: dir });
    expect(stdout.trim()).toBe(version);
  });

  it("keeps the editor out of the terminal and the library", async () => {
    const { outputs } = JSON.parse(await readFile(join(projectRoot, "out", "meta", "node.json"), "utf8")) as {
      outputs: Record<string, { imports: { path: string; external?: boolean }[] }>;
    };
    const external = Object.values(outputs).flatMap((output) =>
      output.imports.filter((edge) => edge.external === true),
    );
    expect(external.map((edge) => edge.path)).not.toContain("vscode");
  });
});
