/** Watches the lines of Ollama's stream: its adapter drops what it cannot read, errors included, with a console line. */
import * as z from "zod";
import { parseJson } from "../../base/lines";

/** As much as the adapter insists on. */
const Line = z.object({
  model: z.string(),
  created_at: z.string(),
  done: z.boolean(),
  message: z.object({ role: z.string(), content: z.string() }),
});
const ErrorLine = z.object({ error: z.string() });

/** `fetch` whose streamed body fails at the first line that is no part of an answer. */
export const checkLines: typeof fetch = async (input, init) => {
  const response = await fetch(input, init);
  if (!response.ok || !response.body) return response;
  const body = response.body.pipeThrough(createLineCheck());
  return new Response(body, { status: response.status, headers: response.headers });
};

function createLineCheck(): TransformStream<Uint8Array, Uint8Array> {
  const decoder = new TextDecoder();
  let rest = "";
  return new TransformStream({
    transform(bytes, controller) {
      const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) if (line.trim()) checkLine(line);
      controller.enqueue(bytes);
    },
    flush() {
      if (rest.trim()) checkLine(rest);
    },
  });
}

function checkLine(line: string): void {
  const value = parseJson(line);
  if (Line.safeParse(value).success) return;
  const told = ErrorLine.safeParse(value);
  // The names are the SDK's, so that both are classed like the other providers' faults.
  const fault = new Error(told.success ? told.data.error : `Not a line of an answer: ${line.slice(0, 200)}`);
  throw Object.assign(fault, { name: told.success ? "AI_StreamProviderError" : "AI_JSONParseError" });
}
