/** `listDirectory`: what lies in a folder. */
import * as z from "zod";
import { quotePath } from "../explainFileError";
import { defineTool, jsonResult, ToolError } from "./tool";

export const listDirectory = defineTool({
  name: "listDirectory",
  description: `List a folder: name, type (file, directory or other), size in bytes and time of the last change, sorted by name. Only the
folder itself, not the folders in it. “.” is the workspace folder.
path: relative to the workspace folder, or absolute inside it.`,
  schema: z.object({ path: z.string() }),
  effect: "read",
  summarize: ({ path }) => path,
  async execute({ path }, { workspace }) {
    if (!(await workspace.stat(path))) throw new ToolError(`Directory ${quotePath(path)} does not exist.`);
    const items = (await workspace.list(path)).map(({ name, stat }) => ({
      name,
      path: name,
      type: stat.type,
      size: stat.size,
      modified: stat.modifiedAt.toISOString(),
    }));
    return jsonResult({ path: await workspace.resolve(path), items });
  },
});
