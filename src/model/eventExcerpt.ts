/** Where in an event a text was found: a few words around it, for lines that do not show it anyway. */
import { type EventQuery, isNumberLike, someText, termsOf } from "./eventQuery";
import type { RunEvent } from "./events";
import { oneLine } from "./plainText";

/** Characters before and after what was found. */
const around = 40;
const longestWord = 80;

/** Around the first word of the query that `shown` does not hold; "" where it holds all of them. */
export function excerptOf(event: RunEvent, query: EventQuery, shown: string): string {
  const { words, isCaseSensitive } = termsOf(query);
  const plain = (text: string) => (isCaseSensitive ? text : text.toLowerCase());
  const missing = words.find((word) => !plain(shown).includes(plain(word)));
  if (missing === undefined) return "";
  let excerpt = "";
  const isFound = (text: string) => {
    // Letters whose small form is longer move it a little: it is only for reading.
    const at = plain(text).indexOf(plain(missing));
    if (at === -1) return false;
    const end = at + Math.min(missing.length, longestWord) + around;
    const piece = oneLine(text.slice(Math.max(0, at - around), end), 2 * around + longestWord);
    excerpt = `${at > around ? "…" : ""}${piece}${end < text.length ? "…" : ""}`;
    return true;
  };
  someText(event, isFound, isNumberLike(missing));
  return excerpt;
}
