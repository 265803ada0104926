/** `deleteDirectory`: a folder less, with all it holds where that is asked for. */
import * as z from "zod";
import { showArgument } from "./showArgument";
import { defineTool, jsonResult } from "./tool";
import { touchedFile } from "./touchedFile";

export const deleteDirectory = defineTool({
  name: "deleteDirectory",
  description: `Delete a folder. It must be empty unless recursive is true: then all it holds is deleted too, and cannot be brought back.
path: relative to the workspace folder, or absolute inside it; never the workspace folder itself.`,
  schema: z.object({ path: z.string(), recursive: z.boolean().optional() }),
  effect: "write",
  summarize: ({ path, recursive }) => `${showArgument(path)}${recursive ? " (with all it holds)" : ""}`,
  async execute({ path, recursive = false }, { workspace }) {
    const absolute = await workspace.resolve(path, "keep");
    await workspace.deleteDirectory(path, { recursive });
    return jsonResult({ path: absolute }, [touchedFile(workspace, absolute, "delete")]);
  },
});
