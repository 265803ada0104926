/** The instruction message that opens a conversation: how to work here, then what the expert's author wrote. */

export interface InstructionFacts {
  expertKey: string;
  instruction: string;
  workspaceRoot: string;
  /** Unix ms. */
  now: number;
  /** Rules of the skills, by name. */
  rules: readonly { skill: string; rule: string }[];
  isReadOnly: boolean;
}

export function writeInstruction(facts: InstructionFacts): string {
  const { expertKey, instruction, workspaceRoot, now, rules, isReadOnly } = facts;
  const access = isReadOnly
    ? "This run is read-only: files cannot be changed and commands cannot be run."
    : "You can read and change files below the working directory and run commands in it; nothing outside it can be reached.";
  const parts = [
    `You are the expert “${expertKey}”. You work on your own, step by step, with the tools you are given.`,
    [
      "How to work:",
      "- Look before you change; check what you did with the tools before you call it done.",
      "- For work of several steps keep a list with the todo tool, and mark what is done.",
      "- A tool that fails tells you why: read it, then go on another way. Do not repeat the same call.",
      "- When the task is done, call attemptCompletion. It lists what is still open, if anything is; else you are asked for the final answer.",
    ].join("\n"),
    [
      "Where you are:",
      `- Working directory: ${workspaceRoot}`,
      `- Time: ${new Date(now).toISOString()}`,
      `- ${access}`,
    ].join("\n"),
    ...rules.map(({ skill, rule }) => `Rules for the skill ${skill}:\n${rule.trim()}`),
    `Your task as its author describes it:\n${instruction.trim()}`,
  ];
  return parts.join("\n\n");
}
