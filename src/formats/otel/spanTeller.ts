/** Tells events of ours as spans, one by one as they come: a span is told when it ends. The same events give the same. */
import { endsRun } from "../../model/eventKinds";
import type { EventOf, RunEvent } from "../../model/events";
import type { EventError } from "../../model/failure";
import type { Usage } from "../../model/usage";
import { finishWords, takeContent } from "./eventContent";
import { ownAttributes, payloadOf } from "./ownSpan";
import {
  type AttributeRecord,
  type AttributeValue,
  spanIdOf,
  spanKinds,
  toAttributes,
  toNanos,
  traceIdOf,
  type WrittenSpan,
} from "./writtenSpan";

interface OpenSpan {
  spanId: string;
  parentId: string | undefined;
  name: string;
  kind: number;
  /** The event it begins with; for one whose beginning was not heard, the one it is told with. */
  first: RunEvent;
  attributes: Record<string, AttributeValue>;
  events: object[];
}

interface ToldRun {
  /** A span of the run as a whole was told or is open. */
  hasBegun: boolean;
  whole: OpenSpan | undefined;
  generation: OpenSpan | undefined;
  calls: Map<string, OpenSpan>;
  about: AttributeRecord;
  model: string | undefined;
  /** What the first generation is told. */
  input: AttributeRecord;
}

/** Providers by their names in the conventions, where those differ. */
const providerNames: Readonly<Record<string, string>> = {
  google: "gcp.gemini",
  "google-vertex": "gcp.vertex_ai",
  "azure-openai": "azure.ai.openai",
  "amazon-bedrock": "aws.bedrock",
};

export class SpanTeller {
  private readonly runs = new Map<string, ToldRun>();
  /** The spans of the calls that delegates were called by, by the delegate's run. */
  private readonly callers = new Map<string, string>();

  /** @returns the spans that ended with it */
  take(event: RunEvent): WrittenSpan[] {
    const run = this.runOf(event);
    switch (event.type) {
      case "startRun":
      case "resumeRun":
        return this.beginRun(run, event);
      case "startGeneration": {
        const before = run.generation ? [toWritten(run.generation)] : [];
        run.generation = this.openGeneration(run, event);
        return before;
      }
      case "finishGeneration": {
        const span = run.generation ?? this.openGeneration(run, event);
        run.generation = undefined;
        Object.assign(span.attributes, usageAttributes(event.usage), {
          "gen_ai.response.finish_reasons": [finishWords[event.finishReason]],
          ...(event.timeToFirstTokenMs !== undefined && {
            "gen_ai.response.time_to_first_chunk": event.timeToFirstTokenMs / 1000,
          }),
        });
        return [toWritten(span, event, event.error)];
      }
      case "startToolCall":
        run.calls.set(event.toolCallId, this.openCall(run, event));
        return [];
      case "finishToolCall": {
        const span = run.calls.get(event.toolCallId) ?? this.openCall(run, event);
        run.calls.delete(event.toolCallId);
        return [toWritten(span, event, callError(event))];
      }
      case "startDelegation":
        this.callers.set(event.childRunId, (run.calls.get(event.toolCallId) ?? run.whole)?.spanId ?? "");
        break;
      default:
        if (endsRun(event)) return this.endRun(run, event);
    }
    this.note(run, event);
    return [];
  }

  /** What has not ended, with its end left open. */
  close(): WrittenSpan[] {
    const spans = [...this.runs.values()].flatMap(({ generation, calls, whole }) =>
      [generation, ...calls.values(), whole].flatMap((span) => (span ? [toWritten(span)] : [])),
    );
    this.runs.clear();
    return spans;
  }

  private runOf({ runId, expertKey, jobId }: RunEvent): ToldRun {
    const known = this.runs.get(runId);
    if (known) return known;
    const about = {
      "gen_ai.agent.name": expertKey,
      "gen_ai.conversation.id": jobId,
      [ownAttributes.run]: runId,
      [ownAttributes.job]: jobId,
      [ownAttributes.expert]: expertKey,
    };
    const run: ToldRun = {
      ...{
        hasBegun: false,
        whole: undefined,
        generation: undefined,
        calls: new Map(),
        about,
        model: undefined,
        input: {},
      },
    };
    this.runs.set(runId, run);
    return run;
  }

  private beginRun(run: ToldRun, event: EventOf<"startRun" | "resumeRun">): WrittenSpan[] {
    const before = run.whole ? [toWritten(run.whole)] : [];
    const { provider, model } = event;
    if (provider !== undefined)
      run.about = { ...run.about, "gen_ai.provider.name": providerNames[provider] ?? provider };
    if (model !== undefined) run.model = model;
    run.whole = this.openRun(run, event);
    if (event.type === "startRun") run.input = takeContent(event).attributes;
    return before;
  }

  /** A run whose beginning was not heard goes on; its parts are told below the span that it began with. */
  private openRun(run: ToldRun, event: RunEvent): OpenSpan {
    const { about, model, hasBegun } = run;
    const { runId, expertKey, seq } = event;
    run.hasBegun = true;
    const start = event.type === "startRun" ? event : undefined;
    const parent = start?.parent && (this.callers.get(runId) || spanIdOf(start.parent.runId));
    return open(event, {
      spanId: start && !hasBegun ? spanIdOf(runId) : spanIdOf(runId, seq),
      parentId: parent ?? (start ? undefined : spanIdOf(runId)),
      name: `invoke_agent ${expertKey}`,
      kind: spanKinds.internal,
      attributes: {
        "gen_ai.operation.name": "invoke_agent",
        ...about,
        "gen_ai.request.model": model,
        "gen_ai.agent.version": start?.expertVersion,
        "gen_ai.tool.definitions":
          start?.tools && JSON.stringify(start.tools.map((name) => ({ type: "function", name }))),
      },
    });
  }

  private openGeneration(run: ToldRun, event: EventOf<"startGeneration" | "finishGeneration">): OpenSpan {
    const { about, model, input, whole } = run;
    run.input = {};
    return open(event, {
      spanId: spanIdOf(event.runId, event.seq),
      parentId: whole?.spanId ?? spanIdOf(event.runId),
      name: model === undefined ? "chat" : `chat ${model}`,
      kind: spanKinds.client,
      attributes: { "gen_ai.operation.name": "chat", ...about, "gen_ai.request.model": model, ...input },
    });
  }

  private openCall({ about, whole }: ToldRun, event: EventOf<"startToolCall" | "finishToolCall">): OpenSpan {
    const { runId, seq, tool, toolCallId } = event;
    return open(event, {
      spanId: spanIdOf(runId, seq),
      parentId: whole?.spanId ?? spanIdOf(runId),
      name: `execute_tool ${tool}`,
      kind: spanKinds.internal,
      attributes: {
        "gen_ai.operation.name": "execute_tool",
        ...about,
        "gen_ai.tool.name": tool,
        "gen_ai.tool.call.id": toolCallId,
        "gen_ai.tool.type": "function",
      },
    });
  }

  private endRun(run: ToldRun, event: EventOf<"finishRun" | "stopRun" | "errorRun">): WrittenSpan[] {
    const span = run.whole ?? this.openRun(run, event);
    run.whole = undefined;
    Object.assign(span.attributes, usageAttributes(event.totalUsage));
    return [toWritten(span, event, event.type === "errorRun" ? event.error : undefined)];
  }

  /** What the conventions have no span for stands on the span of its call, else of its run. */
  private note(run: ToldRun, event: RunEvent): void {
    const call = "toolCallId" in event && event.toolCallId !== undefined ? run.calls.get(event.toolCallId) : undefined;
    run.whole ??= this.openRun(run, event);
    (call ?? run.whole).events.push({
      timeUnixNano: toNanos(event.timestamp),
      name: `runtrail.${event.type}`,
      attributes: toAttributes({
        [ownAttributes.seq]: event.seq,
        [ownAttributes.step]: event.step,
        [ownAttributes.event]: JSON.stringify(payloadOf(event)),
      }),
    });
  }
}

const starts: ReadonlySet<string> = new Set(["startRun", "resumeRun", "startGeneration", "startToolCall"]);

function open(first: RunEvent, { attributes, ...span }: Omit<OpenSpan, "first" | "events">): OpenSpan {
  if (!starts.has(first.type)) return { ...span, first, attributes, events: [] };
  const { attributes: content, rest } = takeContent(first);
  const own = {
    [ownAttributes.seq]: first.seq,
    [ownAttributes.step]: first.step,
    [ownAttributes.start]: JSON.stringify(rest),
  };
  return { ...span, first, attributes: { ...attributes, ...content, ...own }, events: [] };
}

/** @param last absent for one that has not ended */
function toWritten(span: OpenSpan, last?: RunEvent, error?: EventError): WrittenSpan {
  const { first, events, spanId, parentId, name, kind } = span;
  const end = last && takeContent(last);
  const attributes: AttributeRecord = {
    ...span.attributes,
    ...(error && { "error.type": error.statusCode === undefined ? error.class : String(error.statusCode) }),
    ...end?.attributes,
    ...(last && {
      [ownAttributes.endSeq]: last.seq,
      [ownAttributes.endStep]: last.step,
      [ownAttributes.end]: JSON.stringify(end?.rest),
    }),
  };
  return {
    ...{
      traceId: traceIdOf(first.jobId),
      spanId,
      ...(parentId !== undefined && { parentSpanId: parentId }),
      name,
      kind,
    },
    startTimeUnixNano: toNanos(first.timestamp),
    endTimeUnixNano: last ? toNanos(Math.max(last.timestamp, first.timestamp)) : "0",
    attributes: toAttributes(attributes),
    ...(events.length > 0 && { events }),
    status: error ? { code: 2, message: error.message } : {},
  };
}

function usageAttributes(usage: Usage | undefined): AttributeRecord {
  return {
    "gen_ai.usage.input_tokens": usage?.inputTokens,
    "gen_ai.usage.output_tokens": usage?.outputTokens,
    "gen_ai.usage.cache_read.input_tokens": usage?.cachedInputTokens,
    "gen_ai.usage.cache_creation.input_tokens": usage?.cacheWriteTokens,
    "gen_ai.usage.reasoning.output_tokens": usage?.reasoningTokens,
  };
}

function callError({ isError, errorClass, result, tool }: EventOf<"finishToolCall">): EventError | undefined {
  if (!isError) return undefined;
  const text = result.flatMap((part) => (part.type === "textPart" ? [part.text] : [])).join("\n");
  return { name: tool, message: text.slice(0, 1000), class: errorClass ?? "tool_error", isRetryable: false };
}
