/** The models of a maker that a person can choose from: the provider's default and those whose price is known. */
import { knownModelsOf, type Maker } from "../../model/prices";
import type { ProviderModel } from "./provider";

/** Second names, and models that their makers have put newer ones in place of: they can be named, but need no row. */
const unlisted = /^(?:claude-3|claude-[a-z]+-4(?:-[01])?$|gpt-4o|o1|o3-mini|gemini-2\.0|gpt-5-codex)/;

export function knownModels(defaultModel: string, maker: Maker): ProviderModel[] {
  const listed = knownModelsOf(maker).filter((id) => !unlisted.test(id));
  return [...new Set([defaultModel, ...listed])].map((id) => ({ id }));
}
