import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  findDefinitionFiles,
  findDefinitionUpward,
  minimalDefinition,
  readDefinition,
  readDefinitions,
  requireDefinitionUpward,
} from "../../src/app/findDefinitions";
import { UserError } from "../../src/base/errors";
import { parseDefinition } from "../../src/model/definitionDocument";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "runtrail-definitions-"));
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function put(path: string, text = minimalDefinition): Promise<string> {
  const file = join(root, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  return file;
}

describe("findDefinitionUpward", () => {
  it("finds the nearest one, in the folder itself or above it", async () => {
    const [outer, inner] = [await put("perstack.toml"), await put("a/perstack.toml")];
    await mkdir(join(root, "a/b/c"), { recursive: true });
    expect(await findDefinitionUpward(join(root, "a/b/c"))).toBe(inner);
    expect(await findDefinitionUpward(join(root, "a"))).toBe(inner);
    expect(await findDefinitionUpward(root)).toBe(outer);
  });

  it("looks no further than the folder to stop at", async () => {
    await put("perstack.toml");
    await mkdir(join(root, "a/b"), { recursive: true });
    expect(await findDefinitionUpward(join(root, "a/b"), join(root, "a"))).toBeUndefined();
    expect(await findDefinitionUpward(join(root, "a/b"), root)).toBe(join(root, "perstack.toml"));
  });

  it("passes over a folder of that name", async () => {
    const outer = await put("perstack.toml");
    await mkdir(join(root, "a/perstack.toml"), { recursive: true });
    expect(await findDefinitionUpward(join(root, "a"))).toBe(outer);
  });

  it("says where it looked and what to write when one is needed and there is none", async () => {
    const error = await requireDefinitionUpward(root, root).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(UserError);
    expect(String(error)).toContain(`No perstack.toml in ${root} or any folder above.`);
    expect(String(error)).toContain(minimalDefinition);
  });
});

describe("findDefinitionFiles", () => {
  it("finds all below the folders, the nearest first, each once", async () => {
    const files = [await put("perstack.toml"), await put("b/perstack.toml"), await put("a/x/perstack.toml")];
    expect(await findDefinitionFiles([root, join(root, "b")])).toEqual(files);
  });

  it("leaves out what is installed, built, recorded or linked", async () => {
    const own = await put("perstack/perstack.toml");
    for (const folder of ["node_modules/p", ".git", "dist", "perstack/jobs/j/workspace"])
      await put(`${folder}/perstack.toml`);
    const other = await mkdtemp(join(tmpdir(), "runtrail-elsewhere-"));
    await writeFile(join(other, "perstack.toml"), minimalDefinition);
    await symlink(other, join(root, "link"));
    await symlink(root, join(root, "circle"));
    expect(await findDefinitionFiles([root])).toEqual([own]);
    await rm(other, { recursive: true });
  });

  it("finds nothing in a folder that is not there", async () => {
    expect(await findDefinitionFiles([join(root, "gone")])).toEqual([]);
  });

  it("ends at once when it is cancelled", async () => {
    const reason = new Error("no longer wanted");
    await expect(findDefinitionFiles([root], AbortSignal.abort(reason))).rejects.toBe(reason);
  });

  it("ends in the middle when it is cancelled", async () => {
    for (let index = 0; index < 40; index++) await put(`f${index}/g/perstack.toml`);
    const reason = new Error("no longer wanted");
    const controller = new AbortController();
    const search = findDefinitionFiles([root], controller.signal);
    controller.abort(reason);
    await expect(search).rejects.toBe(reason);
  });
});

describe("readDefinition", () => {
  it("reads what the parser reads, a byte-order mark aside", async () => {
    const path = await put("perstack.toml", `\ufeff${minimalDefinition}`);
    expect(await readDefinition(path)).toEqual(parseDefinition(path, minimalDefinition));
    expect((await readDefinition(path)).problems).toEqual([]);
  });

  it("looks for required variables in the environment and in the env files", async () => {
    const skill = `${minimalDefinition}
[experts."my-expert".skills."@perstack/base"]
type = "mcpStdioSkill"
command = "npx"
requiredEnv = ["IN_FILE", "IN_PROCESS", "NOWHERE"]
`;
    const path = await put("perstack.toml", skill);
    await put(".env.local", "IN_FILE=1\n");
    const { problems } = await readDefinition(path, { IN_PROCESS: "1" });
    expect(problems.map(({ code, message }) => `${code} ${message}`)).toEqual([
      expect.stringMatching(/^missing-env .*“NOWHERE”/u),
    ]);
    expect((await readDefinition(path)).problems).toEqual([]);
  });

  it("tells a missing file, a folder and a file that is too large from one another", async () => {
    const message = (path: string) =>
      readDefinition(path).then(
        () => "read",
        (error: unknown) => (error instanceof UserError ? error.toDisplay() : `bug: ${String(error)}`),
      );
    const gone = join(root, "gone/perstack.toml");
    expect(await message(gone)).toContain(`${gone}: There is no such file.`);
    expect(await message(root)).toContain("This is a folder.");
    const large = await put("perstack.toml", `# ${"x".repeat(4_000_001)}`);
    expect(await message(large)).toContain("at most 4000000 are read");
  });

  it("keeps one that cannot be read from hiding the others", async () => {
    const path = await put("perstack.toml");
    const gone = join(root, "gone.toml");
    const [first, second] = await readDefinitions([gone, path]);
    expect(first).toMatchObject({ path: gone, experts: [], problems: [{ code: "unreadable", severity: "error" }] });
    expect(second?.experts.map(({ key }) => key)).toEqual(["my-expert"]);
  });

  it("passes over folders that cannot be read", async () => {
    const path = await put("perstack.toml");
    await put("closed/perstack.toml");
    await chmod(join(root, "closed"), 0);
    const found = await findDefinitionFiles([root]);
    await chmod(join(root, "closed"), 0o700);
    // Root may read it all the same.
    expect(found[0]).toBe(path);
  });
});
