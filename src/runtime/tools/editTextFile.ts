/** `editTextFile`: one place of a file replaced, and not a byte of the rest. */
import * as z from "zod";
import { quotePath } from "../explainFileError";
import { readText } from "./readText";
import { replaceOnce } from "./replaceOnce";
import { showArgument } from "./showArgument";
import { defineTool, jsonResult, ToolError } from "./tool";
import { touchedFile } from "./touchedFile";

export const editTextFile = defineTool({
  name: "editTextFile",
  description: `Replace oldText by newText in a text file, at the first place where oldText stands. oldText must be copied exactly, with
its indentation; include the lines around it where it stands more than once. Line endings need no care: the file keeps
its own. An empty newText deletes oldText. Read the file first.
path: relative to the workspace folder, or absolute inside it.`,
  schema: z.object({ path: z.string(), newText: z.string(), oldText: z.string() }),
  effect: "write",
  summarize: ({ path }) => showArgument(path),
  async execute({ path, newText, oldText }, { workspace }) {
    if (oldText === "")
      throw new ToolError("oldText is empty. Give the text to replace, or use appendTextFile or writeTextFile.");
    const content = await readText(workspace, path, { exact: true });
    const edited = replaceOnce(content, oldText, newText);
    if (edited === undefined) {
      throw new ToolError(
        `oldText does not stand in ${quotePath(path)}. Nothing was changed. ` +
          "Read the file again and copy the text exactly, with its spaces and indentation.",
      );
    }
    await workspace.writeFile(path, edited);
    const absolute = await workspace.resolve(path);
    return jsonResult({ path: absolute, newText, oldText }, [touchedFile(workspace, absolute, "write")]);
  },
});
