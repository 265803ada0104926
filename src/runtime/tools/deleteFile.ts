/** `deleteFile`: one file less. */
import * as z from "zod";
import { showArgument } from "./showArgument";
import { defineTool, jsonResult } from "./tool";
import { touchedFile } from "./touchedFile";

export const deleteFile = defineTool({
  name: "deleteFile",
  description: `Delete a file. It cannot be brought back. Of a symbolic link the link is deleted, not what it points to. Folders are
deleted with deleteDirectory.
path: relative to the workspace folder, or absolute inside it.`,
  schema: z.object({ path: z.string() }),
  effect: "write",
  summarize: ({ path }) => showArgument(path),
  async execute({ path }, { workspace }) {
    const absolute = await workspace.resolve(path, "keep");
    await workspace.deleteFile(path);
    return jsonResult({ path: absolute }, [touchedFile(workspace, absolute, "delete")]);
  },
});
