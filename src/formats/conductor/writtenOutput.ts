/** What a run's agent said and did, as the lines that `claude --output-format stream-json` prints: Conductor Loop shows them. */
import { addUsage, noUsage } from "../../model/addUsage";
import type { EventOf, FinishReason, RunEvent } from "../../model/events";
import type { EventError } from "../../model/failure";
import type { ResultPart, ToolCall } from "../../model/message";
import type { Usage } from "../../model/usage";
import { agentError } from "../agents/agentError";

interface FailedAnswer {
  seq: number;
  step: number;
  error: EventError;
}

type End = EventOf<"finishRun" | "stopRun" | "errorRun">;

const stopReasons: Readonly<Record<FinishReason, string | null>> = {
  stop: "end_turn",
  toolCalls: "tool_use",
  length: "max_tokens",
  contentFilter: "refusal",
  error: null,
  cancelled: null,
  other: "other",
};

/** Whose notes are of an agent's stream. */
const agents: ReadonlySet<string> = new Set(["claude", "codex", "gemini"]);

export class WrittenOutput {
  /** Whether the standard error output says why the run failed. */
  isCauseTold = false;
  private isBegun = false;
  private turns = 0;
  private own: Usage = noUsage;
  private messageId = "";
  private readonly called = new Set<string>();
  /** An answer that failed, until it is known whether it is tried again. */
  private failed: FailedAnswer | undefined;
  /** The step of the newest line of the model's. */
  private step = 0;
  /** Whether the model was asked and has not answered. */
  private isAsked = false;

  constructor(private readonly start: EventOf<"startRun">) {}

  /** Its lines, most often none or one. */
  tell(event: RunEvent): object[] {
    const before = event.type === "retryGeneration" ? [] : this.tellFailed();
    if (event.type === "retryGeneration") this.failed = undefined;
    const lines = [...before, ...this.linesOf(event)];
    if (lines.length === 0 || this.isBegun) return lines;
    this.isBegun = true;
    return [this.begin(), ...lines];
  }

  private linesOf(event: RunEvent): object[] {
    switch (event.type) {
      case "startGeneration":
        this.isAsked = true;
        return [];
      case "finishGeneration":
        this.isAsked = false;
        if (event.error) {
          this.failed = { seq: event.seq, step: event.step, error: event.error };
          return [];
        }
        return [this.answer(event)];
      case "retryGeneration": {
        const { attempt, error, delayMs } = event;
        this.step = 0;
        const status = error.statusCode === undefined ? {} : { error_status: error.statusCode };
        const known = { attempt, retry_delay_ms: delayMs, ...status, error: error.message };
        const plain = agentError(error.message, error.message, error.statusCode);
        return [this.line({ type: "system", subtype: "api_retry", ...known, ...classBeside(plain, error) })];
      }
      case "startToolCall": {
        if (this.called.has(event.toolCallId)) return [];
        const { toolCallId: id, skill, tool, args } = event;
        return [this.message("assistant", { id: this.messageId, content: [this.call({ id, skill, tool, args })] })];
      }
      case "finishToolCall": {
        const { toolCallId, isError, result } = event;
        const content = contentOf(result);
        const block = { tool_use_id: toolCallId, type: "tool_result", content, is_error: isError };
        return [{ ...this.message("user", { role: "user", content: [block] }), ...outcomeBeside(event) }];
      }
      case "foreignEvent":
        return agents.has(event.source) ? [this.note(event)] : [];
      case "errorRun":
        // What broke off an answer is told in its place.
        if (this.isAsked) this.failed = { seq: event.seq, step: event.step, error: event.error };
        return [...this.tellFailed(), ...this.result(event)];
      case "finishRun":
      case "stopRun":
        return this.result(event);
      default:
        return [];
    }
  }

  private begin(): object {
    const { workspace, tools, model } = this.start;
    return {
      ...{ type: "system", subtype: "init" },
      ...(workspace !== undefined && { cwd: workspace }),
      session_id: this.start.runId,
      ...(tools && { tools }),
      mcp_servers: [],
      ...(model !== undefined && { model }),
      ...{ permissionMode: "bypassPermissions", apiKeySource: "none" },
    };
  }

  private answer(event: EventOf<"finishGeneration">): object {
    const { seq, text, reasoning = [], toolCalls, finishReason, usage } = event;
    this.turns += 1;
    this.own = addUsage(this.own, usage);
    this.messageId = `msg_${seq}`;
    const content = [
      ...reasoning.map((part) => ({ type: "thinking", thinking: part.text })),
      ...(text === undefined ? [] : [{ type: "text", text }]),
      ...toolCalls.map((call) => this.call(call)),
    ];
    const { model } = this.start;
    const message = this.message("assistant", {
      ...{ id: this.messageId, type: "message", role: "assistant" },
      ...(model !== undefined && { model }),
      ...{ content, stop_reason: stopReasons[finishReason] },
      ...(usage && { usage: usageOf(usage) }),
    });
    return { ...message, ...this.stepBeside(event) };
  }

  /** To whoever reads its lines each answer of Claude's is a step; ours may have a last word in the same one. */
  private stepBeside({ step }: { step: number }): object {
    const isSame = step > 0 && step === this.step;
    this.step = step;
    return isSame ? { same_step: true } : {};
  }

  private call({ id, skill, tool, args }: ToolCall): object {
    this.called.add(id);
    const name = skill === "" ? tool : `mcp__${skill}__${tool}`;
    return { type: "tool_use", id, name, input: args ?? {} };
  }

  private tellFailed(): object[] {
    const { failed } = this;
    this.failed = undefined;
    if (!failed) return [];
    const { name, message, statusCode } = failed.error;
    const content = [{ type: "text", text: message }];
    return [
      {
        ...this.message("assistant", {
          id: `msg_${failed.seq}`,
          type: "message",
          role: "assistant",
          model: "<synthetic>",
          content,
        }),
        ...{ error: name, isApiErrorMessage: true },
        ...(statusCode !== undefined && { apiErrorStatus: statusCode }),
        ...classBeside(agentError(name, message, statusCode), failed.error),
        ...this.stepBeside(failed),
      },
    ];
  }

  private note({ name, data }: EventOf<"foreignEvent">): object {
    const fields = typeof data === "object" && data !== null ? data : { value: data };
    const text = "text" in fields && typeof fields.text === "string" ? fields.text : undefined;
    if (name === "user" && text !== undefined) return this.message("user", { role: "user", content: text });
    return this.line({ type: "system", subtype: name, ...fields });
  }

  /** Of a run that did not finish only where it says more than the lines before it. */
  private result(event: End): object[] {
    const { totalUsage, cost, durationMs } = event;
    const error = event.type === "errorRun" && !this.isCauseTold ? event.error : undefined;
    const cause = error?.cause;
    const isMore =
      cause !== undefined ||
      cost !== undefined ||
      (totalUsage && JSON.stringify(totalUsage) !== JSON.stringify(this.own));
    if (event.type !== "finishRun" && !isMore) return [];
    if (event.type === "finishRun" && !this.isBegun && totalUsage === undefined) return [];
    return [
      this.line({
        ...{ type: "result", subtype: cause === undefined ? "success" : subtypeOf(error) },
        is_error: cause !== undefined,
        ...(durationMs !== undefined && { duration_ms: Math.round(durationMs) }),
        num_turns: this.turns,
        ...(event.type === "finishRun" && { result: event.text }),
        ...(cause !== undefined && { errors: [cause] }),
        ...(cause !== undefined && error?.statusCode !== undefined && { api_error_status: error.statusCode }),
        session_id: this.start.runId,
        ...(cost !== undefined && { total_cost_usd: cost }),
        ...(totalUsage && { usage: usageOf(totalUsage) }),
      }),
    ];
  }

  private message(type: "assistant" | "user", message: object): object {
    return { type, message, parent_tool_use_id: null, session_id: this.start.runId };
  }

  private line(fields: object): object {
    return { ...fields, session_id: this.start.runId };
  }
}

/** Where the words alone would be taken for another. */
function classBeside(plain: EventError, { class: errorClass }: EventError): object {
  return plain.class === errorClass ? {} : { error_class: errorClass };
}

/** Of a call that was refused, broken off, or kept back what is still open. */
function outcomeBeside({ errorClass, blockedBy }: EventOf<"finishToolCall">): object {
  const known = {
    ...(errorClass !== undefined && errorClass !== "tool_error" && { error_class: errorClass }),
    ...(blockedBy !== undefined && { blocked_by: blockedBy }),
  };
  return Object.keys(known).length === 0 ? {} : { tool_use_result: known };
}

function subtypeOf(error: EventError | undefined): string {
  if (error?.class === "max_steps") return "error_max_turns";
  return error?.class === "budget_exceeded" ? "error_max_budget_usd" : "error_during_execution";
}

/** What came from the cache and went into it stands beside the input there. */
function usageOf({ inputTokens, outputTokens, cachedInputTokens, cacheWriteTokens }: Usage): object {
  return {
    input_tokens: Math.max(0, inputTokens - (cachedInputTokens ?? 0) - (cacheWriteTokens ?? 0)),
    ...(cacheWriteTokens !== undefined && { cache_creation_input_tokens: cacheWriteTokens }),
    ...(cachedInputTokens !== undefined && { cache_read_input_tokens: cachedInputTokens }),
    output_tokens: outputTokens,
  };
}

function contentOf(result: readonly ResultPart[]): unknown {
  const [first] = result;
  if (!first) return "";
  if (result.length === 1 && first.type === "textPart" && first.text !== "") return first.text;
  return result.map((part) =>
    part.type === "textPart"
      ? { type: "text", text: part.text }
      : { type: "image", source: { type: "base64", media_type: part.mimeType, data: part.encodedData } },
  );
}
