/** One readable line for each event, for the output channel and the terminal, with the level that fits it. */
import { assertNever } from "../base/errors";
import type { AnyEvent, EventOf } from "./events";
import { formatCost, formatCount, formatDuration, formatTokens } from "./formatting";
import { oneLine } from "./plainText";
import { questionOf } from "./question";
import { describeError, stopWords } from "./statusText";
import { briefResult, compactJson, describeToolCall } from "./toolText";
import type { Usage } from "./usage";

export interface EventText {
  level: "trace" | "debug" | "info" | "warn" | "error";
  text: string;
}

/** The line with its expert and step in front: "demo · step 3 · exec failed: … · 1.2 s". */
export function describeEvent(event: AnyEvent): EventText {
  const { level, text } = describeHappening(event);
  const step = event.step > 0 ? [`step ${event.step}`] : [];
  return { level, text: join(oneLine(event.expertKey, 80), ...step, text) };
}

/** The line alone: "exec failed: … · 1.2 s". Never holds a line break or another control character. */
export function describeHappening(event: AnyEvent): EventText {
  switch (event.type) {
    case "startRun":
      return info(join(`started ${quote(event.query)}`, modelOf(event)));
    case "startGeneration":
      return debug(`asks the model${messagesOf(event)}${attemptOf(event.attempt)}`);
    case "finishGeneration":
      return describeGeneration(event);
    case "retryGeneration":
      return warn(`tries again in ${formatDuration(event.delayMs)}: ${describeError(event.error)}`);
    case "startToolCall":
      return info(describeToolCall(event.tool, event.args));
    case "finishToolCall":
      return describeToolResult(event);
    case "startDelegation":
      return info(`delegates to ${oneLine(event.childExpertKey, 80)}: ${quote(event.query)}`);
    case "finishDelegation":
      return info(`delegation ${oneLine(event.status, 40)}${event.text ? `: ${quote(event.text)}` : ""}`);
    case "requestInput":
      return info(`asks ${quote(questionOf(event).text)}`);
    case "receiveInput":
      return info(`answer from ${oneLine(event.by, 40)}: ${quote(event.text)}`);
    case "requestApproval":
      return info(`waits for approval: ${oneLine(event.summary)}`);
    case "resolveApproval":
      return event.granted
        ? info(`approved by ${oneLine(event.by, 40)}${event.reason ? `, ${oneLine(event.reason)}` : ""}`)
        : warn(`approval refused by ${oneLine(event.by, 40)}${event.reason ? `: ${oneLine(event.reason)}` : ""}`);
    case "connectSkill":
      return info(
        join(
          `skill ${oneLine(event.skill, 80)} connected (${oneLine(event.transport, 40)})`,
          formatDuration(event.durationMs),
        ),
      );
    case "logSkill":
      return debug(`skill ${oneLine(event.skill, 80)}: ${oneLine(event.line)}`);
    case "disconnectSkill":
      return info(`skill ${oneLine(event.skill, 80)} disconnected${event.reason ? `: ${oneLine(event.reason)}` : ""}`);
    case "passGate":
      return info(`gate ${oneLine(event.gate, 80)} passed${measureOf(event)}`);
    case "failGate":
      return warn(`gate ${oneLine(event.gate, 80)} failed${measureOf(event)}`);
    case "readyNode":
      return debug(`${nodeOf(event)} ready`);
    case "startNode":
      return info(`${nodeOf(event)} started`);
    case "finishNode":
      return info(
        join(`${nodeOf(event)} ${event.isCached ? "taken from the cache" : "finished"}`, tokensOf(event.usage)),
      );
    case "failNode":
      return warn(`${nodeOf(event)} failed: ${oneLine(event.reason)}`);
    case "retryNode":
      return warn(`${nodeOf(event)} is tried again${event.reason ? `: ${oneLine(event.reason)}` : ""}`);
    case "skipNode":
      return info(`${nodeOf(event)} ${event.isInferred ? "never ran" : "skipped"}: ${oneLine(event.reason)}`);
    case "writeState":
      return debug(`${nodeOf(event)} writes ${oneLine(event.field, 80)}${writtenValue(event)}`);
    case "finishStep":
      return debug(join("step done", formatDuration(event.durationMs), tokensOf(event.usage)));
    case "finishRun":
      return info(join(`finished: ${quote(event.text)}`, totalsOf(event)));
    case "stopRun": {
      const text = join(
        `${stopWords(event.reason)}${event.message ? `: ${oneLine(event.message)}` : ""}`,
        totalsOf(event),
      );
      return event.reason === "maxSteps" || event.reason === "budget" ? warn(text) : info(text);
    }
    case "resumeRun":
      return info(`goes on, by ${oneLine(event.by, 40)}`);
    case "errorRun":
      return { level: "error", text: join(`failed: ${describeError(event.error)}`, totalsOf(event)) };
    case "foreignEvent":
      return trace(`${nameOfForeign(event)}: ${oneLine(foreignText(event.data))}`);
    case "streamReasoning":
      return trace(`thinks: ${oneLine(event.delta)}`);
    case "streamText":
      return trace(`says: ${oneLine(event.delta)}`);
    case "progressTool":
      return trace(`tool says: ${oneLine(event.text)}`);
    case "schedulerState":
      return trace(`scheduler: ${oneLine(compactJson(event.state))}`);
    default:
      return assertNever(event);
  }
}

function describeGeneration(event: EventOf<"finishGeneration">): EventText {
  const duration = formatDuration(event.durationMs);
  if (event.error) return warn(join(`generation failed: ${describeError(event.error)}`, duration));
  if (event.finishReason === "cancelled") return info(join("generation cancelled", duration));
  const tools = event.toolCalls.map(({ tool }) => tool).join(", ");
  const said = [event.text ? quote(event.text) : "", tools ? `calls ${oneLine(tools)}` : ""].filter(Boolean).join(", ");
  const cut = event.finishReason === "length" ? "cut off at the token limit" : "";
  return info(
    join(`answered${said ? `: ${said}` : " nothing"}`, cut, duration, tokensOf(event.usage), formatCost(event.cost)),
  );
}

function describeToolResult(event: EventOf<"finishToolCall">): EventText {
  const duration = formatDuration(event.durationMs);
  const tool = oneLine(event.tool, 80);
  if (!event.isError) return info(join(`${tool} done`, duration, filesOf(event)));
  return warn(join(`${tool} failed: ${oneLine(briefResult(event.result), 300)}`, duration));
}

function filesOf({ touched }: EventOf<"finishToolCall">): string {
  const changed = (touched ?? []).filter(({ change }) => change !== "read").map(({ path }) => path);
  return changed.length > 0 ? `changed ${oneLine(changed.join(", "), 120)}` : "";
}

function nodeOf({ node, iteration }: { node: string; iteration?: number | undefined }): string {
  return `node ${oneLine(node, 80)}${iteration === undefined ? "" : ` #${iteration}`}`;
}

function writtenValue({ value, previous }: EventOf<"writeState">): string {
  if (value === undefined) return "";
  const before = previous === undefined ? "" : `, before ${oneLine(compactJson(previous), 80)}`;
  return ` = ${oneLine(compactJson(value), 80)}${before}`;
}

function measureOf({ measured, threshold }: EventOf<"passGate" | "failGate">): string {
  const parts = [
    measured === undefined ? "" : `measured ${oneLine(compactJson(measured), 80)}`,
    threshold === undefined ? "" : `threshold ${oneLine(compactJson(threshold), 80)}`,
  ].filter(Boolean);
  return parts.length > 0 ? ` (${parts.join(", ")})` : "";
}

function totalsOf({ durationMs, totalUsage, cost }: EventOf<"finishRun" | "stopRun" | "errorRun">): string {
  return join(formatDuration(durationMs), tokensOf(totalUsage), formatCost(cost));
}

function tokensOf(usage: Usage | undefined): string {
  return usage && usage.totalTokens > 0 ? `${formatTokens(usage.totalTokens)} tokens` : "";
}

function modelOf({ provider, model }: EventOf<"startRun">): string {
  const name = [provider, model].filter(Boolean).join(" ");
  return name ? `with ${oneLine(name, 80)}` : "";
}

/** "openexpertise node.activity" */
export function nameOfForeign({ source, name }: EventOf<"foreignEvent">): string {
  return `${oneLine(source, 40)} ${oneLine(name, 80)}`;
}

/** What other systems repeat in each of their records: which event, of which run, when. */
const repeated: ReadonlySet<string> = new Set([
  ...["type", "event_type", "event_id", "run_id", "node_id", "ts", "timestamp", "timestamp_utc", "actor", "attempt"],
  ...["msg_id", "project_id", "task_id", "sessionId", "session_id", "uuid", "parentUuid", "phase"],
]);

/** What is told beyond that: a text alone as it stands. */
function foreignText(data: unknown): string {
  if (typeof data !== "object" || data === null || Array.isArray(data)) return compactJson(data);
  const told = Object.entries(data).filter(([key]) => !repeated.has(key));
  const [only] = told;
  if (told.length === 1 && typeof only?.[1] === "string") return only[1];
  return compactJson(told.length > 0 ? Object.fromEntries(told) : data);
}

function messagesOf({ messageCount }: EventOf<"startGeneration">): string {
  return messageCount === undefined ? "" : ` (${formatCount(messageCount, "message")})`;
}

function attemptOf(attempt: number): string {
  return attempt > 1 ? `, attempt ${attempt}` : "";
}

function quote(text: string): string {
  return `“${oneLine(text, 100)}”`;
}

function join(...parts: string[]): string {
  return parts.filter(Boolean).join(" · ");
}

function trace(text: string): EventText {
  return { level: "trace", text };
}
function debug(text: string): EventText {
  return { level: "debug", text };
}
function info(text: string): EventText {
  return { level: "info", text };
}
function warn(text: string): EventText {
  return { level: "warn", text };
}
