/** What a scripted model server is told to answer, and what it notes down about each request. */

/** The wires the server speaks; `openai` is the Responses API, `openai-chat` Chat Completions. */
export type WireProvider =
  | "anthropic"
  | "openai"
  | "openai-chat"
  | "google"
  | "deepseek"
  | "ollama"
  | "azure-openai"
  | "google-vertex"
  | "amazon-bedrock";

/** How the stream of one answer looks on the wire. */
export type Wire = "anthropic" | "responses" | "chat" | "google" | "ollama" | "bedrock";

export interface ScriptedToolCall {
  /** Default: `call_{turn}_{position}`, both from 1. Google and some Ollama servers send none: see `omitIds`. */
  id?: string;
  name: string;
  args?: unknown;
  /** Sent as it stands instead of `args`: for arguments that are no JSON. Ollama and Google cannot say such a thing. */
  rawArgs?: string;
}

export interface ScriptedUsage {
  inputTokens: number;
  outputTokens: number;
  cachedInputTokens?: number;
  /** Part of the input; only Anthropic, Bedrock and the Responses API tell it. */
  cacheWriteTokens?: number;
  reasoningTokens?: number;
}

/** An answer with status 200; everything is optional and can be combined. */
export interface AnswerTurn {
  /** A string is cut into three pieces; an array is sent piece by piece. */
  text?: string | readonly string[];
  reasoning?: string;
  toolCalls?: readonly ScriptedToolCall[];
  /** Default 10 in, 5 out; `null`: the server does not say. */
  usage?: ScriptedUsage | null;
  /** The answer stops at the token limit. */
  length?: true;
  /** The connection breaks off after this many chunks. */
  cut?: number;
  /** The response ends properly after this many chunks, in the middle of the answer. */
  endAfter?: number;
  /** A chunk that cannot be read stands behind the first one. */
  malformed?: true;
  /** An error event in the middle of the stream, after which the response ends. */
  errorEvent?: { type?: string; message: string };
  /** Milliseconds before each chunk. */
  slow?: number;
}

/** An answer with another status. */
export interface StatusTurn {
  status: number;
  headers?: Readonly<Record<string, string>>;
  /** Text is sent as it is, anything else as JSON; default: an error as this provider words it. */
  body?: unknown;
}

export type ModelTurn = AnswerTurn | StatusTurn;

export interface ModelRequest {
  wire: Wire;
  path: string;
  headers: Readonly<Record<string, string | undefined>>;
  /** The JSON that was posted. */
  body: Record<string, unknown>;
  /** "answered" when everything was sent, "closed" when the client (or `cut`) ended the connection before. */
  outcome: Promise<"answered" | "closed">;
}

/** The turns in order, or a function that picks one (for requests that come side by side). */
export type ModelScript = readonly ModelTurn[] | ((request: ModelRequest, index: number) => ModelTurn);

/** What goes over the wire, chunk by chunk. */
export interface WireAnswer {
  contentType: string;
  chunks: (string | Uint8Array)[];
  errorChunk(error: { type?: string; message: string }): string | Uint8Array;
  malformedChunk: string | Uint8Array;
}

interface NamedCall extends ScriptedToolCall {
  id: string;
}

export interface Answer {
  turn: AnswerTurn;
  calls: NamedCall[];
  pieces: string[];
  usage: ScriptedUsage | undefined;
  model: string;
}

export function textPieces(text: AnswerTurn["text"]): string[] {
  if (text === undefined || text === "") return [];
  if (typeof text !== "string") return [...text];
  const points = Array.from(text);
  const size = Math.max(1, Math.ceil(points.length / 3));
  const pieces: string[] = [];
  for (let start = 0; start < points.length; start += size) pieces.push(points.slice(start, start + size).join(""));
  return pieces;
}

export function callArguments(call: ScriptedToolCall): string {
  return call.rawArgs ?? JSON.stringify(call.args ?? {});
}

export function halves(text: string): string[] {
  const middle = Math.ceil(text.length / 2);
  return [text.slice(0, middle), text.slice(middle)].filter((part) => part !== "");
}
