/** The rows of the model picker: what perstack.toml says, the models that can be used now, and why the others cannot. */
import type { ProviderChoice } from "../../app/app";
import type { ChosenModel } from "../modelNames";

interface Words {
  label: string;
  description?: string;
  detail?: string;
}

export type ModelRow = Words &
  (
    | { kind: "separator" }
    | { kind: "definition"; isCurrent: boolean }
    | { kind: "model"; isCurrent: boolean; chosen: ChosenModel }
    /** One whose name is typed. */
    | { kind: "other"; isCurrent: false; choice: ProviderChoice }
    | { kind: "unusable"; isCurrent: boolean; choice: ProviderChoice }
  );

/** @param said what all definitions say, in words */
export function modelRows(
  choices: readonly ProviderChoice[],
  current: ChosenModel | undefined,
  said: string | undefined,
): ModelRow[] {
  const usable = choices.filter((choice) => choice.usable);
  const unusable = choices.filter((choice) => !choice.usable);
  const isSaid = current === undefined;
  return [
    {
      kind: "definition",
      isCurrent: isSaid,
      label: "Use what perstack.toml says",
      ...described(said, chosenWord(isSaid)),
    },
    ...usable.flatMap((choice) => [separator(choice.label), ...rowsOf(choice, current)]),
    ...(unusable.length > 0 ? [separator("not usable now")] : []),
    ...unusable.map((choice): ModelRow => {
      const isCurrent = current?.provider === choice.provider;
      const detail = lacksKey(choice) ? "Choose it to set the key." : choice.fix;
      return {
        ...{ kind: "unusable", isCurrent, choice, label: choice.label },
        ...described(chosenWord(isCurrent), choice.reason),
        ...(detail !== undefined && { detail }),
      };
    }),
  ];
}

/** Whether setting one of its keys is what makes the provider usable. */
export function lacksKey({ keyNames, fix = "" }: ProviderChoice): boolean {
  return keyNames.some((name) => fix.includes(name));
}

function rowsOf(choice: ProviderChoice, current: ChosenModel | undefined): ModelRow[] {
  const { provider, label, models, isOpen } = choice;
  const chosen = current?.provider === provider ? current : undefined;
  const isListed = models.some(({ id }) => id === chosen?.model);
  const typed: ProviderChoice["models"] = chosen?.model === undefined || isListed ? [] : [{ id: chosen.model }];
  const rows = [...typed, ...models].map(({ id, name, detail, isDefault }): ModelRow => {
    const isCurrent = chosen !== undefined && chosen.model === id;
    const model = { ...(id !== undefined && { model: id }), ...(name !== undefined && { name }) };
    return {
      ...{ kind: "model", isCurrent, chosen: { provider, label, ...model }, label: name ?? id ?? label },
      ...described(chosenWord(isCurrent), name && id, isDefault && "default", detail),
    };
  });
  const other: ModelRow = {
    kind: "other",
    label: "Another model…",
    description: "type its name",
    isCurrent: false,
    choice,
  };
  return isOpen ? [...rows, other] : rows;
}

function separator(label: string): ModelRow {
  return { kind: "separator", label };
}

/** Said too, because a check mark alone is not read out. */
function chosenWord(isCurrent: boolean): string | undefined {
  return isCurrent ? "chosen" : undefined;
}

function described(...facts: (string | undefined)[]): Pick<Words, "description"> {
  const told = facts.filter((fact) => fact !== undefined && fact !== "");
  return told.length > 0 ? { description: told.join(" · ") } : {};
}
