/** One record of JSONL. LF alone ends one (U+2028 may stand inside JSON strings); a last line without LF is torn. */

/** `undefined` where the text is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
