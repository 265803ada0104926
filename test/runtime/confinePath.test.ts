import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, readlink, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isReserved } from "../../src/runtime/confinePath";
import { type Workspace, WorkspaceError } from "../../src/runtime/ports";
import { temporaryWorkspace } from "./temporaryWorkspace";

const secret = "SECRET";
// One has the secret for its name, which no path below says.
const outsideFiles = {
  ...{ "secret.txt": secret, "SECRET.txt": "", "other/secret.txt": secret, "other/SECRET.txt": "" },
  ...{ "ws/perstack/jobs/secret.txt": secret, "ws/perstack/SECRET.txt": "" },
};

const name = fc.constantFrom("a", "b", "c", "sub", "file.txt");
const step = fc.oneof({ weight: 6, arbitrary: name }, fc.constantFrom("..", ".", "", "perstack", "PerStack", "other"));

/** Links and their targets; `OUTER` stands for the folder around the workspace. */
const links = fc.uniqueArray(
  fc.record({
    at: fc
      .tuple(fc.constantFrom("", "sub/", "a/"), fc.constantFrom("l1", "l2", "b", "c"))
      .map((parts) => parts.join("")),
    target: fc.oneof(
      fc
        .array(fc.oneof(step, fc.constantFrom("l1", "l2", "secret.txt")), { minLength: 1, maxLength: 4 })
        .map((s) => s.join("/") || "."),
      fc.constantFrom(
        "OUTER",
        "OUTER/ws",
        "OUTER/other",
        "OUTER/secret.txt",
        "OUTER/ws/sub",
        "OUTER/ws/perstack",
        "OUTER/new.txt",
      ),
    ),
  }),
  { selector: ({ at }) => at, maxLength: 5 },
);

const wild = fc
  .tuple(
    fc.constantFrom("", "", "", "OUTER/", "OUTER/ws/", "~/", "/"),
    fc.array(fc.oneof(step, fc.constantFrom("l1", "l2", "secret.txt", "jobs")), { minLength: 1, maxLength: 5 }),
  )
  .map(([start, steps]) => start + steps.join("/"));
const likely = fc.constantFrom(
  ...[
    "file.txt",
    "sub/file.txt",
    "sub",
    "a",
    ".",
    "new",
    "sub/new",
    "OUTER/ws/file.txt",
    "../ws/file.txt",
    "sub/l1/../new",
  ],
  ...[
    "l1",
    "l2",
    "sub/l1",
    "a/b",
    "l1/file.txt",
    "l1/secret.txt",
    "l2/new",
    "l1/l2/new",
    "sub/c/new",
    "OUTER/secret.txt",
  ],
);
const path = fc.oneof(wild, likely);

const operations: Record<string, (workspace: Workspace, path: string, other: string) => Promise<unknown>> = {
  stat: (workspace, at) => workspace.stat(at),
  readFile: async (workspace, at) => (await workspace.readFile(at)).toString(),
  writeFile: (workspace, at) => workspace.writeFile(at, "written"),
  appendFile: (workspace, at) => workspace.appendFile(at, "appended"),
  rename: (workspace, at, other) => workspace.rename(at, other),
  deleteFile: (workspace, at) => workspace.deleteFile(at),
  list: async (workspace, at) => (await workspace.list(at)).map((entry) => entry.name),
  createDirectory: (workspace, at) => workspace.createDirectory(at),
  deleteDirectory: (workspace, at) => workspace.deleteDirectory(at, { recursive: true }),
  resolve: (workspace, at) => workspace.resolve(at),
};

describe("a confined path", () => {
  it("never lets any operation read or change what is outside, whatever links and dots there are", async () => {
    const { outer, workspace } = await temporaryWorkspace(outsideFiles);
    const before = await snapshot(outer);
    const operation = fc.tuple(fc.constantFrom(...Object.keys(operations)), path, path);
    await fc.assert(
      fc.asyncProperty(links, fc.array(operation, { minLength: 1, maxLength: 12 }), async (madeLinks, calls) => {
        await prepare(outer, madeLinks);
        for (const [kind, ...paths] of calls) {
          const [first, second] = paths.map((each) => each.replace("OUTER", outer));
          const seen = await attempt(() => operations[kind]?.(workspace, first ?? "", second ?? ""));
          expect(JSON.stringify(seen)).not.toContain(secret);
        }
        expect(await snapshot(outer)).toEqual(before);
      }),
      { numRuns: 200 },
    );
    // A net that catches everything would prove nothing.
    const inside: Record<string, string> = { list: "sub", createDirectory: "new", deleteDirectory: "sub" };
    for (const [kind, operate] of Object.entries(operations)) {
      await prepare(outer, []);
      expect((await attempt(() => operate(workspace, inside[kind] ?? "sub/file.txt", "moved"))).done, kind).toBe(true);
    }
  });

  it("resolves like the operating system where that stays inside, and refuses where it does not", async () => {
    const { outer, workspace } = await temporaryWorkspace(outsideFiles);
    const plain = fc
      .array(fc.constantFrom("a", "b", "c", "sub", "file.txt", "l1", "l2"), { minLength: 1, maxLength: 4 })
      .map((steps) => steps.join("/"));
    await fc.assert(
      fc.asyncProperty(links, plain, async (madeLinks, at) => {
        await prepare(outer, madeLinks);
        const real = await realpath(join(workspace.root, at)).catch(() => undefined);
        if (real === undefined) return;
        const way = relative(workspace.root, real).split("/")[0] ?? "";
        const resolved = await workspace.resolve(at).catch((error: unknown) => error);
        if (way === ".." || way.toLowerCase() === "perstack") expect(resolved).toBeInstanceOf(WorkspaceError);
        else expect(resolved).toBe(real);
      }),
      { numRuns: 200 },
    );
  });

  it("knows the reserved folder by every name a file system may take for it", () => {
    for (const each of [
      "perstack",
      "Perstack",
      "PERSTACK",
      "per\u017ftac\u212a",
      "perstack.",
      "perstack ",
      "per\u200bstack",
    ]) {
      expect(isReserved(each), each).toBe(true);
    }
    for (const each of ["perstack.toml", "perstack2", "my-perstack", ""]) expect(isReserved(each), each).toBe(false);
  });
});

async function attempt(work: () => Promise<unknown> | undefined): Promise<{ done: boolean; value?: unknown }> {
  try {
    return { done: true, value: await work() };
  } catch (error) {
    if (!(error instanceof WorkspaceError)) throw error;
    return { done: false };
  }
}

/** The inside as it was: the outside is left alone, so that a change of it is seen. */
async function prepare(outer: string, madeLinks: { at: string; target: string }[]): Promise<void> {
  const root = join(outer, "ws");
  for (const entry of await readdir(root)) {
    if (entry !== "perstack") await rm(join(root, entry), { recursive: true });
  }
  await mkdir(join(root, "sub"));
  await mkdir(join(root, "a"));
  await writeFile(join(root, "file.txt"), "inside");
  await writeFile(join(root, "sub/file.txt"), "inside");
  for (const { at, target } of madeLinks) await symlink(target.replace("OUTER", outer), join(root, at));
}

/** All there is outside the workspace, and in its `perstack`, by hash of the content. */
async function snapshot(outer: string): Promise<string[]> {
  const found: string[] = [];
  const visit = async (folder: string): Promise<void> => {
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      const at = join(folder, entry.name);
      if (folder === join(outer, "ws") && entry.name !== "perstack") continue;
      if (entry.isSymbolicLink()) found.push(`${at} -> ${await readlink(at)}`);
      else if (entry.isDirectory()) await visit(at);
      else
        found.push(
          `${at} ${createHash("sha256")
            .update(await readFile(at))
            .digest("hex")}`,
        );
    }
  };
  await visit(outer);
  return found.sort();
}
