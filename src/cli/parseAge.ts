/** An age as it is typed at a terminal: `90m`, `12h`, `30d`, `8w`, or a date. */
import { parseMoment } from "../model/parseMoment";

/** The moment that lies so long before `now`, in Unix ms; `undefined` for what is no age, or no time before now. */
export function parseAge(text: string, now: number): number | undefined {
  const moment = parseMoment(text, now);
  return moment !== undefined && moment < now ? moment : undefined;
}
