/** `pick` and `omit` of a skill: which of its tools are offered. */

export interface ToolSelection {
  pick?: readonly string[] | undefined;
  omit?: readonly string[] | undefined;
}

/** An empty `pick` picks everything, as Perstack has it. */
export function isSelected({ pick, omit }: ToolSelection, name: string): boolean {
  return (!pick?.length || pick.includes(name)) && !omit?.includes(name);
}
