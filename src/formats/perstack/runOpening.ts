/** What a run of ours begins with, as Perstack divides it: the conversation so far, and what is said to it now. */
import { baseSkillName } from "../../model/baseSkill";
import { userMessage } from "../../model/conversation";
import type { EventOf } from "../../model/events";
import type { Message, ToolCall } from "../../model/message";
import type { ExpertToWrite } from "../format";
import { isDelegateCall, writtenMessage } from "./writtenParts";

/**
 * @param base the conversation that the run goes on from, its query included
 * @param earlier what has been told of the run before it in the job, and whether its last message was only told so
 */
export function conversationBefore(
  start: EventOf<"startRun">,
  base: readonly Message[],
  earlier: { messages: readonly Message[]; isAnswerAdded: boolean } | undefined,
): { history: Message[]; input: Message[] } {
  if (start.instruction !== undefined) return { history: [], input: opening(start) };
  // A run whose beginning is lost was asked at least.
  if (base.length === 0)
    return { history: [...(earlier?.messages ?? [])], input: [userMessage(`${start.id}-query`, start.query)] };
  const same = earlier ? commonLength(base, earlier.messages) : 0;
  const rest = base.slice(same);
  if (earlier && same > 0 && rest.every(({ type }) => type === "userMessage" || type === "toolMessage")) {
    // The answer of a run that is done stands there once more, as Perstack has it.
    const isWhole = earlier.isAnswerAdded && same === earlier.messages.length - 1;
    const history = earlier.messages.slice(0, isWhole ? same + 1 : same);
    const isAsked = rest.some(({ type }) => type === "userMessage");
    return isAsked ? { history, input: rest } : { history: [...history, ...rest], input: [] };
  }
  const written = base.map((message) => writtenMessage(message));
  const last = written.at(-1);
  return last?.type === "userMessage"
    ? { history: written.slice(0, -1), input: [last] }
    : { history: written, input: [] };
}

function opening({ id, instruction = "", query }: EventOf<"startRun">): Message[] {
  // The same as the fold of the event: later messages are compared by their ids.
  const contents = [{ type: "textPart" as const, id: `${id}-instruction-0`, text: instruction }];
  return [
    { type: "instructionMessage", id: `${id}-instruction`, contents, cache: true },
    userMessage(`${id}-query`, query),
  ];
}

function commonLength(a: readonly Message[], b: readonly Message[]): number {
  const at = a.findIndex((message, index) => {
    const other = b[index];
    return !other || !isSame(message, other);
  });
  return at === -1 ? a.length : at;
}

/** The same conversation read from elsewhere has ids of its own. */
function isSame(a: Message, b: Message): boolean {
  if (a.type !== b.type || a.contents.length !== b.contents.length) return false;
  return a.id === b.id || bareText(a) === bareText(b);
}

/** Without what only one of two systems says. */
function bareText(message: Message): string {
  const passedOver = new Set(["id", "isError", "cache"]);
  return JSON.stringify(writtenMessage(message), (key, value) => (passedOver.has(key) ? undefined : value));
}

export function queryIn(input: readonly Message[]): string | undefined {
  const last = input.findLast(({ type }) => type === "userMessage");
  if (last?.type !== "userMessage") return undefined;
  return last.contents.flatMap((part) => (part.type === "textPart" ? [part.text] : [])).join("\n");
}

/** The order in which the calls of a step are carried out: tools, delegates, questions to a person. */
export function rankOf(expert: ExpertToWrite | undefined): (call: ToolCall) => number {
  return (call) => {
    if (isDelegateCall(call)) return 1;
    return expert?.skills?.[call.skill]?.type === "interactiveSkill" ? 2 : 0;
  };
}

/** The skill that offers a tool, where only the tool's name is known. */
export function skillIn(expert: ExpertToWrite | undefined, tool: string): string {
  const asks = Object.entries(expert?.skills ?? {}).find(([, { tools }]) => tools && Object.hasOwn(tools, tool));
  if (asks) return asks[0];
  const delegate = expert?.delegates?.find(
    (key) =>
      key
        .replace(/@[^@/]*$/u, "")
        .split("/")
        .at(-1) === tool,
  );
  return delegate === undefined ? baseSkillName : `delegate/${delegate}`;
}
