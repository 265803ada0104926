/** `perstack.lock` beside a definition: TOML in Perstack's shape, with the few things that TOML cannot say in a key of ours. */
import { readFile, stat } from "node:fs/promises";
import { parse, stringify } from "smol-toml";
import * as z from "zod";
import { codeOf, messageOf } from "../base/errors";
import { parseJson } from "../base/lines";
import { LockedExpert, LockedTool, Lockfile } from "../model/lockfile";
import { isRecord } from "../model/toolText";
import { replaceFile } from "./replaceFile";

export const lockFileName = "perstack.lock";

/** `inputSchemaJson` stands beside a schema that TOML could not hold as it is: TOML has no null. */
const StoredTool = LockedTool.extend({ inputSchemaJson: z.string().optional() });
const StoredExpert = LockedExpert.extend({ toolDefinitions: z.array(StoredTool) });
const StoredLockfile = Lockfile.extend({ experts: z.record(z.string(), StoredExpert) });

/** `undefined` where there is none; `problem` says in a sentence why one cannot be used. */
export async function readLockFile(path: string): Promise<{ lock: Lockfile } | { problem: string } | undefined> {
  try {
    if ((await stat(path)).size > largest) return { problem: "it is far too large" };
    const parsed = StoredLockfile.safeParse(parse(await readFile(path, "utf8")));
    if (!parsed.success) return { problem: `it is none of version 1: ${z.prettifyError(parsed.error)}` };
    return { lock: fromStored(parsed.data) };
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    return { problem: `it cannot be read: ${messageOf(error)}` };
  }
}

/** @throws the system's error */
export async function writeLockFile(path: string, lock: Lockfile, suffix: string): Promise<void> {
  const experts = Object.entries(lock.experts).map(([key, expert]) => {
    return [key, { ...expert, toolDefinitions: expert.toolDefinitions.map(toStored) }];
  });
  const content = `${header}${stringify({ ...lock, experts: Object.fromEntries(experts) })}`;
  await replaceFile(path, content, { suffix, durable: false });
}

function fromStored(stored: z.infer<typeof StoredLockfile>): Lockfile {
  const experts = Object.entries(stored.experts).map(([key, expert]) => {
    const toolDefinitions = expert.toolDefinitions.map(({ inputSchemaJson, ...tool }) => {
      const exact = inputSchemaJson === undefined ? undefined : parseJson(inputSchemaJson);
      return isRecord(exact) ? { ...tool, inputSchema: exact } : tool;
    });
    return [key, { ...expert, toolDefinitions }];
  });
  return { ...stored, experts: Object.fromEntries(experts) };
}

function toStored(tool: LockedTool): z.infer<typeof StoredTool> {
  const exact = JSON.stringify(tool.inputSchema);
  const inputSchema = tomlSchema(tool.inputSchema) ?? { type: "object" };
  return { ...tool, inputSchema, ...(JSON.stringify(inputSchema) !== exact && { inputSchemaJson: exact }) };
}

/** `undefined` for what is nested more deeply than the parser bears, or has a key that it does not. */
function tomlSchema(schema: Record<string, unknown>): Record<string, unknown> | undefined {
  try {
    const inputSchema = withoutNulls(schema);
    // As deep as it will stand.
    parse(stringify({ experts: { key: { toolDefinitions: [{ inputSchema }] } } }));
    return isRecord(inputSchema) ? inputSchema : undefined;
  } catch {
    return undefined;
  }
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.filter((each) => each !== null).map(withoutNulls);
  if (!isRecord(value)) return value;
  const kept = Object.entries(value).filter(([, each]) => each !== null);
  return Object.fromEntries(kept.map(([key, each]) => [key, withoutNulls(each)]));
}

const largest = 64 * 1024 * 1024;
const header =
  "# Written by “runtrail install”: the tools of each expert's skills, so that a run need not wait for their servers.\n\n";
