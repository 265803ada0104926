/**
 * What Ollama's adapter cannot say or hear: how much to think, and lines of the stream that it cannot read, errors
 * included, which it drops with a console line.
 */
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

/** As the API takes it; some models know levels. */
export type Think = boolean | string;

/** `fetch` that sends this `think` (none where it is absent: the model's default), and fails at a line that is no part of an answer. */
export function createOllamaFetch(think: Think | undefined): typeof fetch {
  return async (input, init) => {
    const response = await fetch(input, {
      ...init,
      ...(typeof init?.body === "string" && { body: withThink(init.body, think) }),
    });
    if (!response.ok || !response.body) return response;
    const body = response.body.pipeThrough(createLineCheck());
    return new Response(body, { status: response.status, headers: response.headers });
  };
}

function withThink(body: string, think: Think | undefined): string {
  const { think: _, ...request } = z.record(z.string(), z.unknown()).parse(parseJson(body));
  return JSON.stringify({ ...request, ...(think !== undefined && { think }) });
}

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
