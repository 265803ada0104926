/** The details of a run for reading, as Markdown: a step, a generation, a tool call, an event, a checkpoint. */

import { conversationOf } from "./conversation";
import type { RunEvent } from "./events";
import { describeHappening, nameOfForeign } from "./eventText";
import type { Failure } from "./failure";
import { gradeOfStep } from "./failures";
import { formatCost, formatDuration, formatTime } from "./formatting";
import { factsTable, fence, inlineCode, partsText, usageTable, valueText } from "./markdownText";
import type { Message } from "./message";
import { countSteps } from "./nodeItems";
import { escapeControls, oneLine } from "./plainText";
import type { Generation, NodeItem, NoteItem, Run, Step, StepItem, ToolCallItem } from "./run";
import { stateChanges } from "./stateChanges";
import { runStatusWords, wholeError } from "./statusText";
import { stepAt } from "./stepAt";
import { describeToolCall } from "./toolText";

/** Which part of the run is to be shown. */
export type DetailsPlace =
  | { view: "run" }
  | { view: "step"; step: number }
  /** `messages`: the conversation in it, where what the events tell is not all of it. */
  | { view: "checkpoint"; step: number; messages?: readonly Message[] }
  | { view: "item"; step: number; seq: number };

export function formatDetails({ run, events }: { run: Run; events: readonly RunEvent[] }, place: DetailsPlace): string {
  const blocks = blocksOf(run, events, place);
  // The last door before a screen: only the line breaks are ours.
  return `${blocks.join("\n\n").split("\n").map(escapeControls).join("\n")}\n`;
}

function blocksOf(run: Run, events: readonly RunEvent[], place: DetailsPlace): string[] {
  if (place.view === "run") return formatRun(run);
  const step = stepAt(run, place.step);
  if (!step) return [`Step ${place.step} is not in this run.`];
  if (place.view === "step") return formatStep(run, step);
  if (place.view === "checkpoint") {
    return formatCheckpoint(run, step, place.messages ?? conversationUpTo(step, events));
  }
  const item = step.items.find(({ seq }) => seq === place.seq);
  return item ? formatItem(run, step, item) : [`Event ${place.seq} is not in this step.`];
}

/** What to call an item in a title: the tool, "generation", or the type of the event. */
export function subjectOf(item: StepItem): string {
  if (item.kind === "toolCall") return item.tool;
  if (item.kind === "node") return item.node;
  return item.kind === "generation" ? "generation" : nameOfNote(item);
}

function nameOfNote({ event }: NoteItem): string {
  return event.type === "foreignEvent" ? nameOfForeign(event) : event.type;
}

function formatRun(run: Run): string[] {
  return [
    `# ${oneLine(run.expertKey, 200)} · ${runStatusWords(run)}`,
    factsTable([
      ["Started", formatTime(run.startedAt)],
      ["Took", run.finishedAt === undefined ? "" : formatDuration(run.finishedAt - run.startedAt)],
      ["Model", [run.provider, run.model].filter(Boolean).join(" ")],
      ["Cost", formatCost(run.cost)],
      ["Steps", String(countSteps(run))],
      ["Job", run.jobId],
      ["Run", run.runId],
    ]),
    "## Query",
    fence(run.query),
    ...(run.error ? ["## Error", fence(wholeError(run.error))] : []),
    ...failuresText(run.failures),
    ...(run.text ? ["## Answer", fence(run.text, "markdown")] : []),
    ...stateText(run),
    ...(run.usage ? ["## Usage", usageTable(run.usage)] : []),
  ];
}

/** A diff of the state: what stood in a field before the run, and what it left there. */
function stateText(run: Run): string[] {
  const changes = stateChanges(run);
  if (changes.length === 0) return [];
  const blocks = changes.map(({ field, before, after, nodes }) => {
    const head = `### ${oneLine(field, 200)} · written by ${oneLine(nodes.join(", "), 200)}`;
    if (before === undefined && after === undefined) return [head, "Its values are not recorded."];
    const lines = [...diffLines("-", before), ...diffLines("+", after)];
    return [head, fence(lines.join("\n"), "diff")];
  });
  return ["## State", ...blocks.flat()];
}

function diffLines(sign: "-" | "+", value: unknown): string[] {
  if (value === undefined) return [];
  const text = typeof value === "string" ? value : JSON.stringify(value, undefined, 2);
  return text.split("\n").map((line) => `${sign} ${line}`);
}

function formatStep(run: Run, step: Step): string[] {
  const grade = gradeOfStep(run, step);
  return [
    `# ${step.step === 0 ? "Before the first step" : `Step ${step.step}`}${grade ? ` · ${grade}` : ""}`,
    factsTable([
      ["Expert", run.expertKey],
      ["Started", formatTime(step.startedAt)],
      ["Took", step.finishedAt === undefined ? "" : formatDuration(step.finishedAt - step.startedAt)],
      ["Checkpoint", step.checkpointId ?? ""],
    ]),
    ...failuresText(run.failures.filter((failure) => failure.step === step.step)),
    ...step.items.flatMap((item) => formatPart(run, step, item).map(deeper)),
    ...(step.usage ? ["## Usage", usageTable(step.usage)] : []),
  ];
}

function formatItem(run: Run, step: Step, item: StepItem): string[] {
  switch (item.kind) {
    case "generation":
      return formatGeneration(item, step, true);
    case "toolCall":
      return formatToolCall(item, step, run);
    case "node":
      return formatNode(item);
    default:
      return formatNote(item);
  }
}

/** An item among the others of its step: what they tell is not told again. */
function formatPart(run: Run, step: Step, item: StepItem): string[] {
  if (item.kind === "generation") return formatGeneration(item, step, false);
  if (item.kind === "note") return [`# ${nameOfNote(item)}`, oneLine(describeHappening(item.event).text, 600)];
  return item.kind === "node" ? formatNode(item) : formatToolCall(item, step, run);
}

function formatNode(item: NodeItem): string[] {
  const { node, iteration, state, phase, startedAt, finishedAt, reason, isCached, isInferred, usage } = item;
  const took = startedAt === undefined || finishedAt === undefined ? undefined : finishedAt - startedAt;
  const number = iteration === undefined ? "" : ` #${iteration}`;
  return [
    `# ${oneLine(node, 100)}${number} · ${isCached ? "taken from the cache" : isInferred ? "never ran" : state}`,
    factsTable([
      ["Phase", phase ?? ""],
      ["Started", startedAt === undefined ? "" : formatTime(startedAt)],
      ["Took", formatDuration(took)],
    ]),
    ...(reason === undefined ? [] : ["## Reason", fence(reason)]),
    ...(usage ? [isCached ? "## Usage, when it was first done" : "## Usage", usageTable(usage)] : []),
  ];
}

function formatToolCall(item: ToolCallItem, step: Step, run: Run): string[] {
  const failure = run.failures.find(({ toolCallId, step: at }) => toolCallId === item.toolCallId && at === step.step);
  const outcome = item.finishedAt === undefined ? "not finished" : item.isError ? "failed" : "done";
  const { spilled, touched = [] } = item;
  return [
    `# ${oneLine(item.tool, 100)} · ${failure ? `failed, ${failure.grade}` : outcome}`,
    factsTable([
      ["Step", String(step.step)],
      ["Skill", item.skill],
      ["Started", formatTime(item.startedAt)],
      ["Took", item.finishedAt === undefined ? "" : formatDuration(item.finishedAt - item.startedAt)],
      ["Error class", item.errorClass ?? ""],
      ["Files", touched.map(({ path, change }) => `${path} (${change})`).join(", ")],
      ["Call", item.toolCallId],
    ]),
    "## Arguments",
    valueText(item.args),
    "## Result",
    item.result ? partsText(item.result) : "None yet.",
    ...(spilled
      ? [`Only the beginning: the whole result (${spilled.bytes} bytes) is in ${inlineCode(spilled.file)}.`]
      : []),
  ];
}

function formatGeneration(item: Generation, step: Step, withCalls: boolean): string[] {
  const outcome = item.error ? "failed" : item.finishedAt === undefined ? "not finished" : "done";
  const reasoning = item.reasoning?.map(({ text }) => text).join("\n\n");
  return [
    `# Generation · ${outcome}`,
    factsTable([
      ["Step", String(step.step)],
      ["Attempt", item.attempt > 1 ? String(item.attempt) : ""],
      ["Started", formatTime(item.startedAt)],
      ["Took", item.finishedAt === undefined ? "" : formatDuration(item.finishedAt - item.startedAt)],
      ["First token", item.timeToFirstTokenMs === undefined ? "" : formatDuration(item.timeToFirstTokenMs)],
      ["Ended with", item.finishReason ?? ""],
      ["Cost", formatCost(item.cost)],
    ]),
    ...(item.error ? ["## Error", fence(wholeError(item.error))] : []),
    ...(reasoning ? ["## Reasoning", fence(reasoning)] : []),
    ...(item.text ? ["## Text", fence(item.text, "markdown")] : []),
    ...(withCalls && item.toolCalls.length > 0 ? ["## Tool calls asked for"] : []),
    ...(withCalls ? item.toolCalls.flatMap(({ tool, args }) => [`### ${oneLine(tool, 100)}`, valueText(args)]) : []),
    ...(item.usage ? ["## Usage", usageTable(item.usage)] : []),
  ];
}

function formatNote({ event }: NoteItem): string[] {
  const { id, timestamp, jobId, runId, seq, expertKey, step, type, ...payload } = event;
  return [
    `# ${type}`,
    oneLine(describeHappening(event).text, 600),
    factsTable([
      ["Step", String(step)],
      ["Time", formatTime(timestamp)],
      ["Event", `${seq} (${id})`],
    ]),
    "## Content",
    valueText(payload),
  ];
}

/** The conversation as the expert would go on from it. */
function formatCheckpoint(run: Run, step: Step, messages: readonly Message[]): string[] {
  return [
    `# Checkpoint after step ${step.step}`,
    factsTable([
      ["Expert", run.expertKey],
      ["Saved", step.finishedAt === undefined ? "" : formatTime(step.finishedAt)],
      ["Messages", String(messages.length)],
      ["Checkpoint", step.checkpointId ?? ""],
    ]),
    ...messages.flatMap((message, index) => formatMessage(message, index + 1)),
    ...(step.usage ? ["## Usage of this step", usageTable(step.usage)] : []),
  ];
}

function conversationUpTo({ step }: Step, events: readonly RunEvent[]): Message[] {
  const end = events.findLastIndex((event) => event.type === "finishStep" && event.step === step);
  return conversationOf(end === -1 ? events : events.slice(0, end + 1));
}

function formatMessage(message: Message, number: number): string[] {
  const head = (who: string) => `## ${number}. ${who}`;
  switch (message.type) {
    case "instructionMessage":
      return [head("Instruction"), fence(message.contents.map(({ text }) => text).join("\n"), "markdown")];
    case "userMessage":
      return [head("User"), partsText(message.contents)];
    case "expertMessage":
      return [
        head("Expert"),
        ...message.contents.flatMap((part) => {
          if (part.type === "textPart") return [fence(part.text, "markdown")];
          if (part.type === "thinkingPart") return ["*Thinks:*", fence(part.thinking)];
          return [`*Calls ${inlineCode(describeToolCall(part.toolName, part.args))}*`, valueText(part.args)];
        }),
      ];
    default:
      return [
        head("Tools"),
        ...message.contents.flatMap((part) => [
          `*${inlineCode(part.toolName)} ${part.isError ? "failed" : "answered"}:*`,
          partsText(part.contents),
        ]),
      ];
  }
}

function failuresText(failures: readonly Failure[]): string[] {
  if (failures.length === 0) return [];
  const lines = failures.map(({ grade, step, reason }) => `- ${grade} at step ${step}: ${oneLine(reason, 400)}`);
  return ["## Failures", lines.join("\n")];
}

/** One heading level down. */
function deeper(block: string): string {
  return /^#{1,5} /u.test(block) ? `#${block}` : block;
}
