/** What is wrong with a TOML text, in words for its writer and with the token it is about. */
import type { Span } from "./textRange";

export interface TomlFault {
  code: "syntax" | "duplicate-key";
  message: string;
  span: Span;
}

/** The parser's own words for a string without an end. */
export const openString = "Unterminated string constant";

export function duplicateFault(text: string, span: Span): TomlFault {
  const message = `“${text.slice(span.start, span.end)}” is written twice here: keep one of them.`;
  return { code: "duplicate-key", message, span };
}

/** @param parserMessage the parser's own words, found at `index`. */
export function syntaxFault(text: string, parserMessage: string, index: number): TomlFault {
  const { span, isBefore } = placeOf(text, parserMessage, index);
  return { code: "syntax", message: messageOf(parserMessage, text, span, isBefore), span };
}

function messageOf(parserMessage: string, text: string, { start, end }: Span, isBefore: boolean): string {
  const token = text.slice(start, end);
  const line = text.slice(text.lastIndexOf("\n", start - 1) + 1, end).trimStart();
  switch (parserMessage) {
    case openString:
      return `This text is never closed: the ending ${quoteOf(token)} is missing.`;
    case "Unspecified values are invalid":
      return token === "="
        ? "A value is missing after “=”."
        : "A value is missing here, or the “]” that ends the list.";
    case "Expected equal (=) token":
    case "The key, equals sign, and value must be on the same line":
      return line.startsWith("[")
        ? "“]” is missing at the end of this header."
        : "“=” and a value are missing after this key.";
    case "Must be a newline":
      return "Each key needs a line of its own: nothing but a comment may follow here.";
    case "Unterminated table-key":
      return "“]” is missing at the end of this header.";
    case "Unterminated array":
      return "This list is never closed: “]” is missing.";
    case "Unterminated inline table":
      return "This table is never closed: “}” is missing.";
    case "Expected comma (,) token":
      return "“,” is missing here.";
    case "Invalid character in escape sequence":
      return `“${token}” is no escape of TOML: write “\\\\” for a backslash, or put the text in single quotes.`;
    case "Control characters (codes < 0x1f and 0x7f) are not allowed":
      return "An invisible control character stands here: remove it.";
    case "Unexpected character":
    case "Unexpected token":
      return unexpectedMessage(token, text.slice(end), isBefore);
    default:
      return `${parserMessage}.`;
  }
}

function unexpectedMessage(token: string, rest: string, isBefore: boolean): string {
  if (isBefore) return "Something is missing behind this.";
  if (/^[ \t]*=/u.test(rest)) return "This key cannot start here: a list or table before it is never closed.";
  return `“${token}” cannot stand here${/^[\p{L}_]/u.test(token) ? ": put text in quotes." : "."}`;
}

function quoteOf(token: string): string {
  const quote = token.startsWith("'") ? "'" : '"';
  return token.startsWith(quote.repeat(3)) ? quote.repeat(3) : quote;
}

/** The token an error is about: at its place, or, where the parser ran over the end of the line, the one before it. */
function placeOf(text: string, parserMessage: string, index: number): { span: Span; isBefore: boolean } {
  if (parserMessage === openString) return { span: openingQuote(text, index), isBefore: true };
  if (/^Invalid character in escape/u.test(parserMessage))
    return { span: { start: index - 1, end: index + 1 }, isBefore: false };
  if (/^(?:Control characters|Invalid code point)/u.test(parserMessage))
    return { span: { start: index, end: index + 1 }, isBefore: false };
  const here = /[^\s,\]}=#]+|[^\s]/uy;
  here.lastIndex = index;
  const match = here.exec(text);
  const lineStart = Math.max(text.lastIndexOf("\n", index - 1), text.lastIndexOf("\r", index - 1)) + 1;
  const isFirst = text.slice(lineStart, index).trim() === "";
  const runsOver = /^(?:Unspecified|Expected equal|The key, equals)/u.test(parserMessage) && isFirst;
  if (match && !runsOver) return { span: { start: index, end: index + match[0].length }, isBefore: false };
  const before = text.slice(0, index).trimEnd();
  const token = /[^\s,\]}=]+$|\S$/u.exec(before);
  const end = before.length;
  return { span: { start: token ? end - token[0].length : end, end }, isBefore: true };
}

function openingQuote(text: string, index: number): Span {
  const before = text.slice(0, index);
  const lineStart = before.lastIndexOf("\n") + 1;
  const multi = Math.max(before.lastIndexOf('"""'), before.lastIndexOf("'''"));
  const single = /["'][^"']*$/u.exec(before.slice(lineStart));
  if (single && lineStart > multi) return { start: lineStart + single.index, end: before.length };
  const start = multi >= 0 ? multi : Math.max(0, index - 1);
  return { start, end: start + 3 };
}
