/** A word as a shell user would write it, on one line: who is asked for approval must see all that is in it. */

export function showArgument(text: string): string {
  if (text !== "" && !/[\s"'\\]|\p{Cc}|\p{Cf}/u.test(text)) return text;
  return JSON.stringify(text).replace(
    /\p{Cc}|\p{Cf}|[\u2028\u2029]/gu,
    (each) => `\\u{${(each.codePointAt(0) ?? 0).toString(16)}}`,
  );
}
