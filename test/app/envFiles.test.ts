import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readEnvFiles } from "../../src/app/envFiles";
import { UserError } from "../../src/base/errors";

let base: string;
let folder: string;
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), "runtrail-env-"));
  folder = join(base, "project");
  await mkdir(folder);
});
afterEach(() => rm(base, { recursive: true, force: true }));

const put = (name: string, text: string) => writeFile(join(folder, name), text);

async function refusal(...request: Parameters<typeof readEnvFiles>): Promise<string> {
  const error = await readEnvFiles(...request).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(UserError);
  return error instanceof UserError ? error.toDisplay() : "";
}

describe("readEnvFiles", () => {
  it("reads .env and then .env.local, which wins", async () => {
    await put(".env", "A=1\nB='two words'\n# C=3\nexport D=4\n");
    await put(".env.local", 'A=local\r\nE="é\\n😀"\r\n');
    expect(await readEnvFiles(folder)).toEqual({ A: "local", B: "two words", D: "4", E: "é\n😀" });
  });

  it("gives nothing where there is no env file, or only a folder of that name", async () => {
    expect(await readEnvFiles(folder)).toEqual({});
    await mkdir(join(folder, ".env"));
    expect(await readEnvFiles(folder)).toEqual({});
    expect(await readEnvFiles(join(folder, "gone"))).toEqual({});
  });

  it("reads the named files instead, the later one winning", async () => {
    await put(".env", "A=default\n");
    await put("first", "A=1\nB=1\n");
    await put("second", "B=2\n");
    expect(await readEnvFiles(folder, ["first", "second"])).toEqual({ A: "1", B: "2" });
    expect(await readEnvFiles(folder, [])).toEqual({});
  });

  it("names the file that is missing", async () => {
    const message = await refusal(folder, [".env.production"]);
    expect(message).toContain(`${join(folder, ".env.production")}: There is no such env file.`);
  });

  it("lets the user name any file, but a definition only those beside it", async () => {
    await writeFile(join(base, "outside"), "A=1\n");
    await put("inside", "A=2\n");
    await symlink(join(base, "outside"), join(folder, "link"));
    expect(await readEnvFiles(folder, ["../outside", join(base, "outside")])).toEqual({ A: "1" });
    const confined = { isConfined: true };
    expect(await readEnvFiles(folder, ["inside", "./sub/../inside"], confined)).toEqual({ A: "2" });
    for (const path of ["../outside", join(base, "outside"), "link", "../project-2/x"]) {
      expect(await refusal(folder, [path], confined)).toContain("leaves the folder of the definition");
    }
    expect(await refusal(folder, ["gone"], confined)).toContain("There is no such env file.");
  });

  it("works in a folder that is reached by a link", async () => {
    await put("inside", "A=2\n");
    await symlink(folder, join(base, "alias"));
    expect(await readEnvFiles(join(base, "alias"), ["inside"], { isConfined: true })).toEqual({ A: "2" });
    expect(await refusal(join(base, "alias"), ["gone"], { isConfined: true })).toContain("There is no such env file.");
  });
});
