/** Texts of a run without what differs from one run to the next: the folder, times, durations, the process's own numbers. */

export type NormalizeText = (text: string) => string;

const volatile: readonly [RegExp, string][] = [
  [/\b\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(?:[.,]\d+)?(?:Z|[+-]\d{2}:?\d{2})?/g, "<time>"],
  [/\b\d{1,2}:\d{2}:\d{2}(?:\.\d+)?\b/g, "<time>"],
  // As node's test runner and many loggers name them: duration_ms 1.2, "durationMs": 3
  [/\b(duration(?:_?ms)?|elapsed(?:_?ms)?|uptime)("?\s*[:=]?\s*)\d+(?:\.\d+)?(?:\s?(?:ms|s))?\b/gi, "$1$2<duration>"],
  [/(?<![\w.])\d+(?:\.\d+)?\s?(?:ms|µs|μs|us|ns|s|secs?|seconds?|milliseconds?)\b/g, "<duration>"],
  [/\b(pid"?\s*[:=]?\s*)\d+/gi, "$1<pid>"],
  [/\(node:\d+\)/g, "(node:<pid>)"],
  [/("heap(?:Used|Total)":\s*)"[^"]*"/g, '$1"<memory>"'],
];

/** @param roots the workspace folders that may stand in the text, as absolute paths. */
export function createNormalizeText(roots: readonly string[]): NormalizeText {
  const spellings = [...new Set(roots.filter((root) => root.length > 1).flatMap(spellingsOf))];
  spellings.sort((a, b) => b.length - a.length);
  const folder =
    spellings.length > 0
      ? new RegExp(`(?:/private)?(?:${spellings.map(escapePattern).join("|")})(?![\\w-])`, "g")
      : undefined;
  return (text) => {
    const placed = folder ? text.replace(folder, "<workspace>") : text;
    return volatile.reduce((result, [pattern, sign]) => result.replace(pattern, sign), placed);
  };
}

/** A path as it stands in plain text, in a JSON string, in a URI, and with slashes. */
function spellingsOf(root: string): string[] {
  const trimmed = root.replace(/[/\\]+$/, "");
  const slashed = trimmed.replaceAll("\\", "/");
  return [trimmed, JSON.stringify(trimmed).slice(1, -1), slashed, encodeURI(slashed)];
}

function escapePattern(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
}
