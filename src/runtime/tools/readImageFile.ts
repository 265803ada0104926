/** `readImageFile`: a picture, for the model to look at. */
import * as z from "zod";
import { readMediaFile } from "./readMediaFile";
import { defineTool } from "./tool";
import { touchedFile } from "./touchedFile";

export const readImageFile = defineTool({
  name: "readImageFile",
  description: `Look at an image: PNG, JPEG, GIF or WebP, at most 15 MB. The kind is told by the content, not by the file's name.
SVG is text: read it with readTextFile.
path: relative to the workspace folder, or absolute inside it.`,
  schema: z.object({ path: z.string() }),
  effect: "read",
  summarize: ({ path }) => path,
  async execute({ path }, { workspace }) {
    const label = "a PNG, JPEG, GIF or WebP image";
    const media = await readMediaFile(workspace, path, { label, maxBytes: 15 * 1024 * 1024, mimeTypeOf });
    const touched = [touchedFile(workspace, await workspace.resolve(path), "read")];
    return { result: [{ type: "imageInlinePart", ...media }], touched };
  },
});

function mimeTypeOf(content: Buffer): string | undefined {
  const head = content.toString("latin1", 0, 12);
  if (head.startsWith("\x89PNG\r\n\x1a\n")) return "image/png";
  if (head.startsWith("\xff\xd8\xff")) return "image/jpeg";
  if (head.startsWith("GIF87a") || head.startsWith("GIF89a")) return "image/gif";
  if (head.startsWith("RIFF") && head.slice(8) === "WEBP") return "image/webp";
  return undefined;
}
