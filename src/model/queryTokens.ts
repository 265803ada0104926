/** The words of a search as a person types them: white space parts them, quotes hold them together. */

export interface QueryToken {
  /** Without its quotes. */
  value: string;
  /** As it was typed. */
  raw: string;
  /** Where it stands in the text, in UTF-16 units. */
  from: number;
  to: number;
}

/** A quote that is not closed yet reaches to the end. In quotes, `\"` is a quote and `\\` a backslash. */
export function splitQuery(text: string): QueryToken[] {
  const tokens: QueryToken[] = [];
  for (const match of text.matchAll(/(?:[^\s"]|"(?:[^"\\]|\\[\s\S]?)*(?:"|$))+/gu)) {
    const [raw] = match;
    tokens.push({ raw, value: unquote(raw), from: match.index, to: match.index + raw.length });
  }
  return tokens;
}

/** The word as it stands for itself, not for a filter, and in one piece. */
export function quoteWord(word: string): string {
  return word === "" || /[\s"]|^[a-z-]+:/iu.test(word) ? quote(word) : word;
}

export function quote(text: string): string {
  return `"${text.replace(/[\\"]/gu, "\\$&")}"`;
}

export function unquote(raw: string): string {
  return raw.replace(/"((?:[^"\\]|\\[\s\S]?)*)(?:"|$)/gu, (_, inside: string) => inside.replace(/\\(["\\])/gu, "$1"));
}
