/** Keeps the keys that this editor knows out of its log, its messages and the clipboard. */
import { createRedactor, type Redactor } from "../model/redact";
import { isSecretName, type Secret } from "../model/secretForms";

/**
 * The events of a run have no secrets in them; this is for what is not of a run, or was recorded by another program.
 * @param known the keys that were read or stored so far; a key that nobody read is in no text of ours
 */
export function createKeyRedactor(
  env: Readonly<Record<string, string | undefined>>,
  known: () => ReadonlyMap<string, string>,
): (text: string) => string {
  let redactor: Redactor | undefined;
  let knownBefore = "";
  return (text) => {
    const keys = [...known()];
    // Made when it is first needed, and again when another key has been read.
    const state = JSON.stringify(keys);
    if (!redactor || state !== knownBefore) redactor = createRedactor([...keys.map(secretOf), ...secretsIn(env)]);
    knownBefore = state;
    return redactor.text(text);
  };
}

function secretsIn(env: Readonly<Record<string, string | undefined>>): Secret[] {
  return Object.entries(env).flatMap(([name, value]) => (value && isSecretName(name) ? [{ name, value }] : []));
}

function secretOf([name, value]: readonly [string, string]): Secret {
  return { name, value };
}
