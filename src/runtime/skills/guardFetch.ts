/** `fetch` for MCP over HTTP, where the SDK would wait for ever or for too much: every answer has an end and a size. */
import type { FetchLike } from "@modelcontextprotocol/sdk/shared/transport.js";
import { messageOf } from "../../base/errors";
import { parseJson } from "../../base/lines";
import { isRecord } from "../../model/toolText";
import { EventScanner } from "./eventScanner";
import { megabytes } from "./stdioTransport";

export interface GuardOptions {
  transport: "http" | "sse";
  /** Bytes of a body, or of one event of a stream. */
  limit: number;
  /** The connection is of no use any more. `isOurs`: because we cannot bear it. */
  onLost(reason: string, isOurs: boolean): void;
}

export function guardFetch(options: GuardOptions): FetchLike {
  return async (url, init) => {
    const isResumption = new Headers(init?.headers).has("last-event-id");
    const lost = () => options.onLost("It could not be reached again after the connection broke off.", false);
    let response: Response;
    try {
      response = await fetch(url, init);
    } catch (error) {
      if (isResumption && !init?.signal?.aborted) lost();
      throw error;
    }
    if (isResumption && !response.ok) lost();
    const isRedirect = response.status >= 300 && response.status < 400;
    if (!response.body || isRedirect) return response;
    const { status, statusText, headers } = response;
    const guarded = guardBody(response.body, { ...options, ...kindOf(response), ...answerTo(init) });
    return new Response(guarded, { status, statusText, headers });
  };
}

interface Body {
  isEvents: boolean;
  /** Of the request that this body answers, where it answers one. */
  requestId?: string | number;
}

function kindOf({ headers }: Response): Pick<Body, "isEvents"> {
  return { isEvents: /^text\/event-stream\b/iu.test(headers.get("content-type") ?? "") };
}

function answerTo(init: RequestInit | undefined): Pick<Body, "requestId"> {
  const message = typeof init?.body === "string" ? parseJson(init.body) : undefined;
  if (!isRecord(message) || !("method" in message)) return {};
  const { id } = message;
  return typeof id === "string" || typeof id === "number" ? { requestId: id } : {};
}

function guardBody(body: ReadableStream<Uint8Array>, options: GuardOptions & Body): ReadableStream<Uint8Array> {
  const { isEvents, limit, onLost } = options;
  const reader = body.getReader();
  const scanner = new EventScanner();
  let size = 0;
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (done) return finish(controller, scanner, options, "It ended the connection without an answer.");
        size += value.length;
        const most = isEvents ? scanner.push(value) : size;
        if (most > limit) {
          void reader.cancel().catch(() => undefined);
          throw new TooLarge(`It sent a message of more than ${megabytes(limit)}.`);
        }
        controller.enqueue(value);
      } catch (error) {
        if (error instanceof TooLarge) onLost(error.message, true);
        else if (isEvents && isLastChance(scanner, options)) {
          return finish(controller, scanner, options, `The connection broke off: ${messageOf(error)}.`);
        }
        controller.error(error);
      }
    },
    cancel: (reason) => reader.cancel(reason),
  });
}

class TooLarge extends Error {
  override readonly name = "TooLarge";
}

/** Events with an id can be asked for again, which the SDK does; all others are lost with their connection. */
function isLastChance(scanner: EventScanner, { transport, requestId }: GuardOptions & Body): boolean {
  return transport === "sse" || (requestId !== undefined && !scanner.hasIds);
}

/** A stream that ends for good tells it to who waits for its answer; where that has come already, the SDK passes it over. */
function finish(
  controller: ReadableStreamDefaultController<Uint8Array>,
  scanner: EventScanner,
  options: GuardOptions & Body,
  reason: string,
): void {
  const { transport, isEvents, requestId, onLost } = options;
  if (isEvents && isLastChance(scanner, options)) {
    if (transport === "sse") onLost(reason, false);
    else {
      const error = { jsonrpc: "2.0", id: requestId, error: { code: connectionClosedCode, message: reason } };
      controller.enqueue(new TextEncoder().encode(`\n\nevent: message\ndata: ${JSON.stringify(error)}\n\n`));
    }
  }
  controller.close();
}

const connectionClosedCode = -32_000;
