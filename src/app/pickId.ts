/** The one id that is meant by all of it or by its beginning. */
import { UserError } from "../base/errors";
import { oneLine } from "../model/plainText";

const named = 10;

/**
 * @param ids those there are, the newest first
 * Throws `UserError` where none fits, or more than one; it says which there are.
 */
export function pickId(ids: readonly string[], wanted: string, about: { kind: string; where: string }): string {
  const { kind, where } = about;
  const fitting = ids.includes(wanted) ? [wanted] : ids.filter((id) => wanted !== "" && id.startsWith(wanted));
  const [id] = fitting;
  if (id !== undefined && fitting.length === 1) return id;
  const name = oneLine(wanted, 80);
  if (fitting.length > 1) throw new UserError(`“${name}” fits more than one ${kind}: ${list(fitting)}.`);
  const there = ids.length > 0 ? `There are, newest first: ${list(ids)}.` : `There are no ${kind}s yet.`;
  throw new UserError(`There is no ${kind} “${name}” in ${where}. ${there}`);
}

function list(ids: readonly string[]): string {
  const more = ids.length > named ? ` and ${ids.length - named} more` : "";
  return `${ids
    .slice(0, named)
    .map((id) => oneLine(id, 130))
    .join(", ")}${more}`;
}
