/** A provider's own options: defaults of ours, what `[provider.setting.providerOptions]` says, and what the request decides. */
import * as z from "zod";

type Json = z.infer<ReturnType<typeof z.json>>;

/** By the names that the SDK gives them, without the provider's name around. */
export type ProviderOptions = Readonly<Record<string, Json>>;

export const providerOptions = z.record(z.string(), z.json()).optional();

/** Later ones win; tables are merged key by key, lists and values replaced. */
export function mergeOptions(...layers: readonly (ProviderOptions | undefined)[]): Record<string, Json> {
  const merged: Record<string, Json> = {};
  for (const layer of layers) {
    for (const [key, value] of Object.entries(layer ?? {})) {
      const before = merged[key];
      merged[key] = isTable(before) && isTable(value) ? mergeOptions(before, value) : value;
    }
  }
  return merged;
}

function isTable(value: Json | undefined): value is Record<string, Json> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
