/** What reading an image and reading a PDF have in common: a limit, and a type told by the first bytes, not the name. */
import { quotePath } from "../explainFileError";
import type { Workspace } from "../ports";
import { ToolError } from "./tool";

export interface Media {
  mimeType: string;
  /** Base64. */
  encodedData: string;
}

/** @param mimeTypeOf `undefined` for what is not this kind of file. */
export async function readMediaFile(
  workspace: Workspace,
  path: string,
  kind: { label: string; maxBytes: number; mimeTypeOf(content: Buffer): string | undefined },
): Promise<Media> {
  const stat = await workspace.stat(path);
  if (!stat) throw new ToolError(`File ${quotePath(path)} does not exist.`);
  checkSize(path, stat.size, kind.maxBytes);
  const content = await workspace.readFile(path);
  // It may have grown since.
  checkSize(path, content.length, kind.maxBytes);
  const mimeType = kind.mimeTypeOf(content);
  if (mimeType === undefined)
    throw new ToolError(`${quotePath(path)} is not ${kind.label}: its first bytes say otherwise.`);
  return { mimeType, encodedData: content.toString("base64") };
}

function checkSize(path: string, size: number, maxBytes: number): void {
  if (size <= maxBytes) return;
  const megabytes = (bytes: number) => `${(bytes / 1024 / 1024).toFixed(1)} MB`;
  throw new ToolError(
    `${quotePath(path)} is too large: ${megabytes(size)}, where at most ${megabytes(maxBytes)} are read.`,
  );
}
