/** Replacing the first occurrence of a text, where LF and CRLF are one and the same, and the content's own ending is kept. */

/** `undefined` where `oldText` (not empty) does not occur. */
export function replaceOnce(content: string, oldText: string, newText: string): string | undefined {
  const found = find(content, oldText);
  if (!found) return undefined;
  const matched = content.slice(found.start, found.end);
  const ending = endingOf(matched) ?? endingOf(content);
  const inserted = ending === undefined ? newText : newText.replace(/\r?\n/g, ending);
  return content.slice(0, found.start) + inserted + content.slice(found.end);
}

function find(content: string, oldText: string): { start: number; end: number } | undefined {
  const plain = content.replaceAll("\r\n", "\n");
  const wanted = oldText.replaceAll("\r\n", "\n");
  const index = plain.indexOf(wanted);
  if (index !== -1) {
    const start = originalOffset(content, 0, index);
    return { start, end: originalOffset(content, start, wanted.length) };
  }
  // A CR of its own, such as an old text that ends in the middle of a CRLF.
  const exact = oldText.includes("\r") ? content.indexOf(oldText) : -1;
  return exact === -1 ? undefined : { start: exact, end: exact + oldText.length };
}

/** Where `length` characters after `from` end, a CRLF counted as one. */
function originalOffset(content: string, from: number, length: number): number {
  let end = from + length;
  for (let at = content.indexOf("\r\n", from); at !== -1 && at < end; at = content.indexOf("\r\n", at + 2)) end += 1;
  return end;
}

/** The ending that most of its lines have. */
function endingOf(text: string): "\n" | "\r\n" | undefined {
  const all = text.split("\n").length - 1;
  if (all === 0) return undefined;
  const crlf = text.split("\r\n").length - 1;
  return crlf * 2 > all ? "\r\n" : "\n";
}
