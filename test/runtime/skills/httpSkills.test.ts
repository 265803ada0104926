import { describe, expect, it } from "vitest";
import type { Skill } from "../../../src/model/definition";
import { type HttpServerOptions, type McpHttpServer, startMcpHttpServer } from "../../support/mcpHttpServer";
import { waitUntil } from "../../support/waitUntil";
import { type SkillBench, skillBench } from "./skillBench";

function skillAt(endpoint: string): Skill {
  return { type: "mcpSseSkill", endpoint };
}

async function start(options: HttpServerOptions): Promise<{ server: McpHttpServer; bench: SkillBench }> {
  const server = await startMcpHttpServer(options);
  return { server, bench: await skillBench({ web: skillAt(server.endpoint) }) };
}

async function failure(work: Promise<unknown>): Promise<Error> {
  return await work.then(
    () => new Error("It did not fail."),
    (thrown: Error) => thrown,
  );
}

describe("a skill over HTTP", () => {
  it.each([
    ["http", "http", { transport: "http" }],
    ["http with JSON answers", "http", { transport: "http", isJson: true }],
    ["sse, where the server knows nothing else", "sse", { transport: "sse" }],
  ] as const)("speaks %s", async (_, transport, options) => {
    const { bench } = await start(options);
    const session = await bench.open();
    expect(session.tools.map(({ tool }) => tool.definition.name)).toEqual(["echo", "hang", "big"]);
    expect(await bench.text("echo", { text: "hello" })).toBe("hello");
    await session.close();
    expect(bench.events).toEqual([
      {
        ...{ type: "connectSkill", skill: "web", transport, server: "http-server 2.0.0" },
        ...{ durationMs: expect.any(Number), tools: ["echo", "hang", "big"] },
      },
      { type: "disconnectSkill", skill: "web", reason: "The run ended." },
    ]);
  });

  it("ends its session at the server", async () => {
    const { server, bench } = await start({ transport: "http" });
    await (await bench.open()).close();
    expect(server.requests).toContain("DELETE /mcp");
  });

  it("sends nothing of the environment", async () => {
    const server = await startMcpHttpServer({ transport: "http" });
    const bench = await skillBench({ web: skillAt(server.endpoint) }, { env: { TOKEN: "very-secret" } });
    await bench.call("echo", { text: "hello" });
    expect(JSON.stringify(server.headers)).not.toContain("very-secret");
  });

  it.each(["http", "sse"] as const)("over %s ends in a tool error where the answer has 50 MB", async (transport) => {
    const { bench } = await start({ transport });
    const error = await failure(bench.call("big"));
    expect(error.name).toBe("ToolError");
    expect(error.message).toContain("It sent a message of more than 16 MB.");
    expect(await bench.text("echo", { text: "again" })).toBe("again");
  });

  it("also where that is one JSON text", async () => {
    const { bench } = await start({ transport: "http", isJson: true });
    expect((await failure(bench.call("big"))).message).toContain("It sent a message of more than 16 MB.");
  });

  it.each(["http", "sse"] as const)("over %s ends in an error where the server dies over a call", async (transport) => {
    const { server, bench } = await start({ transport });
    await bench.open();
    const before = server.requests.length;
    const call = failure(bench.call("hang"));
    await waitUntil("the call", () => server.requests.length > before);
    await server.kill();
    expect((await call).name).toBe("ToolError");
    await failure(bench.call("echo"));
    expect((await failure(bench.call("echo"))).name).toBe("SkillUnavailable");
  });

  it("ends in a tool error where the server ends its stream without an answer", async () => {
    const { bench } = await start({
      transport: "http",
      intercept(_request, response, body) {
        if (!body.includes('"tools/call"')) return false;
        response.writeHead(200, { "content-type": "text/event-stream" }).end(": nothing\n\n");
        return true;
      },
    });
    expect(await failure(bench.call("echo"))).toMatchObject({
      name: "ToolError",
      message: expect.stringContaining("It ended the connection without an answer."),
    });
  });

  it("ends in a tool error where the stream breaks off and cannot be gone on with", async () => {
    const { server, bench } = await start({
      transport: "http",
      intercept(request, response, body) {
        if (request.headers["last-event-id"] !== undefined) {
          response.writeHead(400).end();
          return true;
        }
        if (!body.includes('"tools/call"')) return false;
        response.writeHead(200, { "content-type": "text/event-stream" });
        response.write("id: 7\nretry: 1\ndata:\n\n", () => response.destroy());
        return true;
      },
    });
    expect(await failure(bench.call("echo"))).toMatchObject({
      name: "ToolError",
      message: expect.stringContaining("It could not be reached again after the connection broke off."),
    });
    expect(server.headers.some((headers) => headers["last-event-id"] === "7")).toBe(true);
  });

  it("ends in a tool error where the answer is a failure of the server", async () => {
    const { bench } = await start({
      transport: "http",
      intercept(_request, response, body) {
        if (!body.includes('"tools/call"')) return false;
        response.writeHead(500).end("out of luck");
        return true;
      },
    });
    expect(await failure(bench.call("echo"))).toMatchObject({
      name: "ToolError",
      message: expect.stringContaining("It answered with HTTP status 500"),
    });
  });

  it.each([
    ["refuses it", 401, "It answered with HTTP status 401"],
    ["is broken", 500, "It answered with HTTP status 500"],
    ["has nothing there", 404, "Over streamable HTTP it answered 404; over SSE:"],
  ])("is unavailable where the server %s", async (_, status, words) => {
    const { bench } = await start({
      transport: "http",
      intercept(_request, response) {
        response.writeHead(status).end("no");
        return true;
      },
    });
    const error = await failure(bench.open());
    expect(error.name).toBe("SkillUnavailable");
    expect(error.message).toContain(words);
  });

  it("is unavailable where nobody listens", async () => {
    const { server, bench } = await start({ transport: "http" });
    await server.kill();
    expect(await failure(bench.open())).toMatchObject({
      name: "SkillUnavailable",
      message: expect.stringContaining("ECONNREFUSED"),
    });
  });

  it.each(["http", "sse"] as const)("is unavailable where a server over %s never answers", async (transport) => {
    const server = await startMcpHttpServer({
      transport,
      intercept: (request) => transport === "http" || request.method === "GET",
    });
    const bench = await skillBench({ web: skillAt(server.endpoint) }, { limits: { connectMs: 300 } });
    expect(await failure(bench.open())).toMatchObject({
      name: "SkillUnavailable",
      message: expect.stringContaining("It was not ready within 0.3 s."),
    });
  });

  it("follows no redirect to another place", async () => {
    const target = await startMcpHttpServer({ transport: "http" });
    const { bench } = await start({
      transport: "http",
      intercept(_request, response) {
        response.writeHead(307, { location: target.endpoint }).end();
        return true;
      },
    });
    expect((await failure(bench.open())).name).toBe("SkillUnavailable");
    expect(target.requests).toEqual([]);
  });

  it("is not tried over plain http at another machine", async () => {
    const bench = await skillBench({ web: skillAt("http://example.com/mcp") });
    expect(await failure(bench.open())).toMatchObject({
      name: "SkillUnavailable",
      message:
        "The endpoint of the skill “web” cannot be used. It must begin with https://: plain http is for servers on this machine only.",
    });
  });

  it("ends at once where the run is cancelled", async () => {
    const { server, bench } = await start({ transport: "http" });
    await bench.open();
    const controller = new AbortController();
    const before = server.requests.length;
    const call = failure(bench.call("hang", {}, controller.signal));
    await waitUntil("the call", () => server.requests.length > before);
    controller.abort(new Error("The run was cancelled."));
    expect((await call).message).toBe("The run was cancelled.");
  });
});
