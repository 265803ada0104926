/** Tokens as each coding agent counts them, in our count: all input, with what of it came from a cache. */
import type { Usage } from "../../model/usage";
import { countOf, fieldsOf } from "./fields";

/** Anthropic's: what was read from the cache and written into it stands beside the input. */
export function claudeUsage(value: unknown): Usage | undefined {
  const fields = fieldsOf(value);
  const input = countOf(fields.input_tokens);
  const output = countOf(fields.output_tokens);
  const read = countOf(fields.cache_read_input_tokens);
  const written = countOf(fields.cache_creation_input_tokens);
  if (input === undefined && output === undefined) return undefined;
  return usageOf({ input: (input ?? 0) + (read ?? 0) + (written ?? 0), output, cached: read, written });
}

/** A total that leaves out what the cache did: that is taken from its parts. */
export function claudeTotal(value: unknown, parts: Usage | undefined): Usage | undefined {
  const fields = fieldsOf(value);
  return claudeUsage({
    ...fields,
    cache_read_input_tokens: fields.cache_read_input_tokens ?? parts?.cachedInputTokens,
    cache_creation_input_tokens: fields.cache_creation_input_tokens ?? parts?.cacheWriteTokens,
  });
}

/** OpenAI's: the input includes the cached, the output the reasoning. */
export function codexUsage(value: unknown): Usage | undefined {
  const fields = fieldsOf(value);
  const input = countOf(fields.input_tokens);
  const output = countOf(fields.output_tokens);
  if (input === undefined && output === undefined) return undefined;
  return usageOf({
    ...{ input, output, total: countOf(fields.total_tokens) },
    ...{ cached: countOf(fields.cached_input_tokens), reasoning: countOf(fields.reasoning_output_tokens) },
  });
}

/** Of the sums that Gemini CLI prints; the total has its thoughts too. */
export function geminiTotal(value: unknown): Usage | undefined {
  const fields = fieldsOf(value);
  const input = countOf(fields.input_tokens);
  const output = countOf(fields.output_tokens);
  if (input === undefined && output === undefined) return undefined;
  return usageOf({ input, output, total: countOf(fields.total_tokens), cached: countOf(fields.cached) });
}

/** Of a message that Gemini CLI saved: the thoughts stand beside the output. */
export function geminiUsage(value: unknown): Usage | undefined {
  const fields = fieldsOf(value);
  const input = countOf(fields.input);
  const output = countOf(fields.output);
  if (input === undefined && output === undefined) return undefined;
  const thoughts = countOf(fields.thoughts);
  return usageOf({
    ...{ input: (input ?? 0) + (countOf(fields.tool) ?? 0), output: (output ?? 0) + (thoughts ?? 0) },
    ...{ total: countOf(fields.total), cached: countOf(fields.cached), reasoning: thoughts },
  });
}

interface Counts {
  input?: number | undefined;
  output?: number | undefined;
  total?: number | undefined;
  cached?: number | undefined;
  written?: number | undefined;
  reasoning?: number | undefined;
}

function usageOf({ input = 0, output = 0, total, cached, written, reasoning }: Counts): Usage | undefined {
  const totalTokens = total ?? input + output;
  if (!Number.isSafeInteger(totalTokens)) return undefined;
  return {
    ...{ inputTokens: input, outputTokens: output, totalTokens },
    ...(reasoning !== undefined && { reasoningTokens: reasoning }),
    ...(cached !== undefined && { cachedInputTokens: cached }),
    ...(written !== undefined && { cacheWriteTokens: written }),
  };
}
