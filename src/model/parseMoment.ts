/** A moment as it is typed: so long ago (`90s`, `30m`, `12h`, `30d`, `8w`), or a date. */

const units: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** Unix ms; `undefined` for what is neither. */
export function parseMoment(text: string, now: number): number | undefined {
  const { count, unit } = /^(?<count>\d{1,6})(?<unit>[smhdw])$/u.exec(text)?.groups ?? {};
  const moment = unit === undefined ? parseDate(text) : now - Number(count) * (units[unit] ?? 0);
  return Number.isNaN(moment) ? undefined : moment;
}

/** A day alone begins at midnight here, not in Greenwich. */
function parseDate(text: string): number {
  if (!/^\d{4}-\d{2}-\d{2}(?:T[\d:.]+(?:Z|[+-]\d{2}:\d{2})?)?$/u.test(text)) return Number.NaN;
  return Date.parse(text.includes("T") ? text : `${text}T00:00`);
}
