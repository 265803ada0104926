/** Where a path really leads, and that this is inside the workspace: the walk over its symbolic links. */
import { lstat, readlink } from "node:fs/promises";
import { dirname, isAbsolute, join, parse, relative, resolve, sep } from "node:path";
import { codeOf } from "../base/errors";
import { explainFileError, quotePath } from "./explainFileError";
import { WorkspaceError } from "./ports";

export interface Boundary {
  /** Absolute, symbolic links resolved. */
  readonly root: string;
  /** The root as its owner calls it, which may lead through links: absolute paths that start with it are inside. */
  readonly givenRoot: string;
  /** What `~` stands for. */
  readonly home: string;
}

/**
 * The absolute path with every link resolved; what does not exist yet may be the rest of it.
 * @param link "keep": a link in the last place is what is meant, though its target is checked all the same.
 */
export async function confinePath(
  boundary: Boundary,
  path: string,
  link: "follow" | "keep" = "follow",
): Promise<string> {
  if (path === "") throw new WorkspaceError("The path is empty. “.” is the workspace folder.");
  if (path.includes("\0")) throw new WorkspaceError("The path contains a NUL character.");
  if (path.length > longestPath) throw explainFileError({ code: "ENAMETOOLONG" }, path);
  await checkRoot(boundary);
  const inside = lexicallyInside(boundary, path);
  const real = await walk(boundary, path, inside, "follow");
  checkInside(boundary, path, real);
  if (link === "follow") return real;
  const kept = await walk(boundary, path, inside, "keep");
  checkInside(boundary, path, kept);
  return kept;
}

/** Whether `path` (absolute, resolved) is `root` or below it. */
function isInside(root: string, path: string): boolean {
  const way = relative(root, path);
  return way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

/** Whether `path` (absolute, resolved) may be used at all. */
export function isInWorkspace(root: string, path: string): boolean {
  return isInside(root, path) && !isReserved(relative(root, path).split(sep)[0] ?? "");
}

/** Whether a name in the root is, on some file system, another way to say `perstack`. */
export function isReserved(name: string): boolean {
  const folded = name
    .normalize("NFKC")
    .toLowerCase()
    .replace(/\p{Cf}/gu, "");
  return folded.replace(/[. ]+$/, "") === "perstack";
}

async function checkRoot({ root }: Boundary): Promise<void> {
  const stat = await lstat(root).catch(() => undefined);
  if (!stat?.isDirectory()) throw new WorkspaceError(`The workspace folder ${quotePath(root)} is no longer there.`);
}

/** The names from the root to `path` as it is written, `..` folded away. */
function lexicallyInside({ root, givenRoot, home }: Boundary, path: string): string[] {
  const isHome = path === "~" || path.startsWith("~/") || path.startsWith(`~${sep}`);
  const absolute = resolve(root, isHome ? join(home, path.slice(1)) : path);
  const base = [root, givenRoot].find((each) => isInside(each, absolute));
  if (base === undefined) throw outside(path);
  const names = relative(base, absolute).split(sep);
  // On Windows a colon names another stream, or the folder itself by another name.
  if (sep === "\\" && names.some((name) => name.includes(":"))) throw explainFileError({ code: "EINVAL" }, path);
  return names;
}

async function walk({ root }: Boundary, path: string, names: string[], last: "follow" | "keep"): Promise<string> {
  const pending = [...names];
  let at = root;
  let links = 0;
  for (let name = pending.shift(); name !== undefined; name = pending.shift()) {
    if (name === "" || name === ".") continue;
    if (name === "..") {
      at = dirname(at);
      continue;
    }
    const next = join(at, name);
    const stat = await lstatOf(root, path, next);
    if (stat?.isSymbolicLink() && (pending.length > 0 || last === "follow")) {
      links += 1;
      if (links > maxLinks) throw explainFileError({ code: "ELOOP" }, path);
      const target = await targetOf(root, path, next);
      if (isAbsolute(target)) at = parse(target).root;
      pending.unshift(...target.slice(isAbsolute(target) ? at.length : 0).split(sep === "\\" ? /[\\/]/ : "/"));
      continue;
    }
    at = next;
    if (stat?.isDirectory() || pending.every((each) => each === "" || each === ".")) continue;
    if (!isInside(root, at)) throw outside(path);
    if (stat) throw new WorkspaceError(`${quotePath(path)} leads through ${quotePath(name)}, which is not a folder.`);
    // Behind a name that is not there, `..` could lead back to links that nobody has looked at.
    if (pending.includes("..")) throw explainFileError({ code: "ENOENT" }, path);
    return join(at, ...pending);
  }
  return at;
}

async function lstatOf(root: string, path: string, at: string) {
  try {
    return await lstat(at);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw isInside(root, at) ? explainFileError(error, path) : outside(path);
  }
}

async function targetOf(root: string, path: string, link: string): Promise<string> {
  try {
    return await readlink(link);
  } catch (error) {
    throw isInside(root, link) ? explainFileError(error, path) : outside(path);
  }
}

function checkInside({ root }: Boundary, path: string, real: string): void {
  if (!isInside(root, real)) throw outside(path);
  if (!isInWorkspace(root, real)) {
    throw new WorkspaceError(`${quotePath(path)} is refused: the folder “perstack” holds the records of runs.`);
  }
}

function outside(path: string): WorkspaceError {
  return new WorkspaceError(
    `${quotePath(path)} leads out of the workspace folder, which is not allowed. Use a path inside it, such as “src/main.ts”.`,
  );
}

/** No system takes a longer one. */
const longestPath = 32_767;
/** As many as Linux follows. */
const maxLinks = 40;
