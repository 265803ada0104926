/** Times as other systems write them, in Unix ms. */

/** Beyond it, JavaScript knows no date. */
const latest = 8.64e15;

/** ISO 8601 with any number of fraction digits, or Unix ms; `undefined` where it is no time, or a zero that means none. */
export function readTime(value: unknown): number | undefined {
  const time = typeof value === "string" ? Date.parse(value) : value;
  return typeof time === "number" && time > 0 && time < latest ? Math.floor(time) : undefined;
}
