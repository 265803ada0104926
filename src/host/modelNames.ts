/** A chosen model, and what it is called. */

export interface ChosenModel {
  provider: string;
  /** Of the provider, for people. */
  label: string;
  /** Absent: the provider chooses by itself. */
  model?: string;
  /** Of the model, for people, where it is not its id. */
  name?: string;
}

/** Such as `gpt-5 · OpenAI`. */
export function nameOf({ label, model, name }: ChosenModel): string {
  const shown = name ?? model;
  return shown === undefined ? label : `${shown} · ${label}`;
}
