/** An age as it is typed at a terminal: `90m`, `12h`, `30d`, `8w`, or a date. */

const units: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** The moment that lies so long before `now`, in Unix ms; `undefined` for what is no age, or no time before now. */
export function parseAge(text: string, now: number): number | undefined {
  const { count, unit } = /^(?<count>\d{1,6})(?<unit>[mhdw])$/u.exec(text)?.groups ?? {};
  const moment = unit === undefined ? parseDate(text) : now - Number(count) * (units[unit] ?? 0);
  return moment < now ? moment : undefined;
}

/** A day alone begins at midnight here, not in Greenwich. */
function parseDate(text: string): number {
  if (!/^\d{4}-\d{2}-\d{2}(?:T[\d:.]+(?:Z|[+-]\d{2}:\d{2})?)?$/u.test(text)) return Number.NaN;
  return Date.parse(text.includes("T") ? text : `${text}T00:00`);
}
