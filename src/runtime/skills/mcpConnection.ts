/** A connection to an MCP server through the official SDK. Always import this module dynamically: the SDK is large. */
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { SSEClientTransport } from "@modelcontextprotocol/sdk/client/sse.js";
import { StreamableHTTPClientTransport, StreamableHTTPError } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import { ErrorCode, McpError } from "@modelcontextprotocol/sdk/types.js";
import * as z from "zod";
import { codeOf, messageOf } from "../../base/errors";
import { raceAbort } from "../../base/raceAbort";
import { within } from "../../base/within";
import { oneLine } from "../../model/plainText";
import type { Reaper } from "../reaper";
import { ToolError } from "../tools/tool";
import { ConnectionLost } from "./connectionLost";
import { guardFetch } from "./guardFetch";
import type { McpLimits } from "./mcpLimits";
import { type McpTool, readTool } from "./mcpTool";
import type { ServerLog } from "./serverLog";
import type { ServerAddress, ServerCommand, ServerTarget } from "./serverTarget";
import { StdioTransport } from "./stdioTransport";

export interface McpConnection {
  readonly transport: "stdio" | "sse" | "http";
  /** Name and version, as the server says. */
  readonly server: string | undefined;
  readonly tools: readonly McpTool[];
  /** Set once it has ended. */
  readonly ending: Ending | undefined;
  /** Throws `ToolError`, or `ConnectionLost` where the connection ended over it. */
  call(tool: string, args: Record<string, unknown>, options: CallOptions): Promise<unknown>;
  /** Resolves when nothing of it is left. Never rejects. */
  close(reason: string): Promise<void>;
}

export interface Ending {
  /** A sentence or two. */
  reason: string;
  /** We ended it. */
  isOurs: boolean;
}

export interface CallOptions {
  signal: AbortSignal;
  onProgress(text: string): void;
}

export interface ConnectOptions {
  cwd: string;
  reaper: Reaper;
  limits: McpLimits;
  log: ServerLog;
  runtimeVersion: string;
  signal: AbortSignal;
  /** Hears when the connection has ended, where it came about. */
  onEnd(): void;
}

/** Rejects with an error whose message says why there is no connection. */
export async function openConnection(target: ServerTarget, options: ConnectOptions): Promise<McpConnection> {
  const { connectMs, downloadMs } = options.limits;
  const ms = target.kind === "command" && target.isDownload ? downloadMs : connectMs;
  const deadline = new AbortController();
  const late = new Error(`It was not ready within ${ms / 1000} s.`);
  const timer = setTimeout(() => deadline.abort(late), ms);
  try {
    const signal = AbortSignal.any([options.signal, deadline.signal]);
    return await (target.kind === "command"
      ? connectCommand(target, options, signal)
      : connectAddress(target, options, signal));
  } finally {
    clearTimeout(timer);
  }
}

async function connectCommand(
  target: ServerCommand,
  options: ConnectOptions,
  signal: AbortSignal,
): Promise<McpConnection> {
  const { log } = options;
  const transport = new StdioTransport({ ...options, ...target });
  const endingOf = (): Ending | undefined => {
    const { reason, isOurs = false } = transport.ending ?? {};
    return reason === undefined ? undefined : { reason: isOurs ? reason : reason + log.lastWords(), isOurs };
  };
  return await new SdkConnection("stdio", transport, endingOf, options).connect(signal);
}

/** As the protocol wants it: streamable HTTP, and where the server does not know that, SSE. */
async function connectAddress(
  { url }: ServerAddress,
  options: ConnectOptions,
  signal: AbortSignal,
): Promise<McpConnection> {
  try {
    return await overHttp("http", url, options).connect(signal);
  } catch (error) {
    if (!(error instanceof StreamableHTTPError) || !isUnknownThere(error.code)) throw explained(error);
    const first = `Over streamable HTTP it answered ${error.code}`;
    try {
      return await overHttp("sse", url, options).connect(signal);
    } catch (second) {
      signal.throwIfAborted();
      throw new Error(`${first}; over SSE: ${explained(second).message}`, { cause: second });
    }
  }
}

/** Not so for a missing login or too many requests: over SSE that would be no other. */
function isUnknownThere(status: number | undefined): boolean {
  return status !== undefined && status >= 400 && status < 500 && ![401, 403, 429].includes(status);
}

function overHttp(kind: "http" | "sse", url: URL, options: ConnectOptions): SdkConnection {
  const limit = options.limits.messageBytes;
  const fetch = guardFetch({
    ...{ transport: kind, limit },
    onLost: (reason, isOurs) => connection.lose({ reason, isOurs }),
  });
  const transport =
    kind === "http" ? new StreamableHTTPClientTransport(url, { fetch }) : new SSEClientTransport(url, { fetch });
  const connection = new SdkConnection(kind, transport, () => undefined, options);
  return connection;
}

class SdkConnection implements McpConnection {
  tools: readonly McpTool[] = [];
  ending: Ending | undefined;
  private readonly client: Client;
  private readonly ended = Promise.withResolvers<void>();
  private closing: Promise<void> | undefined;
  private isMade = false;
  /** What `close` was called for. */
  private asked: Ending | undefined;

  constructor(
    readonly transport: McpConnection["transport"],
    private readonly wire: Transport,
    private readonly endingOf: () => Ending | undefined,
    private readonly options: ConnectOptions,
  ) {
    this.client = new Client({ name: "runtrail", version: options.runtimeVersion }, { capabilities: {} });
    this.client.onclose = () => this.end(endedByServer);
  }

  get server(): string | undefined {
    const info = this.client.getServerVersion();
    return info && oneLine(`${info.name} ${info.version}`, 200);
  }

  async connect(signal: AbortSignal): Promise<this> {
    const { log, signal: cancelled } = this.options;
    try {
      await raceAbort(this.handshake(), signal);
      this.isMade = true;
      return this;
    } catch (error) {
      // A process that does not listen any more is known by its end a moment later.
      if (codeOf(error) === "EPIPE") await within(settleMs, this.ended.promise);
      const { ending } = this;
      await this.close("It was closed.");
      cancelled.throwIfAborted();
      if (signal.aborted) throw new Error(messageOf(signal.reason) + log.lastWords());
      // The SDK ends a connection that cannot be made: why, the error says better.
      throw ending && ending !== endedByServer ? new Error(ending.reason, { cause: error }) : error;
    }
  }

  async call(tool: string, args: Record<string, unknown>, options: CallOptions): Promise<unknown> {
    const { callMs, totalCallMs } = this.options.limits;
    const { signal, onProgress } = options;
    // A controller of its own: the SDK never takes its listener off the signal it is given.
    const cancel = new AbortController();
    const onAbort = () => cancel.abort(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) onAbort();
    try {
      return await this.client.request({ method: "tools/call", params: { name: tool, arguments: args } }, AnyResult, {
        ...{ signal: cancel.signal, timeout: callMs, maxTotalTimeout: totalCallMs, resetTimeoutOnProgress: true },
        onprogress: (progress) => onProgress(progressText(progress)),
      });
    } catch (error) {
      signal.throwIfAborted();
      throw await this.failureOf(error, tool);
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  close(reason: string): Promise<void> {
    this.asked ??= { reason, isOurs: true };
    this.closing ??= this.shutDown();
    return this.closing;
  }

  lose(ending: Ending): void {
    this.end(ending);
    this.closing ??= this.shutDown();
  }

  private async handshake(): Promise<void> {
    // The time for it is measured outside.
    await this.client.connect(this.wire, { timeout: longestTimerMs });
    this.tools = await this.listTools();
  }

  private async listTools(): Promise<McpTool[]> {
    const tools: McpTool[] = [];
    let cursor: string | undefined;
    for (let page = 0; page < mostPages && tools.length < mostTools; page += 1) {
      const params = cursor === undefined ? {} : { cursor };
      const answer = await this.client
        .request({ method: "tools/list", params }, ToolList, { timeout: longestTimerMs })
        .catch((error: unknown) => {
          if (error instanceof McpError && error.code === ErrorCode.MethodNotFound) return { tools: [] };
          throw error;
        });
      tools.push(...answer.tools.flatMap((each) => readTool(each) ?? []));
      cursor = "nextCursor" in answer ? answer.nextCursor : undefined;
      if (cursor === undefined) break;
    }
    return tools.slice(0, mostTools);
  }

  private async failureOf(error: unknown, tool: string): Promise<Error> {
    const isAnswer = error instanceof McpError && !(error.code === ErrorCode.ConnectionClosed && this.ending);
    if (isAnswer) {
      const isLate = error.code === ErrorCode.RequestTimeout && !this.ending && isOurTimeout(error.data);
      if (isLate) return new ToolError(`${tool} gave no answer for ${this.options.limits.callMs / 1000} s.`);
      // Servers made with the SDK repeat the words that stand before their own.
      const words = error.message.replace(/^(MCP error -?\d+: )\1+/u, "$1");
      return new ToolError(words.slice(0, longestFault));
    }
    // A process that is about to end is known by its end a moment later.
    await within(settleMs, this.ended.promise);
    this.lose({ reason: explained(error).message, isOurs: false });
    return new ConnectionLost(this.ending?.reason, { cause: error });
  }

  private async shutDown(): Promise<void> {
    if (this.wire instanceof StreamableHTTPClientTransport && !this.ending) {
      await within(
        politeMs,
        this.wire.terminateSession().catch(() => undefined),
      );
    }
    await this.wire.close().catch(() => undefined);
    this.end(endedByServer);
  }

  private end(ending: Ending): void {
    if (this.ending) return;
    const own = this.endingOf();
    // How a process ended by itself says more than that the connection is gone, but not where we asked it to end.
    this.ending = own && !own.isOurs ? own : (this.asked ?? own ?? ending);
    this.ended.resolve();
    if (this.isMade) this.options.onEnd();
  }
}

const endedByServer: Ending = { reason: "It ended the connection.", isOurs: false };
const AnyResult = z.looseObject({});
const ToolList = z.looseObject({ tools: z.array(z.unknown()), nextCursor: z.string().optional() });

function isOurTimeout(data: unknown): boolean {
  return typeof data === "object" && data !== null && ("timeout" in data || "maxTotalTimeout" in data);
}

function progressText({ progress, total, message }: { progress: number; total?: number; message?: string }): string {
  if (message) return oneLine(message, 500);
  return total === undefined ? String(progress) : `${progress} of ${total}`;
}

/** With the system's reason, which `fetch` hides behind “fetch failed”. */
function explained(error: unknown): Error {
  if (error instanceof StreamableHTTPError && error.code !== undefined && error.code > 0) {
    return new Error(`It answered with HTTP status ${error.code}: ${oneLine(error.message, 300)}.`, { cause: error });
  }
  const source = error instanceof Error && error.cause !== undefined ? error.cause : error;
  const words = oneLine(messageOf(source), 500).replace(/\.$/u, "");
  const code = codeOf(source);
  return new Error(code && !words.includes(code) ? `${words} (${code}).` : `${words}.`, { cause: error });
}

const longestTimerMs = 2 ** 31 - 1;
const mostPages = 100;
const mostTools = 1_000;
const longestFault = 4_000;
const settleMs = 500;
const politeMs = 1_000;
