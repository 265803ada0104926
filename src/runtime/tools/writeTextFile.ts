/** `writeTextFile`: a file with this content, new or replaced. */
import * as z from "zod";
import { showArgument } from "./showArgument";
import { defineTool, jsonResult } from "./tool";
import { touchedFile } from "./touchedFile";

export const writeTextFile = defineTool({
  name: "writeTextFile",
  description: `Create a UTF-8 text file, or replace all of its content. The folder must exist (see createDirectory). To change a part of
a file use editTextFile, to add to its end appendTextFile. text is written exactly as given; end it with a newline.
path: relative to the workspace folder, or absolute inside it.`,
  schema: z.object({ path: z.string(), text: z.string() }),
  effect: "write",
  summarize: ({ path }) => showArgument(path),
  async execute({ path, text }, { workspace }) {
    const old = await workspace.stat(path);
    await workspace.writeFile(path, text);
    const absolute = await workspace.resolve(path);
    return jsonResult({ path: absolute, text }, [touchedFile(workspace, absolute, old ? "write" : "create")]);
  },
});
