/** Which values are worth hiding, and the forms in which one may turn up in a text: as it is, escaped or encoded. */

export interface Secret {
  /** Of the variable or setting it comes from: what is shown in its place. */
  name?: string;
  value: string;
}

/** What is shorter would be found in the middle of ordinary words. */
const shortest = 6;

/**
 * Values that are left alone, because blotting them out would garble what one reads, or change what it means to a program,
 * and hide nothing: short ones, a number of up to eight digits, a single word ("production", "anthropic"), a path in the
 * file system, the address of a server, and a placeholder that repeats its own name.
 */
export function isPlainValue({ name, value }: Secret): boolean {
  if (value.length < shortest || /^(?:\d{1,8}|\p{L}{1,16})$/u.test(value)) return true;
  if (name !== undefined && value.toLowerCase() === name.toLowerCase()) return true;
  return isPath(value) || /^[a-z][a-z0-9+.-]*:\/\/[^/?#@\s]+\/?$/iu.test(value);
}

/** Whether a variable, header or setting of this name is likely to hold a secret: `GITHUB_TOKEN`, `apiKey`, `X-Auth`. */
export function isSecretName(name: string): boolean {
  const words = name.replace(/(\p{Ll}|\d)(?=\p{Lu})/gu, "$1_").split(/[^\p{L}\p{N}]+/u);
  return words.some((word) => secretWord.test(word));
}

const secretWord =
  /^(?:(?:api|access|app|auth|client|master|private|secret|service|signing|ssh)?keys?|.*tokens?|.*(?:secret|passw|passphrase|credential).*|auth|authorization|bearer|cookies?|pass|pwd|pat|dsn|jwt)\d*$/iu;

/** Base64 may begin with a slash too: a part that looks drawn by lot makes it no path. */
function isPath(value: string): boolean {
  if (!/^(?:\.{0,2}|~|[a-z]:)[\\/]/iu.test(value) || /[\r\n]/u.test(value)) return false;
  return !value.split(/[\\/]/u).some((part) => /^[a-z0-9+=]{16,}$/iu.test(part) && isMixed(part));
}

function isMixed(text: string): boolean {
  return /[a-z]/u.test(text) && /[A-Z]/u.test(text) && /\d/u.test(text);
}

/** Every form to look for, without repetitions. A secret of several lines, such as a private key, is one for each line. */
export function formsOf(value: string): string[] {
  const wellFormed = value.toWellFormed();
  const lines = wellFormed.split(/\s+|\\n/u).filter((line) => /^[a-z0-9+/=_-]{16,}$/iu.test(line));
  const forms = [wellFormed, ...lines].flatMap((whole) => [
    ...[whole, ...jsonForms(whole), ...uriForms(whole), htmlForm(whole)],
    ...binaryForms(new TextEncoder().encode(whole)),
  ]);
  return [...new Set([value, ...forms])].filter((form) => form.length >= shortest);
}

/** JSON inside JSON too, and the writers that escape slashes, angle brackets or everything beyond ASCII. */
function jsonForms(value: string): string[] {
  const once = escapeJson(value);
  const ascii = once.replace(/[\u007f-\uffff]/g, unicodeEscape);
  return [
    ...[once, escapeJson(once), escapeJson(escapeJson(once)), once.replaceAll("/", "\\/")],
    ...[ascii, once.replace(/[<>&]/gu, unicodeEscape), once.replace(/[<>&+']/gu, unicodeEscape)],
  ];
}

function escapeJson(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/** Of one UTF-16 unit. */
function unicodeEscape(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

function uriForms(value: string): string[] {
  const component = encodeURIComponent(value);
  const strict = component.replace(/[!'()*]/gu, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
  const forms = [component, strict, strict.replaceAll("%20", "+"), encodeURI(value)];
  return [...forms, ...forms.map((form) => form.replace(/%[0-9A-F]{2}/gu, (hex) => hex.toLowerCase()))];
}

function htmlForm(value: string): string {
  const names: Readonly<Record<string, string>> = { "&": "amp", "<": "lt", ">": "gt", '"': "quot", "'": "#39" };
  return value.replace(/[&<>"']/gu, (char) => `&${names[char]};`);
}

/** Hex; and base64, whose characters depend on how many bytes stand before: what the value alone decides is looked for. */
function binaryForms(bytes: Uint8Array): string[] {
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  const aligned = [0, 1, 2].map((before) => {
    const padded = new Uint8Array(before + bytes.length);
    padded.set(bytes, before);
    return base64Of(padded).slice(Math.ceil((before * 8) / 6), Math.floor((padded.length * 8) / 6));
  });
  const base64 = [base64Of(bytes), ...aligned];
  const forUrls = base64.map((form) => form.replaceAll("+", "-").replaceAll("/", "_"));
  return [hex, hex.toUpperCase(), ...base64, ...forUrls];
}

function base64Of(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}
