/** What is whole in an object with `resourceSpans` that was cut off: all spans up to the last one that was written to its end. */
import { parseSafeJson } from "../safeJson";

/** What is open behind a span: the lists of the spans, of the scopes and of the resources, and their objects. */
const aroundSpan = "}]}]}]";

/** @returns `undefined` where no span is whole */
export function repairSpans(text: string): unknown {
  const open: string[] = [];
  let isInString = false;
  let end = 0;
  for (let at = 0; at < text.length; at += 1) {
    const sign = text[at];
    if (isInString) {
      if (sign === "\\") at += 1;
      else if (sign === '"') isInString = false;
      continue;
    }
    if (sign === '"') isInString = true;
    else if (sign === "{" || sign === "[") open.push(sign === "{" ? "}" : "]");
    else if (sign === "}" || sign === "]") {
      if (open.pop() !== sign) break;
      if (open.length === aroundSpan.length && open.join("") === aroundSpan) end = at + 1;
    }
  }
  if (end === 0) return undefined;
  try {
    return parseSafeJson(text.slice(0, end) + [...aroundSpan].reverse().join(""));
  } catch {
    return undefined;
  }
}
