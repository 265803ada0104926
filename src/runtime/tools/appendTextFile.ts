/** `appendTextFile`: more at the end of a file. */
import * as z from "zod";
import { quotePath } from "../explainFileError";
import { showArgument } from "./showArgument";
import { defineTool, jsonResult, ToolError } from "./tool";
import { touchedFile } from "./touchedFile";

export const appendTextFile = defineTool({
  name: "appendTextFile",
  description: `Add text to the end of an existing file, exactly as given: no line break is added before or after it. Use writeTextFile
for a file that does not exist yet.
path: relative to the workspace folder, or absolute inside it.`,
  schema: z.object({ path: z.string(), text: z.string() }),
  effect: "write",
  summarize: ({ path }) => showArgument(path),
  async execute({ path, text }, { workspace }) {
    if (!(await workspace.stat(path))) {
      throw new ToolError(`File ${quotePath(path)} does not exist. Create it with writeTextFile.`);
    }
    await workspace.appendFile(path, text);
    const absolute = await workspace.resolve(path);
    return jsonResult({ path: absolute, text }, [touchedFile(workspace, absolute, "write")]);
  },
});
