/**
 * An MCP server for tests, on standard input and output, that can do everything a server should not: its arguments are
 * switches for how it starts and ends, its tools misbehave in a call.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";
import { CallToolRequestSchema, ListToolsRequestSchema, McpError } from "@modelcontextprotocol/sdk/types.js";

const switches = new Map(
  process.argv.slice(2).map((argument) => {
    const [name, value = ""] = argument.replace(/^--/, "").split("=");
    return [name, value];
  }),
);
const has = (name) => switches.has(name);
const numberOf = (name) => Number(switches.get(name) ?? 0);
const forever = () => new Promise(() => setInterval(() => undefined, 1_000));
const text = (value) => ({ content: [{ type: "text", text: String(value) }] });

const object = { type: "object", properties: {} };
const tools = [
  {
    name: "echo",
    description: "Says it back",
    inputSchema: { type: "object", properties: { text: { type: "string" } } },
  },
  { name: "look", description: "Looks only", inputSchema: object, annotations: { readOnlyHint: true } },
  { name: "env", description: "All of the environment", inputSchema: object },
  { name: "pids", description: "Process ids", inputSchema: object },
  { name: "cwd", description: "The folder", inputSchema: object },
  ...[
    "crash",
    "hang",
    "busy",
    "long",
    "mumble",
    "odd",
    "big",
    "broken",
    "flood",
    "refuse",
    "fail",
    "progress",
    "media",
    "structured",
    "nothing",
  ].map((name) => ({ name, description: name, inputSchema: object })),
  { name: "files.read all", description: "A name that providers refuse", inputSchema: object },
  { name: "files_read_all", description: "The name it would get", inputSchema: object },
];

/** What each tool does; those that are not here say their own name. */
const actions = {
  echo: ({ text: said }) => text(said),
  env: () => text(JSON.stringify(process.env)),
  cwd: () => text(process.cwd()),
  pids: () => text(JSON.stringify([process.pid, ...children])),
  crash: async () => {
    await new Promise((resolve) => process.stderr.write("out of luck\n", resolve));
    process.exit(7);
  },
  hang: forever,
  big: async ({ megabytes }) => {
    const block = "x".repeat(1024 * 1024);
    process.stdout.write('{"jsonrpc":"2.0","id":0,"result":{"content":[{"type":"text","text":"');
    for (let count = 0; count < megabytes; count += 1) {
      if (!process.stdout.write(block)) await once(process.stdout, "drain");
    }
    process.stdout.write('"}]}}\n');
    return forever();
  },
  broken: () => {
    process.stdout.write('{"jsonrpc":"2.0","result":{"content":\n');
    return forever();
  },
  flood: () => {
    const line = `${"lava ".repeat(50)}\n`;
    for (let count = 0; count < 100_000; count += 1) process.stderr.write(line);
    return text("still here");
  },
  refuse: () => {
    throw new McpError(-32602, "the text is missing");
  },
  fail: () => ({ ...text("it did not work"), isError: true }),
  progress: async (_, { sendNotification, _meta }) => {
    const params = { progressToken: _meta.progressToken, progress: 1, total: 2, message: "half of it" };
    await sendNotification({ method: "notifications/progress", params });
    // The SDK drops progress that comes together with the answer: an answer to this means that it was heard.
    await server.ping();
    return text("all of it");
  },
  media: () => ({
    content: [
      { type: "image", data: "iVBORw0KGgo=", mimeType: "image/png" },
      { type: "image", data: "PHN2Zy8+", mimeType: "image/svg+xml" },
      { type: "audio", data: "UklGRg==", mimeType: "audio/wav" },
      { type: "resource", resource: { uri: "file:///a.pdf", mimeType: "application/pdf", blob: "JVBERi0=" } },
      { type: "resource", resource: { uri: "file:///a.txt", mimeType: "text/plain", text: "a text" } },
      { type: "resource", resource: { uri: "file:///a.bin", mimeType: "application/zip", blob: "AAAA" } },
      { type: "resource_link", uri: "file:///b.txt", name: "b" },
    ],
  }),
  busy: async ({ times, everyMs }, { sendNotification, _meta }) => {
    for (let progress = 1; progress <= times; progress += 1) {
      await delay(everyMs);
      const params = { progressToken: _meta.progressToken, progress };
      await sendNotification({ method: "notifications/progress", params });
    }
    return text("done");
  },
  long: ({ megabytes }) => text("x".repeat(megabytes * 1024 * 1024)),
  mumble: async ({ megabytes }) => {
    await new Promise((resolve) => process.stderr.write(`${"m".repeat(megabytes * 1024 * 1024)}\n`, resolve));
    return text("said");
  },
  odd: (_, { requestId }) => {
    const answer = { jsonrpc: "2.0", id: requestId, result: { content: "no list" } };
    process.stdout.write(`${JSON.stringify(answer)}\n`);
    return forever();
  },
  structured: () => ({ content: [], structuredContent: { answer: 42 } }),
  nothing: () => ({ content: [] }),
};

const children = [];
if (has("pid-file")) appendFileSync(switches.get("pid-file"), `${process.pid}\n`);
if (has("child")) {
  // A child that is as deaf as its parent, and says when it is.
  const script = "process.on('SIGTERM', () => {}); console.log('ready'); setInterval(() => {}, 1000);";
  const child = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  children.push(child.pid);
  if (has("pid-file")) appendFileSync(switches.get("pid-file"), `${child.pid}\n`);
  await once(child.stdout, "data");
}
if (has("deaf")) {
  process.on("SIGTERM", () => undefined);
  setInterval(() => undefined, 1_000);
}
for (let count = 0; count < numberOf("flood"); count += 1)
  process.stderr.write(`line ${count} ${"lava ".repeat(20)}\n`);
if (has("dies")) {
  await new Promise((resolve) => process.stderr.write("no config found\n", resolve));
  process.exit(3);
}
if (has("slow")) await forever();
if (has("banner")) process.stdout.write("> server@1.0.0 start\n\nListening.\n");
if (has("garbage")) {
  process.stdout.write("Welcome to the server!\n");
  await forever();
}
if (has("garbage-for-ever")) {
  for (;;) if (!process.stdout.write("Welcome to the server!\n")) await once(process.stdout, "drain");
}
if (has("error")) {
  process.stdin.once("data", () => {
    process.stdout.write(
      `${JSON.stringify({ jsonrpc: "2.0", id: 0, error: { code: -32000, message: "no licence" } })}\n`,
    );
  });
  await forever();
}

const server = new Server({ name: "test-server", version: "1.2.3" }, { capabilities: { tools: {} } });
server.setRequestHandler(ListToolsRequestSchema, () => ({
  tools: has("odd-tools")
    ? [{ name: "odd", inputSchema: { type: "string" } }, { description: "no name" }, ...tools]
    : tools,
}));
server.setRequestHandler(CallToolRequestSchema, async ({ params: { name, arguments: args = {} } }, extra) => {
  const action = actions[name] ?? (() => text(name));
  return await action(args, extra);
});
await server.connect(new StdioServerTransport());
if (!has("deaf")) process.stdin.on("end", () => process.exit(0));
