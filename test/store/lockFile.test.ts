import { mkdtemp, readdir, readFile, realpath, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { parse } from "smol-toml";
import { beforeAll, describe, expect, it } from "vitest";
import type { Lockfile } from "../../src/model/lockfile";
import { readLockFile, writeLockFile } from "../../src/store/lockFile";

let path = "";

beforeAll(async () => {
  path = join(await realpath(await mkdtemp(join(tmpdir(), "runtrail-lock-"))), "perstack.lock");
});

function lockWith(inputSchema: Record<string, unknown>): Lockfile {
  const tool = { skillName: "files", name: "read", description: "Reads\n“it”", inputSchema };
  return {
    ...{ version: "1", generatedAt: 1_700_000_000_000, configPath: "perstack.toml" },
    experts: {
      "@acme/solo": {
        ...{ key: "@acme/solo", name: "@acme/solo", version: "1.0.0", instruction: 'Say "hello".\n\\', tags: [] },
        skills: { files: { type: "mcpStdioSkill", name: "files", command: "npx", args: ["a", "b"] } },
        delegates: ["helper"],
        toolDefinitions: [tool, { ...tool, name: "look", readOnlyHint: true }],
      },
    },
  };
}

async function problemOf(content: string): Promise<string> {
  await writeFile(path, content);
  const read = await readLockFile(path);
  return read && "problem" in read ? read.problem : "none";
}

describe("perstack.lock", () => {
  it("is read back as it was written, whatever schemas a server has", async () => {
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 4 })), async (schema) => {
        const lock = lockWith(JSON.parse(JSON.stringify(schema)));
        await writeLockFile(path, lock, "new");
        const read = await readLockFile(path);
        expect(JSON.parse(JSON.stringify(read))).toEqual({ lock });
      }),
    );
  });

  it("is TOML with Perstack's keys, and leaves nothing else behind", async () => {
    await writeLockFile(path, lockWith({ type: "object", properties: { path: { type: "string" } } }), "new");
    const { experts, ...rest } = parse(await readFile(path, "utf8"));
    expect(rest).toEqual({ version: "1", generatedAt: 1_700_000_000_000, configPath: "perstack.toml" });
    expect(experts).toMatchObject({
      "@acme/solo": {
        skills: { files: { type: "mcpStdioSkill", name: "files" } },
        toolDefinitions: [{ skillName: "files", name: "read", inputSchema: { properties: { path: {} } } }, {}],
      },
    });
    expect(await readdir(join(path, ".."))).toEqual(["perstack.lock"]);
  });

  it("holds a schema with null twice: as TOML can say it, and exactly", async () => {
    const schema = { type: "object", properties: { a: { enum: ["x", null], default: null } } };
    await writeLockFile(path, lockWith(schema), "new");
    const content: unknown = parse(await readFile(path, "utf8"));
    expect(content).toMatchObject({
      experts: {
        "@acme/solo": {
          toolDefinitions: [{ inputSchema: { properties: { a: { enum: ["x"] } } } }, {}],
        },
      },
    });
    expect(await readLockFile(path)).toEqual({ lock: lockWith(schema) });
  });

  it("holds a schema that is nested without measure", async () => {
    for (const depth of [400, 496, 497, 498, 499, 500, 2_000]) {
      let schema: Record<string, unknown> = { type: "object" };
      for (let count = 0; count < depth; count += 1) schema = { type: "object", properties: { a: schema } };
      await writeLockFile(path, lockWith(schema), "new");
      const read = await readLockFile(path);
      const tools = read && "lock" in read ? read.lock.experts["@acme/solo"]?.toolDefinitions : [];
      // No toEqual: what differs could not be shown.
      expect(JSON.stringify(tools?.[0]?.inputSchema) === JSON.stringify(schema)).toBe(true);
    }
  });

  it("is nothing where there is none", async () => {
    expect(await readLockFile(`${path}.none`)).toBeUndefined();
  });

  it("says why it cannot be used", async () => {
    expect(await problemOf('version = "1')).toContain("it cannot be read: ");
    expect(await problemOf('version = "2"\ngeneratedAt = 1\nconfigPath = ""\n[experts]\n')).toContain(
      "it is none of version 1",
    );
    expect(await problemOf("")).toContain("it is none of version 1");
  });
});
