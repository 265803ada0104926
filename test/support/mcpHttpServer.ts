/** MCP servers over HTTP for tests: streamable HTTP or SSE, well behaved or not. */
import { createServer, type Server as HttpServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import { SSEServerTransport } from "@modelcontextprotocol/sdk/server/sse.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { CallToolRequestSchema, ListToolsRequestSchema } from "@modelcontextprotocol/sdk/types.js";
import { onTestFinished } from "vitest";

export interface McpHttpServer {
  endpoint: string;
  /** Method and path of each request. */
  requests: string[];
  headers: IncomingMessage["headers"][];
  /** Cuts every connection and takes no more. */
  kill(): Promise<void>;
}

export interface HttpServerOptions {
  transport: "http" | "sse";
  /** Answers to a POST with one JSON text instead of a stream of events. */
  isJson?: boolean;
  /** Handles what it likes of the requests: `true` where it has. */
  intercept?(request: IncomingMessage, response: ServerResponse, body: string): boolean;
}

export async function startMcpHttpServer(options: HttpServerOptions): Promise<McpHttpServer> {
  const requests: string[] = [];
  const headers: McpHttpServer["headers"] = [];
  const handle = options.transport === "http" ? createHttpHandler(options) : createSseHandler();
  const http = createServer((request, response) => {
    requests.push(`${request.method} ${new URL(request.url ?? "", "http://x").pathname}`);
    headers.push(request.headers);
    void readAll(request).then(async (body) => {
      if (options.intercept?.(request, response, body)) return;
      await handle(request, response, body);
    });
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const { port } = http.address() as AddressInfo;
  const kill = () => close(http);
  onTestFinished(kill);
  return { endpoint: `http://127.0.0.1:${port}/mcp`, requests, headers, kill };
}

async function close(http: HttpServer): Promise<void> {
  http.closeAllConnections();
  if (http.listening) await new Promise<void>((resolve) => void http.close(() => resolve()));
}

async function readAll(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString("utf8");
}

type Handle = (request: IncomingMessage, response: ServerResponse, body: string) => Promise<void>;

/** One session for each `initialize`. */
function createHttpHandler({ isJson = false }: HttpServerOptions): Handle {
  const sessions = new Map<string, StreamableHTTPServerTransport>();
  return async (request, response, body) => {
    const id = request.headers["mcp-session-id"];
    let transport = typeof id === "string" ? sessions.get(id) : undefined;
    if (!transport) {
      const created = new StreamableHTTPServerTransport({
        sessionIdGenerator: () => `session-${sessions.size + 1}`,
        onsessioninitialized: (session) => void sessions.set(session, created),
        enableJsonResponse: isJson,
      });
      await createTools().connect(created);
      transport = created;
    }
    await transport.handleRequest(request, response, body === "" ? undefined : JSON.parse(body));
  };
}

function createSseHandler(): Handle {
  const sessions = new Map<string, SSEServerTransport>();
  return async (request, response, body) => {
    const url = new URL(request.url ?? "", "http://x");
    if (request.method === "GET") {
      const transport = new SSEServerTransport("/messages", response);
      sessions.set(transport.sessionId, transport);
      await createTools().connect(transport);
      return;
    }
    const transport = sessions.get(url.searchParams.get("sessionId") ?? "");
    if (transport) await transport.handlePostMessage(request, response, JSON.parse(body));
    else response.writeHead(404).end("There is nothing to POST to here.");
  };
}

const object = { type: "object" as const };

function createTools(): Server {
  const server = new Server({ name: "http-server", version: "2.0.0" }, { capabilities: { tools: {} } });
  const names = ["echo", "hang", "big"];
  server.setRequestHandler(ListToolsRequestSchema, () => ({
    tools: names.map((name) => ({ name, inputSchema: object })),
  }));
  server.setRequestHandler(CallToolRequestSchema, async ({ params: { name, arguments: args } }) => {
    if (name === "hang") await new Promise(() => undefined);
    const text = name === "big" ? "x".repeat(50 * 1024 * 1024) : String(args?.text);
    return { content: [{ type: "text", text }] };
  });
  return server;
}
