/** The models of a maker that a person can choose from: the provider's default and those whose price is known. */
import { knownModelsOf, type Maker } from "../../model/prices";
import type { ProviderModel } from "./provider";

export function knownModels(defaultModel: string, maker: Maker): ProviderModel[] {
  return [...new Set([defaultModel, ...knownModelsOf(maker)])].map((id) => ({ id }));
}
