import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "smol-toml";
import { describe, expect, it } from "vitest";
import { readDefinition } from "../../src/app/findDefinitions";
import { type InstallRequest, type InstallResult, installSkills } from "../../src/app/installSkills";
import { readKnownTools } from "../../src/app/knownTools";
import type { KnownTools } from "../../src/model/lockfile";
import { makeWorkspace } from "../support/experts";
import { projectRoot } from "../support/projectPaths";

const serverPath = join(projectRoot, "test", "support", "mcpServer.mjs");

function skillToml(expert: string, skill: string, switches: readonly string[] = [], more = ""): string {
  const args = JSON.stringify([serverPath, ...switches]);
  return `[experts.${expert}.skills.${skill}]\ntype = "mcpStdioSkill"\ncommand = ${JSON.stringify(process.execPath)}\nargs = ${args}\n${more}\n`;
}

function expertToml(expert: string): string {
  return `[experts.${expert}]\ninstruction = "Do it."\n`;
}

const soloToml = expertToml("solo") + skillToml("solo", "files", [], 'pick = ["echo", "look"]');

async function install(root: string, rest: Partial<InstallRequest> = {}): Promise<InstallResult> {
  return await installSkills({
    ...{ definitionPath: join(root, "perstack.toml"), env: { PATH: process.env.PATH } },
    ...{ newId: () => "new", signal: new AbortController().signal },
    ...rest,
  });
}

async function known(root: string): Promise<KnownTools> {
  const path = join(root, "perstack.toml");
  const expert = (await readDefinition(path)).experts.find(({ key }) => key === "solo")?.expert;
  if (!expert) throw new Error("No expert");
  return await readKnownTools(path, "solo", expert);
}

describe("installing skills", () => {
  it("writes what their servers offer, in Perstack's shape, and it is current then", async () => {
    const root = await makeWorkspace({ "perstack.toml": soloToml });
    const { lockPath, reports, experts } = await install(root);
    expect({ reports, experts }).toEqual({ reports: [{ expertKey: "solo", skill: "files", tools: 2 }], experts: 1 });
    const content: unknown = parse(await readFile(lockPath, "utf8"));
    expect(content).toEqual({
      ...{ version: "1", generatedAt: expect.any(Number), configPath: "perstack.toml" },
      experts: {
        solo: {
          ...{ key: "solo", name: "solo", version: "1.0.0", instruction: "Do it.", delegates: [], tags: [] },
          skills: {
            files: {
              ...{ type: "mcpStdioSkill", name: "files", command: process.execPath, args: [serverPath] },
              pick: ["echo", "look"],
            },
          },
          toolDefinitions: [
            {
              ...{ skillName: "files", name: "echo", description: "Says it back" },
              inputSchema: { type: "object", properties: { text: { type: "string" } } },
            },
            {
              ...{ skillName: "files", name: "look", description: "Looks only", readOnlyHint: true },
              inputSchema: { type: "object", properties: {} },
            },
          ],
        },
      },
    });
    const { locked, stale } = await known(root);
    expect(locked.files?.map(({ name }) => name)).toEqual(["echo", "look"]);
    expect(stale).toEqual([]);
  });

  it("writes the built-in tools of an expert that names no skills, as Perstack wants it", async () => {
    const root = await makeWorkspace({ "perstack.toml": expertToml("solo") });
    const { lockPath } = await install(root);
    const content: unknown = parse(await readFile(lockPath, "utf8"));
    expect(content).toMatchObject({
      experts: {
        solo: {
          skills: {
            "@perstack/base": { type: "mcpStdioSkill", name: "@perstack/base", packageName: "@perstack/base" },
          },
          toolDefinitions: expect.arrayContaining([
            expect.objectContaining({ skillName: "@perstack/base", name: "readTextFile" }),
          ]),
        },
      },
    });
  });

  it("leaves the others written where one skill or expert fails", async () => {
    const toml = [
      expertToml("solo"),
      skillToml("solo", "bad", ["--dies"]),
      skillToml("solo", "files", [], 'pick = ["echo"]'),
      '[experts.broken]\ninstruction = ""\n',
    ].join("");
    const root = await makeWorkspace({ "perstack.toml": toml });
    const { reports, experts } = await install(root);
    expect(reports).toEqual([
      { expertKey: "solo", skill: "bad", failure: expect.stringContaining("It ended with exit code 3.") },
      { expertKey: "solo", skill: "files", tools: 1 },
      { expertKey: "broken", failure: expect.any(String) },
    ]);
    expect(experts).toBe(1);
    const { locked, stale } = await known(root);
    expect(Object.keys(locked)).toEqual(["files"]);
    expect(stale).toEqual([{ skill: "bad", reason: "it has no tools of this skill" }]);
  });

  it("asks a skill that experts share once", async () => {
    const pidFile = "pids";
    const toml = ["solo", "duo"].map((key) => expertToml(key) + skillToml(key, "files", [`--pid-file=${pidFile}`]));
    const root = await makeWorkspace({ "perstack.toml": toml.join("") });
    const { reports } = await install(root);
    expect(reports.map(({ expertKey }) => expertKey)).toEqual(["solo", "duo"]);
    expect((await readFile(join(root, pidFile), "utf8")).trim().split("\n")).toHaveLength(1);
  });

  it("gives a server the variables it asks for, from the env files too", async () => {
    const toml = expertToml("solo") + skillToml("solo", "files", [], 'requiredEnv = ["TOKEN"]');
    const root = await makeWorkspace({ "perstack.toml": toml });
    expect((await install(root)).reports).toEqual([
      { expertKey: "solo", skill: "files", failure: expect.stringContaining("TOKEN") },
    ]);
    await writeFile(join(root, ".env"), "TOKEN=t\n");
    expect((await install(root)).reports).toEqual([{ expertKey: "solo", skill: "files", tools: expect.any(Number) }]);
  });

  it("writes nothing where it is cancelled", async () => {
    const root = await makeWorkspace({ "perstack.toml": expertToml("solo") + skillToml("solo", "files", ["--slow"]) });
    const controller = new AbortController();
    controller.abort(new Error("Cancelled."));
    await expect(install(root, { signal: controller.signal })).rejects.toThrow("Cancelled.");
    await expect(readFile(join(root, "perstack.lock"))).rejects.toThrow("ENOENT");
  });

  it("says where the definition, or the place for the lock, is at fault", async () => {
    const root = await makeWorkspace({ "perstack.toml": 'maxSteps = "many"\n' });
    await expect(install(root)).rejects.toMatchObject({ name: "UserError", location: { line: 1 } });
    await writeFile(join(root, "perstack.toml"), expertToml("solo"));
    await mkdir(join(root, "perstack.lock"));
    await expect(install(root)).rejects.toMatchObject({
      name: "UserError",
      message: expect.stringContaining("The lock file cannot be written"),
    });
  });
});

describe("what a lock file knows", () => {
  it("is nothing where there is none", async () => {
    const root = await makeWorkspace({ "perstack.toml": soloToml });
    expect(await known(root)).toEqual({ locked: {}, stale: [] });
  });

  it("is nothing where it is broken, and that is said for each skill", async () => {
    const root = await makeWorkspace({ "perstack.toml": soloToml, "perstack.lock": "version = " });
    expect(await known(root)).toEqual({
      locked: {},
      stale: [{ skill: "files", reason: expect.stringContaining("it cannot be read") }],
    });
  });

  it("is nothing for a skill that has changed since", async () => {
    const root = await makeWorkspace({ "perstack.toml": soloToml });
    await install(root);
    await writeFile(join(root, "perstack.toml"), soloToml.replace('"look"', '"cwd"'));
    expect(await known(root)).toEqual({
      locked: {},
      stale: [{ skill: "files", reason: "it was written for another “pick”" }],
    });
  });
});
