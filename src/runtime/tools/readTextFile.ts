/** `readTextFile`: a text file, or some of its lines. */
import * as z from "zod";
import { quotePath } from "../explainFileError";
import { readText } from "./readText";
import { defineTool, jsonResult, ToolError } from "./tool";
import { touchedFile } from "./touchedFile";

export const readTextFile = defineTool({
  name: "readTextFile",
  description: `Read a UTF-8 text file, whole or in part. Lines count from 0: from is the first line to read, to the first one not to
read, so from 0 and to 50 are the first fifty lines. At most 1 MB is answered at once; read larger files in parts.
Fails for a file that does not exist or is binary (see readImageFile, readPdfFile).
path: relative to the workspace folder, or absolute inside it.`,
  schema: z.object({ path: z.string(), from: z.number().optional(), to: z.number().optional() }),
  effect: "read",
  summarize: ({ path }) => path,
  async execute({ path, from = 0, to }, { workspace }) {
    checkLine("from", from);
    if (to !== undefined) checkLine("to", to);
    const lines = (await readText(workspace, path)).split("\n");
    const end = to ?? lines.length;
    const content = lines.slice(from, end).join("\n");
    const bytes = Buffer.byteLength(content);
    if (bytes > maxBytes) {
      throw new ToolError(
        `${quotePath(path)} has ${lines.length} lines; the part asked for is ${bytes} bytes, and at most ${maxBytes} are read at once. ` +
          "Read fewer lines with from and to, or search the file with exec.",
      );
    }
    const touched = [touchedFile(workspace, await workspace.resolve(path), "read")];
    return jsonResult({ path, content, from, to: end }, touched);
  },
});

function checkLine(name: string, line: number): void {
  if (Number.isInteger(line) && line >= 0) return;
  throw new ToolError(`${name} is ${line}, but lines are whole numbers that count from 0.`);
}

const maxBytes = 1_000_000;
