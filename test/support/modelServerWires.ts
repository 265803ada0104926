/** An answer as the chunks of each provider's stream, in the shapes their public references give. */
import { bedrockAnswer } from "./modelServerBedrock";
import {
  type Answer,
  type AnswerTurn,
  callArguments,
  halves,
  type ScriptedUsage,
  textPieces,
  type Wire,
  type WireAnswer,
} from "./modelServerScript";

export function encodeAnswer(wire: Wire, turn: AnswerTurn, index: number, model: string): WireAnswer {
  const answer: Answer = {
    turn,
    calls: (turn.toolCalls ?? []).map((call, position) => ({
      ...call,
      id: call.id ?? `call_${index + 1}_${position + 1}`,
    })),
    pieces: textPieces(turn.text),
    usage: turn.usage === null ? undefined : (turn.usage ?? { inputTokens: 10, outputTokens: 5 }),
    model,
  };
  switch (wire) {
    case "anthropic":
      return serverSentEvents(anthropicEvents(answer), ({ type, message }) =>
        named({ type: "error", error: { type: type ?? "overloaded_error", message } }),
      );
    case "responses":
      return serverSentEvents(responsesEvents(answer), ({ type, message }) =>
        data({ type: "error", sequence_number: 99, code: type ?? "server_error", message, param: null }),
      );
    case "chat":
      return serverSentEvents([...chatEvents(answer), "data: [DONE]\n\n"], ({ type, message }) =>
        data({ error: { message, type: type ?? "server_error", code: null, param: null } }),
      );
    case "google":
      return serverSentEvents(googleEvents(answer), ({ type, message }) =>
        data({ error: { code: 503, message, status: type ?? "UNAVAILABLE" } }),
      );
    case "ollama":
      return {
        contentType: "application/x-ndjson",
        chunks: ollamaLines(answer),
        errorChunk: ({ message }) => `${JSON.stringify({ error: message })}\n`,
        malformedChunk: `{"model":"x","mess\n`,
      };
    case "bedrock":
      return bedrockAnswer(answer);
  }
}

function serverSentEvents(chunks: string[], errorChunk: WireAnswer["errorChunk"]): WireAnswer {
  return { contentType: "text/event-stream", chunks, errorChunk, malformedChunk: `data: {"type":"content_blo\n\n` };
}

function data(value: unknown): string {
  return `data: ${JSON.stringify(value)}\n\n`;
}

/** With the event's name in front, as Anthropic and the Responses API do it. */
function named(value: { type: string } & Record<string, unknown>): string {
  return `event: ${value.type}\n${data(value)}`;
}

function anthropicEvents({ turn, calls, pieces, usage, model }: Answer): string[] {
  const cached = usage?.cachedInputTokens ?? 0;
  const written = usage?.cacheWriteTokens ?? 0;
  const input = {
    input_tokens: (usage?.inputTokens ?? 0) - cached - written,
    cache_read_input_tokens: cached,
    cache_creation_input_tokens: written,
  };
  const message = { id: "msg_1", type: "message", role: "assistant", model, content: [], stop_reason: null };
  const events = [named({ type: "message_start", message: { ...message, usage: { ...input, output_tokens: 1 } } })];
  let index = 0;
  const block = (start: Record<string, unknown>, deltas: Record<string, unknown>[]) => {
    events.push(named({ type: "content_block_start", index, content_block: start }));
    for (const delta of deltas) events.push(named({ type: "content_block_delta", index, delta }));
    events.push(named({ type: "content_block_stop", index }));
    index += 1;
  };
  if (turn.reasoning !== undefined) {
    block({ type: "thinking", thinking: "", signature: "" }, [
      ...halves(turn.reasoning).map((thinking) => ({ type: "thinking_delta", thinking })),
      { type: "signature_delta", signature: `signature of ${turn.reasoning}` },
    ]);
  }
  if (pieces.length > 0) {
    block(
      { type: "text", text: "" },
      pieces.map((text) => ({ type: "text_delta", text })),
    );
  }
  for (const call of calls) {
    block(
      { type: "tool_use", id: call.id, name: call.name, input: {} },
      halves(callArguments(call)).map((partial_json) => ({ type: "input_json_delta", partial_json })),
    );
  }
  const stop_reason = turn.length ? "max_tokens" : calls.length > 0 ? "tool_use" : "end_turn";
  const thinking = usage?.reasoningTokens;
  events.push(
    named({
      type: "message_delta",
      delta: { stop_reason, stop_sequence: null },
      usage: {
        output_tokens: usage?.outputTokens ?? 0,
        ...(thinking !== undefined && { output_tokens_details: { thinking_tokens: thinking } }),
      },
    }),
    named({ type: "message_stop" }),
  );
  return events;
}

function responsesEvents({ turn, calls, pieces, usage, model }: Answer): string[] {
  const response = { id: "resp_1", object: "response", created_at: 1_760_000_000, model };
  const events: string[] = [];
  let sequence_number = 0;
  const emit = (event: { type: string } & Record<string, unknown>) => {
    events.push(named({ ...event, sequence_number }));
    sequence_number += 1;
  };
  emit({ type: "response.created", response: { ...response, status: "in_progress" } });
  let output_index = 0;
  if (turn.reasoning !== undefined) {
    const item = { type: "reasoning", id: "rs_1", summary: [], encrypted_content: `sealed ${turn.reasoning}` };
    emit({ type: "response.output_item.added", output_index, item });
    for (const delta of halves(turn.reasoning)) {
      emit({ type: "response.reasoning_summary_text.delta", item_id: "rs_1", output_index, summary_index: 0, delta });
    }
    emit({ type: "response.output_item.done", output_index, item });
    output_index += 1;
  }
  if (pieces.length > 0) {
    const item = { type: "message", id: "msg_1", role: "assistant", content: [] };
    emit({ type: "response.output_item.added", output_index, item });
    for (const delta of pieces) {
      emit({ type: "response.output_text.delta", item_id: "msg_1", output_index, content_index: 0, delta });
    }
    emit({ type: "response.output_item.done", output_index, item });
    output_index += 1;
  }
  for (const call of calls) {
    const item_id = `fc_${call.id}`;
    const item = { type: "function_call", id: item_id, call_id: call.id, name: call.name };
    emit({ type: "response.output_item.added", output_index, item: { ...item, arguments: "" } });
    for (const delta of halves(callArguments(call))) {
      emit({ type: "response.function_call_arguments.delta", item_id, output_index, delta });
    }
    const done = { ...item, arguments: callArguments(call), status: "completed" };
    emit({ type: "response.output_item.done", output_index, item: done });
    output_index += 1;
  }
  const end = turn.length
    ? { type: "response.incomplete", status: "incomplete", incomplete_details: { reason: "max_output_tokens" } }
    : { type: "response.completed", status: "completed" };
  const { type, ...rest } = end;
  emit({ type, response: { ...response, ...rest, ...(usage && { usage: responsesUsage(usage) }) } });
  return events;
}

function responsesUsage(usage: ScriptedUsage): Record<string, unknown> {
  return {
    input_tokens: usage.inputTokens,
    input_tokens_details: {
      cached_tokens: usage.cachedInputTokens ?? 0,
      ...(usage.cacheWriteTokens !== undefined && { cache_write_tokens: usage.cacheWriteTokens }),
    },
    output_tokens: usage.outputTokens,
    output_tokens_details: { reasoning_tokens: usage.reasoningTokens ?? 0 },
    total_tokens: usage.inputTokens + usage.outputTokens,
  };
}

function chatEvents({ turn, calls, pieces, usage, model }: Answer): string[] {
  const chunk = (delta: Record<string, unknown>, finish_reason: string | null = null) =>
    data({
      id: "chatcmpl-1",
      object: "chat.completion.chunk",
      created: 1_760_000_000,
      model,
      choices: [{ index: 0, delta, finish_reason }],
    });
  const events = [chunk({ role: "assistant", content: "" })];
  for (const reasoning_content of halves(turn.reasoning ?? "")) events.push(chunk({ reasoning_content }));
  for (const content of pieces) events.push(chunk({ content }));
  calls.forEach((call, index) => {
    const [head = "", ...rest] = halves(callArguments(call));
    const start = { index, id: call.id, type: "function", function: { name: call.name, arguments: head } };
    events.push(chunk({ tool_calls: [start] }));
    for (const part of rest) events.push(chunk({ tool_calls: [{ index, function: { arguments: part } }] }));
  });
  events.push(chunk({}, turn.length ? "length" : calls.length > 0 ? "tool_calls" : "stop"));
  if (usage) {
    const tokens = {
      prompt_tokens: usage.inputTokens,
      completion_tokens: usage.outputTokens,
      total_tokens: usage.inputTokens + usage.outputTokens,
      prompt_cache_hit_tokens: usage.cachedInputTokens ?? 0,
      prompt_tokens_details: { cached_tokens: usage.cachedInputTokens ?? 0 },
      completion_tokens_details: { reasoning_tokens: usage.reasoningTokens ?? 0 },
    };
    events.push(data({ id: "chatcmpl-1", created: 1_760_000_000, model, choices: [], usage: tokens }));
  }
  return events;
}

function googleEvents({ turn, calls, pieces, usage, model }: Answer): string[] {
  const chunk = (parts: Record<string, unknown>[], finishReason?: string) =>
    data({
      candidates: [{ content: { role: "model", parts }, index: 0, ...(finishReason && { finishReason }) }],
      ...(finishReason && usage && { usageMetadata: googleUsage(usage) }),
      modelVersion: model,
    });
  return [
    ...halves(turn.reasoning ?? "").map((text) => chunk([{ text, thought: true }])),
    ...pieces.map((text) => chunk([{ text }])),
    ...calls.map((call) =>
      chunk([
        {
          functionCall: { id: call.id, name: call.name, args: call.args ?? {} },
          thoughtSignature: `signature of ${call.id}`,
        },
      ]),
    ),
    chunk([], turn.length ? "MAX_TOKENS" : "STOP"),
  ];
}

function googleUsage(usage: ScriptedUsage): Record<string, unknown> {
  const thoughts = usage.reasoningTokens ?? 0;
  return {
    promptTokenCount: usage.inputTokens,
    candidatesTokenCount: usage.outputTokens - thoughts,
    thoughtsTokenCount: thoughts,
    cachedContentTokenCount: usage.cachedInputTokens ?? 0,
    totalTokenCount: usage.inputTokens + usage.outputTokens,
  };
}

function ollamaLines({ turn, calls, pieces, usage, model }: Answer): string[] {
  const created_at = "2026-01-01T00:00:00Z";
  const line = (message: Record<string, unknown>, rest: Record<string, unknown> = {}) =>
    `${JSON.stringify({ model, created_at, message: { role: "assistant", content: "", ...message }, done: false, ...rest })}\n`;
  const tool_calls = calls.map((call) => ({ id: call.id, function: { name: call.name, arguments: call.args ?? {} } }));
  return [
    ...halves(turn.reasoning ?? "").map((thinking) => line({ thinking })),
    ...pieces.map((content) => line({ content })),
    ...(tool_calls.length > 0 ? [line({ tool_calls })] : []),
    line(
      {},
      {
        done: true,
        done_reason: turn.length ? "length" : "stop",
        ...(usage && { prompt_eval_count: usage.inputTokens, eval_count: usage.outputTokens }),
      },
    ),
  ];
}
