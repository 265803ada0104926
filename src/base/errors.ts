/** The two kinds of thrown failure: `UserError`, whose message is for the user as it stands, and everything else, a bug. */

/** Where a message points to. `path` is absolute; `line` and `column` count from 1. */
export interface SourceLocation {
  path: string;
  line?: number;
  column?: number;
}

/** Expected failure: the message says what happened and what to do next; `location` says where. */
export class UserError extends Error {
  override readonly name = "UserError";
  constructor(
    message: string,
    readonly location?: SourceLocation,
  ) {
    super(message);
  }

  /** `path:line:column: message`, as terminals and editors link it. */
  toDisplay(): string {
    return this.location ? `${formatLocation(this.location)}: ${this.message}` : this.message;
  }
}

export function formatLocation({ path, line, column }: SourceLocation): string {
  return [path, line, line === undefined ? undefined : column].filter((part) => part !== undefined).join(":");
}

export function assertNever(value: never): never {
  throw new Error(`Unexpected value: ${JSON.stringify(value)}`);
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The `code` of a system error such as `ENOENT`, if it has one. */
export function codeOf(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}
