/** JSON from outside: what the rest of the program could not carry is refused or made plain here, in one place. */

/** Deeper than anyone's records; what walks a value by calling itself is still far from the end of its stack. */
const mostLevels = 200;

/**
 * Like `JSON.parse`, but for values that JSON cannot give back: a number beyond all bounds is null, a negative zero is 0.
 * Throws a `SyntaxError` where the text is no JSON, a `RangeError` for a person where it is nested too deeply.
 */
export function parseSafeJson(text: string): unknown {
  if (isTooDeep(text)) throw new RangeError(`Nested more than ${mostLevels} levels deep.`);
  const value: unknown = JSON.parse(text);
  return oddNumber.test(text) ? withPlainNumbers(value) : value;
}

/** What may be such a number; it may stand in a text as well. */
const oddNumber = /-0|[eE][+-]?\d{3}|\d{300}/u;

function withPlainNumbers(value: unknown): unknown {
  if (typeof value === "number") return Number.isFinite(value) ? value || 0 : null;
  if (typeof value !== "object" || value === null) return value;
  for (const [key, inside] of Object.entries(value)) {
    const plain = withPlainNumbers(inside);
    if (Object.is(plain, inside)) continue;
    Object.defineProperty(value, key, { value: plain, writable: true, enumerable: true, configurable: true });
  }
  return value;
}

/** Most texts have fewer brackets than that: counting them is quick. */
function isTooDeep(text: string): boolean {
  if (countUpTo(text, "[", mostLevels) + countUpTo(text, "{", mostLevels) <= mostLevels) return false;
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === quote) at = endOfString(text, at);
    else if (code === openBracket || code === openBrace) {
      depth += 1;
      if (depth > mostLevels) return true;
    } else if (code === closeBracket || code === closeBrace) depth -= 1;
  }
  return false;
}

const [quote, backslash, openBracket, closeBracket, openBrace, closeBrace] = [0x22, 0x5c, 0x5b, 0x5d, 0x7b, 0x7d];

function endOfString(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); at !== -1; at = text.indexOf('"', at + 1)) {
    let before = at - 1;
    while (text.charCodeAt(before) === backslash) before -= 1;
    if ((at - before) % 2 === 1) return at;
  }
  return text.length;
}

function countUpTo(text: string, character: string, most: number): number {
  let count = 0;
  for (let at = text.indexOf(character); at !== -1 && count <= most; at = text.indexOf(character, at + 1)) count += 1;
  return count;
}
