/** A local HTTP server that plays language models by script: real wire, no model. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type {
  AnswerTurn,
  ModelRequest,
  ModelScript,
  ModelTurn,
  StatusTurn,
  Wire,
  WireProvider,
} from "./modelServerScript";
import { encodeAnswer } from "./modelServerWires";

export type {
  AnswerTurn,
  ModelRequest,
  ModelScript,
  ModelTurn,
  ScriptedToolCall,
  ScriptedUsage,
  StatusTurn,
  WireProvider,
} from "./modelServerScript";

export interface ModelServer {
  readonly url: string;
  /** What to set as `baseUrl` or in `ANTHROPIC_BASE_URL` and the like. */
  baseUrlFor(provider: WireProvider): string;
  /** Requests to a model, in the order they came. */
  readonly requests: readonly ModelRequest[];
  openConnections(): number;
  /** Breaks off what is open. */
  close(): Promise<void>;
}

export interface ModelServerOptions {
  /** Models that Ollama says are installed. */
  ollamaModels?: readonly string[];
}

const basePaths: Record<WireProvider, string> = {
  anthropic: "/anthropic/v1",
  openai: "/openai/v1",
  "openai-chat": "/openai/v1",
  google: "/google/v1beta",
  deepseek: "/deepseek",
  ollama: "/ollama/api",
  "azure-openai": "/azure/v1",
  "google-vertex": "/vertex/v1",
  "amazon-bedrock": "/bedrock",
};

export async function startModelServer(script: ModelScript, options: ModelServerOptions = {}): Promise<ModelServer> {
  const requests: ModelRequest[] = [];
  const stopped = new AbortController();
  const sockets = new Set<object>();
  const server = createServer((incoming, response) => {
    answer(incoming, response).catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined));
  });
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });

  async function answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    // One connection a request, so that `openConnections` counts answers that are still going on.
    response.setHeader("connection", "close");
    const path = incoming.url ?? "/";
    const wire = wireOf(path);
    if (incoming.method !== "POST" || !wire) {
      answerOther(path, response, options);
      return;
    }
    const request: ModelRequest = {
      wire,
      path,
      headers: Object.fromEntries(Object.entries(incoming.headers).map(([name, value]) => [name, String(value)])),
      body: JSON.parse(await readText(incoming)) as Record<string, unknown>,
      outcome: new Promise((resolve) => {
        response.on("close", () => resolve(response.writableFinished ? "answered" : "closed"));
      }),
    };
    const index = requests.push(request) - 1;
    const turn = pickTurn(script, request, index);
    if ("status" in turn) sendStatus(response, turn, wire);
    else await sendAnswer(response, turn, request, index, stopped.signal);
  }

  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    baseUrlFor: (provider) => url + basePaths[provider],
    requests,
    openConnections: () => sockets.size,
    async close() {
      stopped.abort();
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function wireOf(path: string): Wire | undefined {
  const { pathname } = new URL(path, "http://localhost");
  if (pathname.endsWith("/messages")) return "anthropic";
  if (pathname.endsWith("/responses")) return "responses";
  if (pathname.endsWith("/chat/completions")) return "chat";
  if (pathname.endsWith(":streamGenerateContent")) return "google";
  if (pathname.endsWith("/converse-stream")) return "bedrock";
  return pathname.endsWith("/api/chat") ? "ollama" : undefined;
}

function pickTurn(script: ModelScript, request: ModelRequest, index: number): ModelTurn {
  const turn = typeof script === "function" ? script(request, index) : script[index];
  // Not retryable, so that a script that is too short shows at once.
  return turn ?? { status: 400, body: { error: { message: `The script has no turn ${index + 1}` } } };
}

function sendStatus(response: ServerResponse, { status, headers, body }: StatusTurn, wire: Wire): void {
  const content = body ?? errorBody(wire, status);
  const isText = typeof content === "string";
  response.writeHead(status, { "content-type": isText ? "text/plain" : "application/json", ...headers });
  response.end(isText ? content : JSON.stringify(content));
}

function errorBody(wire: Wire, status: number): unknown {
  const message = `Scripted error ${status}`;
  switch (wire) {
    case "anthropic":
      return { type: "error", error: { type: "api_error", message } };
    case "google":
      return { error: { code: status, message, status: "UNKNOWN" } };
    case "ollama":
      return { error: message };
    case "bedrock":
      return { message };
    case "responses":
    case "chat":
      return { error: { message, type: "api_error", param: null, code: null } };
  }
}

async function sendAnswer(
  response: ServerResponse,
  turn: AnswerTurn,
  request: ModelRequest,
  index: number,
  stopped: AbortSignal,
): Promise<void> {
  const answer = encodeAnswer(request.wire, turn, index, modelOf(request));
  const chunks = [...answer.chunks];
  if (turn.malformed) chunks.splice(1, 0, answer.malformedChunk);
  if (turn.errorEvent) chunks.splice(2, chunks.length, answer.errorChunk(turn.errorEvent));
  response.writeHead(200, { "content-type": answer.contentType });
  response.flushHeaders();
  const left = new AbortController();
  response.on("close", () => left.abort());
  const ended = AbortSignal.any([left.signal, stopped]);
  for (const [sent, chunk] of chunks.entries()) {
    if (sent === turn.cut || sent === turn.endAfter) break;
    if (turn.slow !== undefined) await sleep(turn.slow, undefined, { signal: ended }).catch(() => undefined);
    if (ended.aborted) return;
    await new Promise<void>((resolve) => response.write(chunk, () => resolve()));
  }
  if (turn.cut === undefined) response.end();
  else response.destroy();
}

function modelOf({ body, path }: ModelRequest): string {
  const { model } = body;
  return typeof model === "string" ? model : (/models?\/([^:/]+)/.exec(path)?.[1] ?? "model");
}

function answerOther(path: string, response: ServerResponse, { ollamaModels = [] }: ModelServerOptions): void {
  const body = path.endsWith("/api/tags") ? { models: ollamaModels.map((name) => ({ name, model: name })) } : undefined;
  response.writeHead(body ? 200 : 404, { "content-type": "application/json" });
  response.end(JSON.stringify(body ?? { error: { message: `Nothing answers at ${path}` } }));
}

async function readText(incoming: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of incoming) parts.push(part as Buffer);
  return Buffer.concat(parts).toString("utf8");
}
