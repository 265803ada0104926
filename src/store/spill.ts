/** Large tool results lie in a file beside the journal, by content hash; the event keeps their head. */
import { createHash } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { codeOf } from "../base/errors";
import type { ResultPart } from "../model/message";
import { layout } from "./layout";
import { replaceFile } from "./replaceFile";

/** Characters of JSON from which a result is large. */
const limit = 32_768;
const headLength = 2_000;

export interface KeptResult {
  result: ResultPart[];
  spilled?: { file: string; bytes: number };
}

/** What an event carries of a result. Throws where the file could not be written. */
export async function spillResult(runDir: string, result: ResultPart[], newId: () => string): Promise<KeptResult> {
  if (sizeOf(result) <= limit) return { result };
  const content = JSON.stringify(result);
  const name = `${createHash("sha256").update(content).digest("hex")}.json`;
  await mkdir(layout.spill(runDir), { recursive: true });
  try {
    await replaceFile(join(layout.spill(runDir), name), content, { suffix: newId(), durable: true });
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error;
  }
  return {
    result: result.map(headOf),
    spilled: { file: `spill/${name}`, bytes: Buffer.byteLength(content) },
  };
}

function sizeOf(result: ResultPart[]): number {
  return result.reduce((sum, part) => sum + (part.type === "textPart" ? part.text.length : part.encodedData.length), 0);
}

function headOf(part: ResultPart): ResultPart {
  if (part.type !== "textPart") {
    return { type: "textPart", text: `[${part.mimeType}, ${part.encodedData.length} characters of base64]` };
  }
  return part.text.length <= headLength ? part : { type: "textPart", text: `${part.text.slice(0, headLength)}…` };
}
