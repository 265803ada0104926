/** How a call to a delegate is told from others: its skill names the expert, its arguments hold the query. */

const prefix = "delegate/";

export function delegateSkill(expertKey: string): string {
  return `${prefix}${expertKey}`;
}

/** `undefined` where the call is to no delegate. */
export function delegateKeyOf({ skill }: { skill: string }): string | undefined {
  return skill.startsWith(prefix) ? skill.slice(prefix.length) : undefined;
}

export function delegateQueryOf({ args }: { args: unknown }): string | undefined {
  if (typeof args !== "object" || args === null || !("query" in args)) return undefined;
  return typeof args.query === "string" && args.query.trim() !== "" ? args.query : undefined;
}
