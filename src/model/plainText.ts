/** Text from a run made safe to show: no control character, no bidirectional override, no line longer than it may be. */

/**
 * What a terminal or an editor would act on instead of showing: C0 and C1 controls (with ESC), line and paragraph
 * separators, marks that reorder or hide text, lone surrogates.
 */
const unsafe =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: finding control characters is the point
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\p{Surrogate}\u{e0000}-\u{e007f}]/gu;

// biome-ignore lint/suspicious/noControlCharactersInRegex: colours of a terminal begin with ESC
const colours = /\u001b\[[\d;:]*m/gu;

/** Escapes what must not reach a screen as `\x1b` or `\u{202e}`; everything else stays. */
export function escapeControls(text: string): string {
  return text.replace(unsafe, (char) => {
    const code = char.codePointAt(0) ?? 0;
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u{${code.toString(16)}}`;
  });
}

/** The text as one line of at most `limit` characters, white space collapsed. */
export function oneLine(text: string, limit = 160): string {
  // Cut before collapsing, so that a text of megabytes costs nothing; white space alone may then leave less than `limit`.
  const head = text.length > limit * 4 ? cut(text, limit * 4) : text;
  const line = escapeControls(head.replace(colours, "").replace(/\s+/gu, " ").trim());
  return line.length > limit || head.length < text.length ? `${cut(line, limit - 1)}…` : line;
}

/** The first line of a text that says something. */
export function firstLine(text: string, limit = 160): string {
  for (const line of linesOf(text)) if (line.trim() !== "") return oneLine(line, limit);
  return "";
}

export interface TextLimits {
  lines: number;
  /** Characters of one line. */
  width: number;
}

/** The lines of a text, safe and limited; what is left out is said. */
export function plainLines(text: string, limits: TextLimits): string[] {
  return limitLines(linesOf(text), limits);
}

/** Counting what is left out ends here: a result may have millions of lines. */
const countedAtMost = 10_000;

export function limitLines(lines: Iterable<string>, limits: TextLimits): string[] {
  const shown: string[] = [];
  let left = 0;
  for (const line of lines) {
    if (shown.length < limits.lines) shown.push(limitWidth(line, limits.width));
    else if (++left > countedAtMost) break;
  }
  if (left > countedAtMost) shown.push(`… more than ${countedAtMost} more lines`);
  else if (left > 0) shown.push(`… ${left} more ${left === 1 ? "line" : "lines"}`);
  return shown;
}

/** Ends with LF, CR LF or CR; an end at the very end of the text opens no empty line. */
export function* linesOf(text: string): Generator<string> {
  const ends = /\r\n|[\n\r]/gu;
  let start = 0;
  for (let end = ends.exec(text); end !== null; end = ends.exec(text)) {
    yield text.slice(start, end.index);
    start = ends.lastIndex;
  }
  if (start < text.length) yield text.slice(start);
}

function limitWidth(line: string, width: number): string {
  const head = cut(line, width);
  const safe = escapeControls(head.replace(colours, "").replaceAll("\t", "  "));
  return head.length < line.length ? `${safe}… (${line.length - head.length} more characters)` : safe;
}

/** Never cuts a surrogate pair in two. */
function cut(text: string, length: number): string {
  if (text.length <= length) return text;
  const code = text.charCodeAt(length - 1);
  return text.slice(0, code >= 0xd800 && code <= 0xdbff ? length - 1 : length);
}
