import { mkdtemp, readdir, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { checkId } from "../../src/store/layout";
import { createRunFolder } from "../../src/store/runFolder";

const folder = () => mkdtemp(join(tmpdir(), "runtrail-layout-"));
const newId = () => "suffix";

describe("an id from outside", () => {
  it.each(["a", "job_1", "Zürich 2", "task-20261121-101010-x", "V1StGXR8_Z5jdHi6B-myT", "_x", "日本"])(
    "may be %s",
    (id) => {
      expect(checkId("job", id)).toBe(id);
    },
  );
  it.each(["", ".", "..", "../../x", "a/b", "a\\b", "-flag", " a", "a ", "a.", "a\0b", "a\nb", "x".repeat(200), "C:x"])(
    "may not be %j",
    (id) => {
      expect(() => checkId("job", id)).toThrow(/cannot be a job id/);
    },
  );
});

describe("a run's folder", () => {
  it("is made once: the same run is never written by two", async () => {
    const root = await folder();
    const ids = { jobId: "j", runId: "r" };
    const first = await createRunFolder(root, ids, newId);
    await expect(createRunFolder(root, ids, newId)).rejects.toThrow(/already there/);
    await first.close();
  });

  it("does not follow a link out of the workspace", async () => {
    const [root, outside] = [await folder(), await folder()];
    await symlink(outside, join(root, "perstack"));
    await expect(createRunFolder(root, { jobId: "j", runId: "r" }, newId)).rejects.toThrow(
      /leads out of the workspace/,
    );
    expect(await readdir(outside)).toEqual([]);
  });

  it("is not made where the workspace is gone", async () => {
    const root = join(await folder(), "gone");
    await expect(createRunFolder(root, { jobId: "j", runId: "r" }, newId)).rejects.toThrow(/workspace folder is gone/);
  });
});
