/** Finds `perstack.toml`: the nearest one upwards, and all of them below the workspace folders; and reads one. */
import type { Dirent } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { codeOf, messageOf, UserError } from "../base/errors";
import type { DefinitionDocument } from "../model/definition";
import { parseDefinition } from "../model/definitionDocument";
import { readEnvFiles } from "./envFiles";

export const definitionName = "perstack.toml";

const skippedFolders = new Set(["node_modules", ".git", ".hg", ".svn", ".venv", "dist", "__pycache__", ".vscode-test"]);
const maxDepth = 16;
const maxFolders = 50_000;
const maxDefinitions = 2_000;
const maxBytes = 4_000_000;
const foldersAtOnce = 16;

/** The nearest one, beginning in the folder `from`; `stopAt` is the last folder that is looked at. */
export async function findDefinitionUpward(from: string, stopAt?: string): Promise<string | undefined> {
  const last = stopAt === undefined ? undefined : resolve(stopAt);
  for (let folder = resolve(from); ; folder = dirname(folder)) {
    const path = join(folder, definitionName);
    if (await isFile(path)) return path;
    if (folder === last || folder === dirname(folder)) return undefined;
  }
}

/** Throws `UserError` where there is none: it says where was looked and how to make one. */
export async function requireDefinitionUpward(from: string, stopAt?: string): Promise<string> {
  const found = await findDefinitionUpward(from, stopAt);
  if (found !== undefined) return found;
  throw new UserError(`No ${definitionName} in ${resolve(from)} or any folder above. ${howToCreate}`);
}

/** The smallest definition that can be run. */
export const minimalDefinition = `[experts."my-expert"]
description = "What it is for"
instruction = """
What it is to do, and how.
"""
`;

const howToCreate = `Create one, for instance:\n\n${minimalDefinition}`;

/**
 * All below the folders, those nearest to a folder first. Links are not followed; what is built, installed or recorded
 * is not looked into, nor what cannot be read. Rejects with the signal's reason.
 */
export async function findDefinitionFiles(folders: readonly string[], signal?: AbortSignal): Promise<string[]> {
  const found = new Set<string>();
  const seen = new Set<string>();
  for (const folder of folders) {
    let level = [resolve(folder)];
    for (let depth = 0; depth <= maxDepth && level.length > 0; depth++) {
      const next: string[] = [];
      for (let index = 0; index < level.length; index += foldersAtOnce) {
        signal?.throwIfAborted();
        const batch = level.slice(index, index + foldersAtOnce).filter((path) => !seen.has(path));
        const listings = await Promise.all(batch.map(listFolder));
        for (const { path, entries } of listings) {
          seen.add(path);
          if (entries.some((entry) => entry.name === definitionName && entry.isFile())) {
            found.add(join(path, definitionName));
          }
          next.push(...entries.filter((entry) => isSearched(path, entry)).map(({ name }) => join(path, name)));
        }
        if (seen.size >= maxFolders || found.size >= maxDefinitions) return [...found];
      }
      level = next.sort();
    }
  }
  signal?.throwIfAborted();
  return [...found];
}

/**
 * Throws `UserError` where the file cannot be read; what is wrong inside it is among the document's problems.
 * @param env the process's environment: with the env files of the definition it is what experts will see.
 */
export async function readDefinition(path: string, env?: Environment): Promise<DefinitionDocument> {
  // Editors do not count a byte-order mark; offsets of both must mean the same place.
  const text = (await readText(path)).replace(/^\ufeff/u, "");
  const document = parseDefinition(path, text);
  if (!env || !text.includes("requiredEnv")) return document;
  const files = await readEnvFiles(dirname(path), document.definition?.envPath, { isConfined: true }).catch(() => ({}));
  return parseDefinition(path, text, { env: { ...files, ...env } });
}

/** One that cannot be read becomes a document that says so, so that it does not hide the others. */
export async function readDefinitions(paths: readonly string[], env?: Environment): Promise<DefinitionDocument[]> {
  const range = { start: 0, end: 0, line: 1, column: 1, endLine: 1, endColumn: 1 };
  const read = async (path: string): Promise<DefinitionDocument> => {
    try {
      return await readDefinition(path, env);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      return {
        path,
        experts: [],
        problems: [{ severity: "error", code: "unreadable", message: error.message, range }],
      };
    }
  };
  return await Promise.all(paths.map(read));
}

type Environment = Readonly<Record<string, string | undefined>>;

async function readText(path: string): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size > maxBytes) {
      throw new UserError(`This definition has ${size} bytes; at most ${maxBytes} are read.`, { path });
    }
    return await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof UserError) throw error;
    const isMissing = codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR";
    if (isMissing) throw new UserError(`There is no such file. ${howToCreate}`, { path });
    if (codeOf(error) === "EISDIR") {
      throw new UserError(`This is a folder. Name the ${definitionName} in it.`, { path });
    }
    throw new UserError(`The definition cannot be read: ${messageOf(error)}`, { path });
  }
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

async function listFolder(path: string): Promise<{ path: string; entries: Dirent[] }> {
  try {
    return { path, entries: await readdir(path, { withFileTypes: true }) };
  } catch {
    return { path, entries: [] };
  }
}

function isSearched(folder: string, entry: Dirent): boolean {
  if (!entry.isDirectory() || skippedFolders.has(entry.name)) return false;
  return !(entry.name === "jobs" && basename(folder) === "perstack");
}
