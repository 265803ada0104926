/** Takes known secrets, in every form they usually have, out of what is recorded, stored, sent and shown. */
import { formsOf, isPlainValue, type Secret } from "./secretForms";

export interface Redactor {
  text(text: string): string;
  /** Deep, in every string and key but the base64 of files; gives the same value back where nothing was found. */
  value<T>(value: T): T;
  /** For text that comes in pieces: a secret that is cut in two is found too. `end` gives what was held back. */
  stream(): { push(delta: string): string; end(): string };
}

/**
 * Hides values known beforehand, not what merely looks like one. A secret that someone takes care to disguise (reversed,
 * one character a line) is not found: against that only helps not to give it to a tool at all.
 * @param secrets the first name of a value is the one that is shown; see `isPlainValue` for what is left alone
 */
export function createRedactor(secrets: Iterable<string | Secret>): Redactor {
  const marks = marksOf(secrets);
  if (marks.size === 0) return nothingToHide;
  const forms = [...marks.keys()];
  const pattern = new RegExp(forms.map(escapePattern).join("|"), "g");
  const hide = (form: string) => marks.get(form) ?? anonymous;
  const text = (given: string) => given.replace(pattern, hide);
  return {
    text,
    value: <T>(value: T) => redactDeep(value, text) as T,
    stream: () => createStream(forms, pattern, hide),
  };
}

/** The error with its message, stack and causes redacted, for a log; itself where nothing was found. */
export function redactError(error: unknown, redactor: Redactor): unknown {
  if (!(error instanceof Error)) return redactor.value(error);
  const message = redactor.text(error.message);
  const stack = error.stack && redactor.text(error.stack);
  const cause = error.cause === undefined ? undefined : redactError(error.cause, redactor);
  if (message === error.message && stack === error.stack && cause === error.cause) return error;
  const clean = new Error(message, cause === undefined ? {} : { cause });
  return Object.assign(clean, { name: error.name, stack });
}

const anonymous = "[redacted]";

const nothingToHide: Redactor = {
  text: (text) => text,
  value: (value) => value,
  stream: () => ({ push: (delta) => delta, end: () => "" }),
};

/** What stands in the place of each form, the longest form first: at one place the longest wins. */
function marksOf(secrets: Iterable<string | Secret>): Map<string, string> {
  const marks = new Map<string, string>();
  for (const given of secrets) {
    const secret = typeof given === "string" ? { value: given } : given;
    const { name } = secret;
    const value = secret.value.trim();
    if (isPlainValue({ ...secret, value })) continue;
    const mark = name === undefined ? anonymous : `[redacted ${name.replace(/[^\p{L}\p{N}_.-]/gu, "_").slice(0, 80)}]`;
    for (const form of formsOf(value)) if (!marks.has(form)) marks.set(form, mark);
  }
  const forms = [...marks.keys()].sort((a, b) => b.length - a.length);
  // A value that is part of some name must not be shown by showing the name.
  const isShown = (mark: string) => forms.some((form) => mark.includes(form));
  return new Map(forms.map((form) => [form, isShown(marks.get(form) ?? "") ? anonymous : (marks.get(form) ?? "")]));
}

function escapePattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/gu, "\\$&");
}

/** Files and images are told by their type; what is shorter than this is none, whatever its type says. */
const shortestFile = 1024;

function redactDeep(value: unknown, text: (given: string) => string): unknown {
  if (typeof value === "string") return text(value);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    let copy: unknown[] | undefined;
    for (const [index, item] of value.entries()) {
      const clean = redactDeep(item, text);
      if (clean === item) continue;
      copy ??= [...value];
      copy[index] = clean;
    }
    return copy ?? value;
  }
  const entries = Object.entries(value);
  let isChanged = false;
  const clean = entries.map(([key, item]): [string, unknown] => {
    const cleanKey = text(key);
    const cleanItem = key === "encodedData" && isFile(value) ? item : redactDeep(item, text);
    isChanged ||= cleanKey !== key || cleanItem !== item;
    return [cleanKey, cleanItem];
  });
  return isChanged ? Object.fromEntries(clean) : value;
}

function isFile(part: object): boolean {
  if (!("type" in part) || !("encodedData" in part)) return false;
  const { type, encodedData } = part;
  const isPart = type === "imageInlinePart" || type === "fileInlinePart";
  return isPart && typeof encodedData === "string" && encodedData.length >= shortestFile;
}

function createStream(forms: readonly string[], pattern: RegExp, hide: (form: string) => string) {
  const longest = forms[0]?.length ?? 0;
  const byFirst = Map.groupBy(forms, (form) => form.charCodeAt(0));
  let held = "";

  /** Where the text ends with what may become a secret when more comes, from `start` on. */
  const openFrom = (start: number): number | undefined => {
    for (let at = Math.max(start, held.length - longest + 1); at < held.length; at += 1) {
      const length = held.length - at;
      for (const form of byFirst.get(held.charCodeAt(at)) ?? []) {
        if (form.length > length && held.endsWith(form.slice(0, length))) return at;
      }
    }
    return undefined;
  };

  return {
    push(delta: string): string {
      held += delta;
      let done = "";
      for (let start = 0; ; ) {
        const open = openFrom(start);
        pattern.lastIndex = start;
        const found = pattern.exec(held);
        // A shorter secret that is found where a longer one may still come has to wait as well.
        if (open !== undefined && (!found || open <= found.index)) {
          done += held.slice(start, open);
          held = held.slice(open);
          return done;
        }
        if (!found) {
          done += held.slice(start);
          held = "";
          return done;
        }
        done += held.slice(start, found.index) + hide(found[0]);
        start = found.index + found[0].length;
      }
    },
    end(): string {
      const rest = held.replace(pattern, hide);
      held = "";
      return rest;
    },
  };
}
