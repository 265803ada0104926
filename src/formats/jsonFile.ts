/** A file that is one JSON value: what is none is a problem, with the place where it stops being JSON. */
import { messageOf } from "../base/errors";
import { parseSafeJson } from "./safeJson";
import type { SourceFiles } from "./sourceFiles";

/** `undefined` where there is no such file, or with a problem where it is not JSON. */
export async function readJsonFile(source: SourceFiles, file: string): Promise<unknown> {
  const text = await source.text(file);
  if (text === undefined) return undefined;
  try {
    return parseSafeJson(text);
  } catch (error) {
    const isBroken = error instanceof SyntaxError;
    const reason = isBroken ? "Not JSON: half written, or written by two at once." : messageOf(error);
    source.problems.push({ file, ...(isBroken && placeOf(error, text)), reason });
    return undefined;
  }
}

/** The engine says where it stopped. */
function placeOf(error: SyntaxError, text: string): { line: number; column: number } | undefined {
  const told = /at position (?<at>\d+)/u.exec(error.message)?.groups?.at;
  if (told === undefined && !/end of JSON|Unterminated/u.test(error.message)) return undefined;
  const before = text.slice(0, told === undefined ? text.length : Number(told)).split("\n");
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}
