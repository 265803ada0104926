/** Colours for an output: none where it is no terminal or `NO_COLOR` is set. */
import picocolors from "picocolors";
import type { FailureGrade } from "../model/failure";
import type { CliIo, OutputStream } from "./cliIo";

export type Colours = ReturnType<typeof picocolors.createColors>;

export function coloursFor(stream: OutputStream, { env }: CliIo): Colours {
  return picocolors.createColors(Boolean(stream.isTTY) && !env.NO_COLOR && env.TERM !== "dumb");
}

/** Beside the sign and the word, never in their place. */
export function colourOfGrade(colours: Colours, grade: FailureGrade): (text: string) => string {
  if (grade === "fatal") return colours.red;
  return grade === "blocked" ? colours.magenta : colours.yellow;
}
