/** What a `run-setting.json` of Perstack says of a run; the key and the environment in it are not even looked at. */
import { join } from "node:path";
import * as z from "zod";
import { readJsonFile } from "../jsonFile";
import type { SourceFiles } from "../sourceFiles";
import type { PerstackRunFolder } from "./perstackRecord";

const maybe = <T extends z.ZodType>(schema: T) => schema.optional().catch(undefined);
const count = maybe(z.number().int().nonnegative());

const StoredSetting = z.object({
  model: maybe(z.string()),
  providerConfig: maybe(z.object({ providerName: z.string() })),
  maxSteps: count,
  maxRetries: count,
  timeout: maybe(z.number().nonnegative()),
});

export interface RunSetting extends Omit<z.infer<typeof StoredSetting>, "providerConfig"> {
  provider?: string | undefined;
}

/** By run id. Perstack's command has not written them since December 2025; its library and other versions do. */
export async function readRunSettings(
  source: SourceFiles,
  folders: readonly PerstackRunFolder[],
): Promise<Map<string, RunSetting>> {
  const settings = new Map<string, RunSetting>();
  for (const { dir, runId } of folders.filter(({ files }) => files.includes("run-setting.json"))) {
    const file = join(dir, "run-setting.json");
    const value = await readJsonFile(source, file);
    const parsed = StoredSetting.safeParse(value);
    if (parsed.success) {
      const { providerConfig, ...setting } = parsed.data;
      settings.set(runId, { ...setting, provider: providerConfig?.providerName });
    } else if (value !== undefined) source.problems.push({ file, reason: "Not a run setting." });
  }
  return settings;
}
