/** The `.env` files beside a definition: names and values that are added to the environment of its experts. */
import { readFile, realpath, stat } from "node:fs/promises";
import { join, resolve, sep } from "node:path";
import { parse } from "dotenv";
import { codeOf, messageOf, UserError } from "../base/errors";

const defaultNames = [".env", ".env.local"];

export interface EnvFileOptions {
  /** Paths come from the definition, not from the user: files outside the folder are refused. */
  isConfined?: boolean;
}

/**
 * A later file wins over an earlier one; whether the process's environment wins over all is the caller's business.
 * @param paths relative to `folder`; absent: `.env` and `.env.local`, where they are.
 * Throws `UserError` for a named file that cannot be read.
 */
export async function readEnvFiles(
  folder: string,
  paths?: readonly string[],
  { isConfined = false }: EnvFileOptions = {},
): Promise<Record<string, string>> {
  const values: Record<string, string> = {};
  if (paths === undefined) {
    for (const name of defaultNames) Object.assign(values, await readDefault(join(folder, name)));
    return values;
  }
  for (const path of paths) {
    const file = resolve(folder, path);
    if (isConfined) await requireInside(folder, file, path);
    Object.assign(values, parse(await readNamed(file)));
  }
  return values;
}

export interface EnvironmentParts {
  /** Of the env files. */
  files: Readonly<Record<string, string>>;
  /** Of the process. */
  env: Readonly<Record<string, string | undefined>>;
  /** What the user stored. */
  secrets: Readonly<Record<string, string>>;
}

/** Stored secrets come first, then the process, then the files. An empty variable of the process hides none of a file. */
export function joinEnvironment({ files, env, secrets }: EnvironmentParts): Record<string, string> {
  const own = Object.fromEntries(Object.entries(env).flatMap(([name, value]) => (value ? [[name, value]] : [])));
  return { ...files, ...own, ...secrets };
}

/** A folder of that name, such as Python's, is no env file. */
async function readDefault(file: string): Promise<Record<string, string>> {
  try {
    return (await stat(file)).isFile() ? parse(await readFile(file, "utf8")) : {};
  } catch (error) {
    if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR") return {};
    throw new UserError(`The env file cannot be read: ${messageOf(error)}`, { path: file });
  }
}

async function readNamed(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    throw new UserError(
      codeOf(error) === "ENOENT"
        ? "There is no such env file. Create it, or take it out of envPath or --env-path."
        : `The env file cannot be read: ${messageOf(error)}`,
      { path: file },
    );
  }
}

async function requireInside(folder: string, file: string, path: string): Promise<void> {
  const [realFolder, realFile] = await Promise.all([realpath(folder), realpath(file).catch(() => file)]);
  const isInside = realFile.startsWith(realFolder + sep) || realFile.startsWith(resolve(folder) + sep);
  if (isInside) return;
  throw new UserError(
    `The env file “${path}” leaves the folder of the definition. Put it inside, or name it with --env-path.`,
    { path: file },
  );
}
