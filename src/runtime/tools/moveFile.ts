/** `moveFile`: a file or folder under another name. */
import * as z from "zod";
import { quotePath } from "../explainFileError";
import { showArgument } from "./showArgument";
import { defineTool, jsonResult, ToolError } from "./tool";
import { touchedFile } from "./touchedFile";

export const moveFile = defineTool({
  name: "moveFile",
  description: `Move or rename a file or folder. The folder of destination must exist (see createDirectory), destination itself must not:
nothing is overwritten. destination is the full new path, not the folder to move into.
Both paths: relative to the workspace folder, or absolute inside it.`,
  schema: z.object({ source: z.string(), destination: z.string() }),
  effect: "write",
  summarize: ({ source, destination }) => `${showArgument(source)} → ${showArgument(destination)}`,
  async execute({ source, destination }, { workspace }) {
    const from = await workspace.resolve(source, "keep");
    if (await workspace.stat(destination)) {
      throw new ToolError(
        `Destination ${quotePath(destination)} already exists. Delete it first, or choose another name.`,
      );
    }
    const to = await workspace.resolve(destination);
    await workspace.rename(source, destination);
    return jsonResult({ source: from, destination: to }, [
      touchedFile(workspace, from, "delete"),
      touchedFile(workspace, to, "create"),
    ]);
  },
});
