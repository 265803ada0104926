/** What Gemini reads besides text, and where it may stand. */
import { isGemini3 } from "./mapReasoning";
import type { MediaSupport } from "./toModelMessages";

const types =
  /^(?:image\/(?:png|jpeg|webp|heic|heif)|application\/pdf|text\/plain|audio\/(?:wav|mp3|mpeg|aiff|aac|ogg|flac)|video\/(?:mp4|mpeg|mov|webm))$/;

/** Before 3 the result of a tool is text; a picture in its place leaves the call without a result, which is refused. */
export function geminiMedia(modelId: string): MediaSupport {
  return { inToolResults: isGemini3(modelId), types };
}
