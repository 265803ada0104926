/** An answer as Amazon Bedrock streams it: events of Converse in the binary frames of AWS' event stream. */
import { crc32 } from "node:zlib";
import { type Answer, callArguments, halves, type WireAnswer } from "./modelServerScript";

export function bedrockAnswer(answer: Answer): WireAnswer {
  return {
    contentType: "application/vnd.amazon.eventstream",
    chunks: converseEvents(answer).map(([type, payload]) => eventFrame(type, JSON.stringify(payload))),
    errorChunk: ({ type = "serviceUnavailableException", message }) =>
      frame({ ":message-type": "exception", ":exception-type": type }, JSON.stringify({ message })),
    malformedChunk: eventFrame("contentBlockDelta", '{"contentBlockInd'),
  };
}

type ConverseEvent = [type: string, payload: Record<string, unknown>];

function converseEvents({ turn, calls, pieces, usage }: Answer): ConverseEvent[] {
  const events: ConverseEvent[] = [["messageStart", { role: "assistant" }]];
  let contentBlockIndex = 0;
  const block = (start: Record<string, unknown> | undefined, deltas: Record<string, unknown>[]) => {
    if (start) events.push(["contentBlockStart", { contentBlockIndex, start }]);
    for (const delta of deltas) events.push(["contentBlockDelta", { contentBlockIndex, delta }]);
    events.push(["contentBlockStop", { contentBlockIndex }]);
    contentBlockIndex += 1;
  };
  if (turn.reasoning !== undefined) {
    const deltas = [
      ...halves(turn.reasoning).map((text) => ({ text })),
      { signature: `signature of ${turn.reasoning}` },
    ];
    block(
      undefined,
      deltas.map((reasoningContent) => ({ reasoningContent })),
    );
  }
  if (pieces.length > 0) {
    block(
      undefined,
      pieces.map((text) => ({ text })),
    );
  }
  for (const call of calls) {
    block(
      { toolUse: { toolUseId: call.id, name: call.name } },
      halves(callArguments(call)).map((input) => ({ toolUse: { input } })),
    );
  }
  events.push(["messageStop", { stopReason: turn.length ? "max_tokens" : calls.length > 0 ? "tool_use" : "end_turn" }]);
  if (usage) {
    const [read, written] = [usage.cachedInputTokens ?? 0, usage.cacheWriteTokens ?? 0];
    const tokens = {
      inputTokens: usage.inputTokens - read - written,
      outputTokens: usage.outputTokens,
      totalTokens: usage.inputTokens + usage.outputTokens,
      cacheReadInputTokens: read,
      cacheWriteInputTokens: written,
    };
    events.push(["metadata", { usage: tokens, metrics: { latencyMs: 1 } }]);
  }
  return events;
}

function eventFrame(type: string, payload: string): Uint8Array {
  return frame({ ":message-type": "event", ":event-type": type, ":content-type": "application/json" }, payload);
}

/** Lengths, their checksum, headers (each a name and a text), the payload, and the checksum of it all. */
function frame(headers: Readonly<Record<string, string>>, payload: string): Uint8Array {
  const head = Buffer.concat(
    Object.entries(headers).flatMap(([name, value]) => {
      const length = Buffer.alloc(2);
      length.writeUInt16BE(Buffer.byteLength(value));
      return [Buffer.from([Buffer.byteLength(name)]), Buffer.from(name), Buffer.from([7]), length, Buffer.from(value)];
    }),
  );
  const body = Buffer.from(payload);
  const prelude = Buffer.alloc(8);
  prelude.writeUInt32BE(16 + head.length + body.length, 0);
  prelude.writeUInt32BE(head.length, 4);
  const checked = Buffer.concat([prelude, checksum(prelude), head, body]);
  return Buffer.concat([checked, checksum(checked)]);
}

function checksum(bytes: Uint8Array): Buffer {
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(bytes));
  return sum;
}
