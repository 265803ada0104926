/** Numbers in a search: costs, durations, steps, and ranges of them. */

export interface QueryRange {
  least?: number | undefined;
  most?: number | undefined;
}

/** `3`, `>3`, `>=3`, `<3`, `<=3`, `3..7`, `3..`, `..7`; both ends are in it. */
export function parseRange(text: string, parse: (part: string) => number | undefined): QueryRange | undefined {
  const { sign, bound } = /^(?<sign>[<>]=?)(?<bound>.+)$/u.exec(text)?.groups ?? {};
  if (sign !== undefined && bound !== undefined) {
    const value = parse(bound);
    if (value === undefined) return undefined;
    if (sign.startsWith(">")) return { least: sign === ">" ? nextUp(value) : value };
    // Nothing is less than nothing.
    if (sign === "<" && value === 0) return undefined;
    return { most: sign === "<" ? nextDown(value) : value };
  }
  const dots = text.indexOf("..");
  if (dots === -1) {
    const value = parse(text);
    return value === undefined ? undefined : { least: value, most: value };
  }
  const [from, to] = [text.slice(0, dots), text.slice(dots + 2)];
  const [least, most] = [parse(from), parse(to)];
  const isWrong = (from !== "" && least === undefined) || (to !== "" && most === undefined) || text === "..";
  return isWrong ? undefined : { least, most };
}

export function formatRange(name: string, least: number | undefined, most: number | undefined, unit: string): string {
  const below = (value: number) => (isShorter(nextUp(value), value) ? `<${nextUp(value)}${unit}` : `<=${value}${unit}`);
  const above = (value: number) =>
    isShorter(nextDown(value), value) ? `>${nextDown(value)}${unit}` : `>=${value}${unit}`;
  if (least === undefined && most === undefined) return "";
  if (least === undefined) return `${name}:${below(most ?? 0)}`;
  if (most === undefined) return `${name}:${above(least)}`;
  if (least === most) return `${name}:${least}${unit}`;
  return `${name}:${above(least)} ${name}:${below(most)}`;
}

/** “More than 0.01” is “at least the next number”: a neighbour that is shorter to write is what was meant. */
function isShorter(neighbour: number, value: number): boolean {
  return neighbour >= 0 && String(neighbour).length < String(value).length;
}

function nextUp(value: number): number {
  return neighbourOf(value, 1n);
}

/** Of 0 a number below all that there are. */
function nextDown(value: number): number {
  return value > 0 ? neighbourOf(value, -1n) : -1;
}

/** Of a number that is not negative. */
function neighbourOf(value: number, distance: bigint): number {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  view.setBigInt64(0, view.getBigInt64(0) + distance);
  return view.getFloat64(0);
}

export function parseCost(text: string): number | undefined {
  return /^\$?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/u.test(text) ? finite(Number(text.replace("$", ""))) : undefined;
}

const durations: Readonly<Record<string, number>> = { "": 1, ms: 1, s: 1000, m: 60_000, min: 60_000, h: 3_600_000 };

/** In ms, which is also meant where no unit is given. */
export function parseDuration(text: string): number | undefined {
  const { count = "", unit = "" } =
    /^(?<count>(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)(?<unit>ms|s|min|m|h|)$/u.exec(text)?.groups ?? {};
  return count === "" ? undefined : finite(Number(count) * (durations[unit] ?? Number.NaN));
}

export function parseCount(text: string): number | undefined {
  const count = /^\d+$/u.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(count) ? count : undefined;
}

function finite(value: number): number | undefined {
  return Number.isFinite(value) ? value : undefined;
}
