/** `createDirectory`: a folder, and the folders it lies in. */
import * as z from "zod";
import { showArgument } from "./showArgument";
import { defineTool, jsonResult } from "./tool";
import { touchedFile } from "./touchedFile";

export const createDirectory = defineTool({
  name: "createDirectory",
  description: `Create a folder, together with the missing folders above it. Fails if something of that name exists.
path: relative to the workspace folder, or absolute inside it.`,
  schema: z.object({ path: z.string() }),
  effect: "write",
  summarize: ({ path }) => showArgument(path),
  async execute({ path }, { workspace }) {
    await workspace.createDirectory(path);
    const absolute = await workspace.resolve(path);
    return jsonResult({ path: absolute }, [touchedFile(workspace, absolute, "create")]);
  },
});
