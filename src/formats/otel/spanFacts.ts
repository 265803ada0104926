/** What a span says of the agent, the generation or the tool call that it is: today's names and older ones. */
import type { FinishReason } from "../../model/events";
import type { ErrorClass, EventError } from "../../model/failure";
import { isRecord } from "../../model/toolText";
import type { Usage } from "../../model/usage";
import type { Span } from "./otlpSpan";
import { listOf, readCount, readNumber, readStructured } from "./otlpValue";

export type SpanRole = "agent" | "chat" | "tool" | "other";

const roles: Readonly<Record<string, SpanRole>> = {
  invoke_agent: "agent",
  invoke_workflow: "agent",
  chat: "chat",
  text_completion: "chat",
  generate_content: "chat",
  execute_tool: "tool",
  // OpenInference and Traceloop.
  AGENT: "agent",
  LLM: "chat",
  TOOL: "tool",
  agent: "agent",
  workflow: "agent",
  tool: "tool",
  completion: "chat",
};

export function roleOf({ attributes }: Span): SpanRole {
  const names = ["gen_ai.operation.name", "openinference.span.kind", "traceloop.span.kind", "llm.request.type"];
  for (const name of names) {
    const role = attributes.get(name);
    if (typeof role === "string") return roles[role] ?? "other";
  }
  return "other";
}

/** Whether it is about a model at all. */
export function isGenAi(span: Span): boolean {
  if (roleOf(span) !== "other") return true;
  return [...span.attributes.keys()].some((name) => name.startsWith("gen_ai."));
}

export function firstText(span: Span, ...names: string[]): string | undefined {
  for (const name of names) {
    const value = span.attributes.get(name);
    if (typeof value === "string" && value !== "") return value;
  }
  return undefined;
}

export function agentOf(span: Span): string | undefined {
  return firstText(span, "gen_ai.agent.name", "agent.name", "traceloop.entity.name", "gen_ai.workflow.name");
}

export function providerOf(span: Span): string | undefined {
  return firstText(span, "gen_ai.provider.name", "gen_ai.system", "llm.provider", "llm.system");
}

export function modelOf(span: Span): string | undefined {
  return firstText(span, "gen_ai.request.model", "gen_ai.response.model", "llm.model_name");
}

export function serviceOf({ resource }: Span): string | undefined {
  const name = resource.get("service.name");
  return typeof name === "string" && name !== "" && !name.startsWith("unknown_service") ? name : undefined;
}

/** Absent where a part of it is not known: what is not recorded is not 0. */
export function usageOf(span: Span): Usage | undefined {
  const count = (...names: string[]) => {
    for (const name of names) {
      const value = readCount(span.attributes.get(name));
      if (value !== undefined) return value;
    }
    return undefined;
  };
  const total = count("gen_ai.usage.total_tokens", "llm.usage.total_tokens", "llm.token_count.total");
  const input = count("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens", "llm.token_count.prompt");
  const output = count("gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens", "llm.token_count.completion");
  const missing = (part: number | undefined) =>
    total !== undefined && part !== undefined && total >= part ? total - part : undefined;
  const [inputTokens, outputTokens] = [input ?? missing(output), output ?? missing(input)];
  if (inputTokens === undefined || outputTokens === undefined) return undefined;
  const reasoning = count(
    "gen_ai.usage.reasoning.output_tokens",
    "gen_ai.usage.reasoning_tokens",
    "llm.token_count.completion_details.reasoning",
  );
  const cached = count(
    "gen_ai.usage.cache_read.input_tokens",
    "gen_ai.usage.cache_read_input_tokens",
    "llm.token_count.prompt_details.cache_read",
  );
  const written = count(
    "gen_ai.usage.cache_creation.input_tokens",
    "gen_ai.usage.cache_creation_input_tokens",
    "llm.token_count.prompt_details.cache_write",
  );
  return {
    ...{ inputTokens, outputTokens, totalTokens: total ?? inputTokens + outputTokens },
    ...(reasoning !== undefined && { reasoningTokens: reasoning }),
    ...(cached !== undefined && { cachedInputTokens: cached }),
    ...(written !== undefined && { cacheWriteTokens: written }),
  };
}

/** USD. */
export function costOf({ attributes }: Span): number | undefined {
  const cost = readNumber(attributes.get("gen_ai.usage.cost") ?? attributes.get("llm.cost.total"));
  return cost !== undefined && cost >= 0 ? cost : undefined;
}

export function finishReasonOf(span: Span, said: string | undefined): FinishReason {
  const recorded = listOf(readStructured(span.attributes.get("gen_ai.response.finish_reasons")))[0] ?? said;
  const word = typeof recorded === "string" ? recorded.toLowerCase() : "";
  if (/^(?:stop|end_turn|stop_sequence|completed?)$/u.test(word)) return "stop";
  if (/^(?:length|max_tokens|max_output_tokens)$/u.test(word)) return "length";
  if (/^(?:content_filter|safety|refusal)/u.test(word)) return "contentFilter";
  if (/^(?:tool_calls?|tool_use|function_call)$/u.test(word)) return "toolCalls";
  if (span.isError || word === "error") return "error";
  return "other";
}

/** The names of the tools that were offered. */
export function toolsOf({ attributes }: Span): string[] | undefined {
  const names = listOf(readStructured(attributes.get("gen_ai.tool.definitions"))).flatMap((tool) => {
    const named = isRecord(tool) && isRecord(tool.function) ? tool.function : tool;
    return isRecord(named) && typeof named.name === "string" ? [named.name] : [];
  });
  return names.length > 0 ? names : undefined;
}

/** What its status, its exception and `error.type` say; absent where it is no error. */
export function errorOf(span: Span): EventError | undefined {
  if (!span.isError) return undefined;
  const exception = span.events.find(({ name }) => name === "exception")?.attributes;
  const type = firstText(span, "error.type") ?? textIn(exception?.get("exception.type"));
  const message = span.message ?? textIn(exception?.get("exception.message")) ?? type ?? `${span.name} failed.`;
  const status = readCount(span.attributes.get("http.response.status_code") ?? type);
  const errorClass = classOf(`${type ?? ""} ${status ?? ""}`, roleOf(span));
  return {
    ...{ name: type ?? "Error", message, class: errorClass },
    ...(status !== undefined && status >= 100 && status < 600 && { statusCode: status }),
    isRetryable: /rate_limit|unavailable|timeout/u.test(errorClass),
  };
}

function classOf(type: string, role: SpanRole): ErrorClass {
  if (/cancel|abort/iu.test(type)) return "cancelled";
  if (/time_?out|deadline/iu.test(type)) return "timeout";
  if (role === "tool") return "tool_error";
  if (/rate_?limit|too_?many|quota|\b429\b/iu.test(type)) return "provider_rate_limit";
  if (/auth|permission|api_?key|\b40[13]\b/iu.test(type)) return "provider_auth";
  if (/unavailable|overloaded|connection|\b5\d\d\b/iu.test(type)) return "provider_unavailable";
  if (/bad_?request|invalid_?request|\b4\d\d\b/iu.test(type)) return "provider_bad_request";
  return "internal";
}

function textIn(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
