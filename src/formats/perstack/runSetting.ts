/** What a `run-setting.json` of Perstack says of a run; the key and the environment in it are not even looked at. */
import { join } from "node:path";
import * as z from "zod";
import type { FormatProblem } from "../format";
import { eachFile, perstackRunFolders, readJsonFile } from "./perstackRecord";

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
  jobDir: string,
  signal?: AbortSignal,
): Promise<{ settings: Map<string, RunSetting>; problems: FormatProblem[] }> {
  const settings = new Map<string, RunSetting>();
  const problems: FormatProblem[] = [];
  const folders = (await perstackRunFolders(jobDir)).filter(({ files }) => files.includes("run-setting.json"));
  const runIdOf = new Map(folders.map(({ dir, runId }) => [join(dir, "run-setting.json"), runId]));
  await eachFile([...runIdOf.keys()], signal, async (file) => {
    const read = await readJsonFile(file);
    const parsed = "problem" in read ? undefined : StoredSetting.safeParse(read.value);
    if (!parsed?.success) {
      problems.push({ file, reason: "problem" in read ? read.problem : "Not a run setting." });
      return;
    }
    const { providerConfig, ...setting } = parsed.data;
    settings.set(runIdOf.get(file) ?? "", { ...setting, provider: providerConfig?.providerName });
  });
  return { settings, problems };
}
