/** `getFileInfo`: what is known of a file or folder without reading it. */
import { basename, dirname, extname } from "node:path";
import * as z from "zod";
import { quotePath } from "../explainFileError";
import { mimeTypeOf } from "./mimeTypeOf";
import { defineTool, jsonResult, ToolError } from "./tool";
import { touchedFile } from "./touchedFile";

export const getFileInfo = defineTool({
  name: "getFileInfo",
  description: `Tell type, size, times, MIME type and permissions of a file or folder, without reading its content. Use it before
reading a file that may be large or binary. Fails if there is nothing at the path.
path: relative to the workspace folder, or absolute inside it.`,
  schema: z.object({ path: z.string() }),
  effect: "read",
  async execute({ path }, { workspace }) {
    const stat = await workspace.stat(path);
    if (!stat) throw new ToolError(`File or directory ${quotePath(path)} does not exist.`);
    const absolute = await workspace.resolve(path);
    const isDirectory = stat.type === "directory";
    const extension = extname(absolute);
    return jsonResult(
      {
        exists: true,
        path: absolute,
        absolutePath: absolute,
        name: basename(absolute),
        directory: dirname(absolute),
        extension: isDirectory ? null : extension,
        type: stat.type,
        mimeType: isDirectory ? null : mimeTypeOf(extension),
        size: stat.size,
        sizeFormatted: formatSize(stat.size),
        created: stat.createdAt.toISOString(),
        modified: stat.modifiedAt.toISOString(),
        accessed: stat.accessedAt.toISOString(),
        permissions: {
          readable: (stat.mode & 0o400) !== 0,
          writable: (stat.mode & 0o200) !== 0,
          executable: (stat.mode & 0o100) !== 0,
        },
      },
      isDirectory ? undefined : [touchedFile(workspace, absolute, "read")],
    );
  },
});

/** As Perstack writes it: "36.00 B", but "0 B". */
function formatSize(bytes: number): string {
  if (bytes === 0) return "0 B";
  const power = Math.min(Math.floor(Math.log2(bytes) / 10), units.length - 1);
  return `${(bytes / 1024 ** power).toFixed(2)} ${units[power]}`;
}

const units = ["B", "KB", "MB", "GB", "TB"];
