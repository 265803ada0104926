/** The workspace on this machine's disk: `Workspace` with every path confined and every failure worded for a model. */
import { constants, type Stats } from "node:fs";
import { lstat, mkdir, readdir, realpath, rename, rm, rmdir, unlink } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { codeOf } from "../base/errors";
import { anchorFolder, anchorPath, openRegular } from "./anchorPath";
import { type Boundary, confinePath, isReserved } from "./confinePath";
import { execEnvironment } from "./execEnvironment";
import { execProcess } from "./execProcess";
import { explainFileError, quotePath } from "./explainFileError";
import { type ExecRequest, type ExecResult, type FileStat, type Workspace, WorkspaceError } from "./ports";
import { replaceFile } from "./replaceFile";

/**
 * @param env what commands may inherit from; only a few names of it are passed on.
 * Throws `WorkspaceError` where there is no such folder.
 */
export async function openWorkspace(
  root: string,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<Workspace> {
  const givenRoot = resolve(root);
  try {
    const real = await realpath(givenRoot);
    if (!(await lstat(real)).isDirectory()) throw explainFileError({ code: "ENOTDIR" }, root);
    return new LocalWorkspace({ root: real, givenRoot, home: homedir() }, env);
  } catch (error) {
    throw explainFileError(error, root);
  }
}

class LocalWorkspace implements Workspace {
  constructor(
    private readonly boundary: Boundary,
    private readonly env: Readonly<Record<string, string | undefined>>,
  ) {}

  get root(): string {
    return this.boundary.root;
  }

  async resolve(path: string, link: "follow" | "keep" = "follow"): Promise<string> {
    return await confinePath(this.boundary, path, link);
  }

  async stat(path: string): Promise<FileStat | undefined> {
    const real = await this.resolve(path);
    try {
      return fileStat(await this.lstat(real));
    } catch (error) {
      if (codeOf(error) === "ENOENT") return undefined;
      throw explainFileError(error, path);
    }
  }

  async readFile(path: string): Promise<Buffer> {
    const real = await this.resolve(path);
    return await explained(path, () =>
      anchorPath(this.root, real, async (stable) => {
        const { handle, stat } = await openRegular(this.root, stable, real, constants.O_RDONLY);
        try {
          if (stat.size > maxReadBytes) throw explainFileError({ code: "ERR_FS_FILE_TOO_LARGE" }, path);
          return await handle.readFile();
        } finally {
          await handle.close();
        }
      }),
    );
  }

  async writeFile(path: string, content: string): Promise<void> {
    const real = await this.resolve(path);
    this.refuseRoot(real, path);
    await explained(path, () => replaceFile(this.root, real, content), noFolder);
  }

  async appendFile(path: string, content: string): Promise<void> {
    const real = await this.resolve(path);
    const append = async (stable: string) => {
      const { handle, stat } = await openRegular(this.root, stable, real, constants.O_WRONLY | constants.O_APPEND);
      try {
        await handle.writeFile(content).catch(async (error: unknown) => {
          await handle.truncate(stat.size);
          throw error;
        });
      } finally {
        await handle.close();
      }
    };
    await explained(path, () => anchorPath(this.root, real, append));
  }

  async rename(from: string, to: string): Promise<void> {
    const source = await this.resolve(from, "keep");
    const destination = await this.resolve(to);
    this.refuseRoot(source, from);
    this.refuseRoot(destination, to);
    await explained(from, () => this.lstat(source));
    const move = (stableSource: string) =>
      anchorPath(this.root, destination, (stable) => rename(stableSource, stable)).catch((error: unknown) => {
        throw codeOf(error) === "ENOENT" ? noFolder(to) : explainFileError(error, to);
      });
    await explained(from, () => anchorPath(this.root, source, move));
  }

  async deleteFile(path: string): Promise<void> {
    const real = await this.resolve(path, "keep");
    this.refuseRoot(real, path);
    await explained(path, () =>
      anchorPath(this.root, real, async (stable) => {
        if ((await lstat(stable)).isDirectory()) {
          throw new WorkspaceError(`${quotePath(path)} is a folder. Delete it with deleteDirectory.`);
        }
        await unlink(stable);
      }),
    );
  }

  async list(path: string): Promise<{ name: string; stat: FileStat }[]> {
    const real = await this.resolve(path);
    return await explained(path, async () => {
      if (!(await this.lstat(real)).isDirectory()) throw new WorkspaceError(`${quotePath(path)} is not a folder.`);
      return await anchorFolder(this.root, real, (stable) => this.entries(stable, real));
    });
  }

  async createDirectory(path: string): Promise<void> {
    const real = await this.resolve(path);
    await explained(path, async () => {
      const missing: string[] = [];
      for (let at = real; at !== this.root && !(await this.exists(at)); at = dirname(at)) missing.unshift(at);
      if (missing.length === 0) throw explainFileError({ code: "EEXIST" }, path);
      for (const each of missing) await anchorPath(this.root, each, (stable) => mkdir(stable));
    });
  }

  async deleteDirectory(path: string, { recursive }: { recursive: boolean }): Promise<void> {
    const real = await this.resolve(path, "keep");
    this.refuseRoot(real, path);
    await explained(path, () =>
      anchorPath(this.root, real, async (stable) => {
        const stat = await lstat(stable);
        if (stat.isSymbolicLink()) {
          throw new WorkspaceError(`${quotePath(path)} is a symbolic link. Delete the link with deleteFile.`);
        }
        if (!stat.isDirectory()) {
          throw new WorkspaceError(`${quotePath(path)} is not a folder. Delete it with deleteFile.`);
        }
        await (recursive ? rm(stable, { recursive: true }) : rmdir(stable));
      }),
    );
  }

  async exec(request: ExecRequest): Promise<ExecResult> {
    const cwd = await this.resolve(request.cwd);
    await explained(request.cwd, async () => {
      if (!(await lstat(cwd)).isDirectory()) throw explainFileError({ code: "ENOTDIR" }, request.cwd);
    });
    return await execProcess({ ...request, cwd, env: execEnvironment(this.env, request.env) });
  }

  private async entries(stable: string, real: string): Promise<{ name: string; stat: FileStat }[]> {
    const entries: { name: string; stat: FileStat }[] = [];
    for (const name of (await readdir(stable)).sort()) {
      if (real === this.root && isReserved(name)) continue;
      const stat = await lstat(join(stable, name)).catch(() => undefined);
      // Deleted just now.
      if (!stat) continue;
      const target = stat.isSymbolicLink() ? await this.stat(join(real, name)).catch(() => undefined) : undefined;
      entries.push({ name, stat: target ?? fileStat(stat) });
    }
    return entries;
  }

  private async lstat(real: string): Promise<Stats> {
    return real === this.root ? await lstat(real) : await anchorPath(this.root, real, (stable) => lstat(stable));
  }

  private async exists(real: string): Promise<boolean> {
    try {
      await lstat(real);
      return true;
    } catch (error) {
      if (codeOf(error) === "ENOENT") return false;
      throw error;
    }
  }

  private refuseRoot(real: string, path: string): void {
    if (real !== this.root) return;
    throw new WorkspaceError(`${quotePath(path)} is the workspace folder itself, which cannot be changed or removed.`);
  }
}

/** Names the path as the model gave it in whatever goes wrong. */
async function explained<T>(
  path: string,
  work: () => Promise<T>,
  onMissing?: (path: string) => WorkspaceError,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (onMissing && codeOf(error) === "ENOENT") throw onMissing(path);
    throw explainFileError(error, path);
  }
}

function noFolder(path: string): WorkspaceError {
  return new WorkspaceError(`The folder of ${quotePath(path)} does not exist. Create it with createDirectory first.`);
}

function fileStat(stat: Stats): FileStat {
  return {
    type: stat.isFile() ? "file" : stat.isDirectory() ? "directory" : "other",
    size: stat.size,
    createdAt: stat.birthtime,
    modifiedAt: stat.mtime,
    accessedAt: stat.atime,
    mode: stat.mode & 0o7777,
  };
}

/** Whole files are read into memory, also of an editor's host. */
const maxReadBytes = 256 * 1024 * 1024;
