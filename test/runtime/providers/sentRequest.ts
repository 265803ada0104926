/** One question to a model over the wire, and what the provider got to see of it; and the parts of conversations. */
import type { Message, ReasoningPart } from "../../../src/model/message";
import type { GenerationRequest, GenerationResult } from "../../../src/runtime/ports";
import { type AnswerTurn, type ModelRequest, startModelServer, type WireProvider } from "../../support/modelServer";
import { ask, instruction, openModel, user, type WireCase, wireCases } from "./openModel";

export function caseOf(wire: WireProvider, parts: Partial<WireCase> = {}): WireCase {
  const found = wireCases.find((entry) => entry.wire === wire);
  if (!found) throw new Error(`No case for ${wire}`);
  return { ...found, ...parts };
}

/** The request as it arrived. */
export async function sent(wireCase: WireCase, request: Partial<GenerationRequest> = {}): Promise<ModelRequest> {
  const { requests } = await exchange(wireCase, [{ text: "ok" }], async (say) => {
    await say({ messages: [instruction, user("Hi")], ...request });
  });
  const [first] = requests;
  if (!first) throw new Error("No request came");
  return first;
}

/** A conversation of several requests with the same model. */
export async function exchange(
  wireCase: WireCase,
  turns: readonly AnswerTurn[],
  talk: (say: (request: Partial<GenerationRequest>) => Promise<GenerationResult>) => Promise<void>,
): Promise<{ requests: readonly ModelRequest[] }> {
  const server = await startModelServer(turns);
  try {
    const model = await openModel(wireCase, server.baseUrlFor(wireCase.wire));
    await talk((request) => ask(model, request));
    return { requests: server.requests };
  } finally {
    await server.close();
  }
}

/** An answer as the next request carries it. */
export function expertMessage({ text, reasoning, toolCalls }: Omit<GenerationResult, "finishReason">): Message {
  return {
    type: "expertMessage",
    id: "e",
    contents: [
      ...reasoning.map(({ text: thinking, providerOptions }, index) => ({
        ...{ type: "thinkingPart" as const, id: `r${index}`, thinking },
        ...(providerOptions && { providerOptions }),
      })),
      ...(text === "" ? [] : [{ type: "textPart" as const, id: "e0", text }]),
      ...toolCalls.map(({ id, tool, args, providerOptions }) => ({
        ...{ type: "toolCallPart" as const, id: `p-${id}`, toolCallId: id, toolName: tool, args },
        ...(providerOptions && { providerOptions }),
      })),
    ],
  };
}

export function calling(...calls: { id: string; args?: unknown }[]): Message {
  const toolCalls = calls.map(({ id, args = {} }) => ({ id, tool: "readTextFile", args }));
  return expertMessage({ text: "", reasoning: [], toolCalls });
}

export function thinking(reasoning: ReasoningPart[], ...calls: string[]): Message {
  const toolCalls = calls.map((id) => ({ id, tool: "readTextFile", args: {} }));
  return expertMessage({ text: "", reasoning, toolCalls });
}

export function results(...texts: [id: string, text: string, isError?: boolean][]): Message {
  return {
    type: "toolMessage",
    id: "t",
    contents: texts.map(([toolCallId, text, isError]) => ({
      ...{ type: "toolResultPart", id: `r-${toolCallId}`, toolCallId, toolName: "readTextFile" },
      contents: [{ type: "textPart", id: `x-${toolCallId}`, text }],
      ...(isError && { isError }),
    })),
  };
}

/** The beginning of a PNG file. */
export const picture = "iVBORw0KGgo=";
/** The beginning of a PDF. */
export const pdf = "JVBERi0xLjQK";

/** A tool's result with a text and a file. */
export function fileResult(toolCallId: string, mimeType: string): Message {
  const type = mimeType.startsWith("image/") ? "imageInlinePart" : "fileInlinePart";
  return {
    type: "toolMessage",
    id: "t",
    contents: [
      {
        ...{ type: "toolResultPart", id: "r", toolCallId, toolName: "readTextFile" },
        contents: [
          { type: "textPart", id: "x", text: "Here it is." },
          { type, id: "i", encodedData: mimeType === "application/pdf" ? pdf : picture, mimeType },
        ],
      },
    ],
  };
}
