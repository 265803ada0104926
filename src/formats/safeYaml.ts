/** YAML from outside: what would take its parser longer than anyone waits is refused before it is parsed. */

const mostLevels = 100;
/** Definitions and records that programs and people write are far smaller; YAML takes long to parse. */
const largest = 64 * 1024;

/** Why a text is not to be parsed, for a person; `undefined` where it may be. */
export function faultOfYaml(text: string): string | undefined {
  if (text.length > largest) return `Too large for YAML: ${text.length} characters, the limit is ${largest}.`;
  return depthOf(text) > mostLevels ? `Nested more than ${mostLevels} levels deep.` : undefined;
}

/** At the most: brackets count in texts, too, and what opens a level on a line counts wherever that line stands. */
function depthOf(text: string): number {
  let brackets = 0;
  let most = 0;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (character === "[" || character === "{") brackets += 1;
    else if ((character === "]" || character === "}") && brackets > 0) brackets -= 1;
    most = Math.max(most, brackets);
  }
  for (const [opened] of text.matchAll(/^(?:[ \t]*(?:[-?:]|[^\s:]{1,40}:)(?=\s))+/gmu)) {
    most = Math.max(most, opened.match(/[-?:](?=\s|$)/gu)?.length ?? 0);
  }
  return most;
}
