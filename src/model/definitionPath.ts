/** The path in a `file:` URI, for showing; a URI of another kind stays as it is. */

export function definitionPath(uri: string): string {
  if (!uri.startsWith("file://")) return uri;
  try {
    const path = decodeURIComponent(uri.slice("file://".length));
    return /^\/[A-Za-z]:/u.test(path) ? path.slice(1) : path;
  } catch {
    return uri;
  }
}
