/** Reading a file as text, for the tools that need its lines: what is not text is refused. */
import { isUtf8 } from "node:buffer";
import { quotePath } from "../explainFileError";
import type { Workspace } from "../ports";
import { ToolError } from "./tool";

/** A byte order mark stays part of the text. Bytes that are no UTF-8 become U+FFFD, unless `exact` is set: then it throws. */
export async function readText(workspace: Workspace, path: string, { exact = false } = {}): Promise<string> {
  const content = await readExisting(workspace, path);
  if (content.includes(0)) {
    throw new ToolError(
      `${quotePath(path)} is not a text file: it contains NUL bytes (${content.length} bytes in all).`,
    );
  }
  if (exact && !isUtf8(content)) {
    throw new ToolError(
      `${quotePath(path)} is not valid UTF-8, so that editing it would damage it. Change it with exec.`,
    );
  }
  return content.toString("utf8");
}

export async function readExisting(workspace: Workspace, path: string): Promise<Buffer> {
  if (!(await workspace.stat(path))) throw new ToolError(`File ${quotePath(path)} does not exist.`);
  return await workspace.readFile(path);
}
