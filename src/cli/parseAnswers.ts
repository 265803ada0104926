/** What stands behind `-i`: the text of an answer, or answers as Perstack writes them in JSON. */
import * as z from "zod";
import type { GivenAnswer } from "../app/planGoingOn";
import { parseJson } from "../base/lines";

const Answer = z.object({ toolCallId: z.string(), text: z.string() });
const Answers = z.union([Answer.transform((answer) => [answer]), z.array(Answer).min(1)]);

/** Anything else is the text of the one answer, JSON too. */
export function parseAnswers(text: string): GivenAnswer[] {
  const parsed = Answers.safeParse(/^\s*[[{]/u.test(text) ? parseJson(text) : undefined);
  if (!parsed.success) return [{ text }];
  return parsed.data.map(({ toolCallId, text: answer }) => ({ toolCallId, text: answer }));
}
