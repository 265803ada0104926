/** A chat as Gemini CLI saves it: one object, or since 2026 a line for every change; what is whole of a cut one counts. */
import { messageOf } from "../../base/errors";
import { isRecord } from "../../model/toolText";
import { type Fields, fieldsOf, listOf, textOf } from "../agents/fields";
import { readJsonRecords } from "../jsonRecords";
import { parseSafeJson } from "../safeJson";
import type { SourceFiles } from "../sourceFiles";

export interface GeminiChat {
  /** Session id, project, times, summary, folders. */
  about: Fields;
  messages: Fields[];
}

export async function readGeminiChat(source: SourceFiles, file: string): Promise<GeminiChat> {
  return file.endsWith(".jsonl") ? await readChanges(source, file) : await readWhole(source, file);
}

/** A message that is told again takes the place of what it was; a rewind takes away a message and what followed it. */
async function readChanges(source: SourceFiles, file: string): Promise<GeminiChat> {
  let about: Fields = {};
  const messages = new Map<string, Fields>();
  for await (const { value } of readJsonRecords(source, file)) {
    const id = textOf(value.id);
    const rewindTo = textOf(value.$rewindTo);
    if (rewindTo !== undefined) {
      const ids = [...messages.keys()];
      for (const each of ids.slice(Math.max(0, ids.indexOf(rewindTo)))) messages.delete(each);
    } else if (id !== undefined) messages.set(id, value);
    else about = { ...about, ...fieldsOf(value.$set ?? value) };
  }
  const { messages: told, ...rest } = about;
  const listed = listOf(told).filter(isRecord);
  return { about: rest, messages: listed.length > 0 ? listed : [...messages.values()] };
}

async function readWhole(source: SourceFiles, file: string): Promise<GeminiChat> {
  const text = (await source.text(file)) ?? "";
  try {
    const { messages, ...about } = fieldsOf(parseSafeJson(text));
    return { about, messages: listOf(messages).filter(isRecord) };
  } catch (error) {
    const found = /at position (?<at>\d+)/u.exec(messageOf(error))?.groups?.at;
    const at = found === undefined ? text.length : Number(found);
    const isCut = at >= text.trimEnd().length;
    source.problems.push({
      file,
      ...(isCut || error instanceof RangeError ? {} : placeAt(text, at)),
      reason:
        error instanceof RangeError
          ? error.message
          : isCut
            ? `The last record is torn (${Buffer.byteLength(text)} bytes in all).`
            : "Not JSON.",
    });
    return salvage(text);
  }
}

function placeAt(text: string, position: number): { line: number; column: number } {
  const before = text.slice(0, position).split("\n");
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

/** What stands before the messages, and each message that is whole. */
function salvage(text: string): GeminiChat {
  const begin = /"messages"\s*:\s*\[/u.exec(text);
  if (!begin) return { about: {}, messages: [] };
  const before = text.slice(0, begin.index).trimEnd().replace(/,$/u, "");
  const messages: Fields[] = [];
  for (const part of objectsIn(text, begin.index + begin[0].length)) messages.push(...parsed(part));
  return { about: parsed(`${before}}`)[0] ?? {}, messages };
}

function parsed(text: string): Fields[] {
  try {
    const value = parseSafeJson(text);
    return isRecord(value) ? [value] : [];
  } catch {
    return [];
  }
}

/** The objects of a list, as far as they are whole. */
function* objectsIn(text: string, from: number): Iterable<string> {
  let [depth, start, isText] = [0, from, false];
  for (let at = from; at < text.length; at += 1) {
    const char = text[at];
    if (isText) {
      if (char === "\\") at += 1;
      else if (char === '"') isText = false;
    } else if (char === '"') isText = true;
    else if (char === "{" || char === "[") {
      if (depth === 0) start = at;
      depth += 1;
    } else if (char === "}" || char === "]") {
      depth -= 1;
      if (depth < 0) return;
      if (depth === 0) yield text.slice(start, at + 1);
    }
  }
}
