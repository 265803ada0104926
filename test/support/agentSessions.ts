/** Session files of coding agents as the programs write them, record by record. */

const startedAt = Date.parse("2026-03-01T09:00:00.000Z");

/** Seconds after the beginning of the session. */
export function at(seconds: number): string {
  return new Date(startedAt + seconds * 1000).toISOString();
}

export function jsonLines(...records: unknown[]): string {
  return records.map((record) => `${JSON.stringify(record)}\n`).join("");
}

export const claudeSession = "6f0c2f0e-1111-4a52-9c0f-000000000001";

/** A record of Claude Code; each follows the one before it. */
export class ClaudeRecords {
  private count = 0;
  private last: string | null = null;

  constructor(private readonly common: object = {}) {}

  record(seconds: number, type: string, fields: object): object {
    this.count += 1;
    const uuid = `${type}-${this.count}`;
    const record = {
      ...{ parentUuid: this.last, isSidechain: false, userType: "external", cwd: "/home/dev/shop" },
      ...{ sessionId: claudeSession, version: "2.1.0", gitBranch: "main", type, ...fields },
      ...{ uuid, timestamp: at(seconds), ...this.common },
    };
    this.last = uuid;
    return record;
  }

  user(seconds: number, content: unknown, fields: object = {}): object {
    return this.record(seconds, "user", { message: { role: "user", content }, ...fields });
  }

  result(
    seconds: number,
    id: string,
    content: unknown,
    { isError = false, toolUseResult = undefined }: { isError?: boolean; toolUseResult?: unknown } = {},
  ): object {
    const block = { tool_use_id: id, type: "tool_result", content, ...(isError && { is_error: true }) };
    return this.user(seconds, [block], { toolUseResult });
  }

  answer(seconds: number, id: string, block: object, message: object = {}, fields: object = {}): object {
    return this.record(seconds, "assistant", {
      message: {
        ...{ model: "claude-x", id, type: "message", role: "assistant", content: [block], stop_reason: "tool_use" },
        usage: { input_tokens: 4, cache_creation_input_tokens: 10, cache_read_input_tokens: 100, output_tokens: 20 },
        ...message,
      },
      ...{ requestId: `req-${id}`, ...fields },
    });
  }

  say(seconds: number, id: string, text: string, message: object = {}): object {
    return this.answer(seconds, id, { type: "text", text }, { stop_reason: "end_turn", ...message });
  }

  call(seconds: number, id: string, toolId: string, name: string, input: object = {}): object {
    return this.answer(seconds, id, { type: "tool_use", id: toolId, name, input });
  }
}

export const codexSession = "019a0000-0000-7000-8000-000000000001";

export function codexLine(seconds: number, type: string, payload: object): object {
  return { timestamp: at(seconds), type, payload };
}

export function codexMeta(more: object = {}): object {
  const meta = { id: codexSession, timestamp: at(0), cwd: "/home/dev/shop", originator: "codex_cli_rs" };
  return codexLine(0, "session_meta", { ...meta, cli_version: "0.60.0", source: "cli", ...more });
}

export const codexItem = (seconds: number, type: string, more: object) =>
  codexLine(seconds, "response_item", { type, ...more });
export const codexEvent = (seconds: number, type: string, more: object = {}) =>
  codexLine(seconds, "event_msg", { type, ...more });

export function codexMessage(seconds: number, role: string, text: string): object {
  const part = { type: role === "assistant" ? "output_text" : "input_text", text };
  return codexItem(seconds, "message", { role, content: [part] });
}

export function codexTokens(seconds: number, last: [input: number, output: number], total: number): object {
  const usage = ([input, output]: [number, number]) => ({
    ...{ input_tokens: input, cached_input_tokens: 5, output_tokens: output, reasoning_output_tokens: 1 },
    total_tokens: input + output,
  });
  const info = { total_token_usage: { ...usage([total, 0]) }, last_token_usage: usage(last) };
  return codexEvent(seconds, "token_count", { info: { ...info, model_context_window: 272000 }, rate_limits: null });
}

export const geminiSession = "8a1b2c3d-0000-4000-8000-000000000001";

export function geminiHeading(): object {
  return {
    ...{ sessionId: geminiSession, projectHash: "0123456789abcdef" },
    ...{ startTime: at(0), lastUpdated: at(60) },
  };
}

export function geminiMessage(seconds: number, id: string, type: string, content: unknown, more: object = {}): object {
  return { id, timestamp: at(seconds), type, content, ...more };
}

export function geminiTokens(input: number, output: number, thoughts = 0): object {
  return { tokens: { input, output, cached: 0, thoughts, tool: 0, total: input + output + thoughts } };
}
