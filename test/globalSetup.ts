/** Gives all temporary folders of the tests one parent, removed with whatever they left when they end. */

import { chmod, mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

export async function setup(): Promise<() => Promise<void>> {
  const before = process.env.TMPDIR;
  const dir = await realpath(await mkdtemp(join(tmpdir(), "runtrail-tests-")));
  // The workers are started after this and inherit it; os.tmpdir() obeys it.
  process.env.TMPDIR = dir;
  return async () => {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
    await chmod(dir, 0o700);
    await rm(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  };
}
