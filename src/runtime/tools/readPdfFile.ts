/** `readPdfFile`: a PDF document, for the model to read. */
import * as z from "zod";
import { readMediaFile } from "./readMediaFile";
import { defineTool } from "./tool";
import { touchedFile } from "./touchedFile";

export const readPdfFile = defineTool({
  name: "readPdfFile",
  description: `Read a PDF document, whole, at most 30 MB. Not every model takes PDF files; where yours does not, extract the text with
exec (for example pdftotext).
path: relative to the workspace folder, or absolute inside it.`,
  schema: z.object({ path: z.string() }),
  effect: "read",
  summarize: ({ path }) => path,
  async execute({ path }, { workspace }) {
    const media = await readMediaFile(workspace, path, { label: "a PDF", maxBytes: 30 * 1024 * 1024, mimeTypeOf });
    const touched = [touchedFile(workspace, await workspace.resolve(path), "read")];
    return { result: [{ type: "fileInlinePart", ...media }], touched };
  },
});

/** Readers take the header anywhere in the first kilobyte. */
function mimeTypeOf(content: Buffer): string | undefined {
  return content.subarray(0, 1024).includes("%PDF-") ? "application/pdf" : undefined;
}
