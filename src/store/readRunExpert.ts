/** What a run's `run-setting.json` says of its expert: as it was defined when the run began. */
import { readFile } from "node:fs/promises";
import * as z from "zod";
import { parseJson } from "../base/lines";
import { layout } from "./layout";

const text = z.string();
const RecordedExpert = z.object({
  delegates: z.array(text).optional(),
  skills: z
    .record(
      text,
      z.object({
        type: text,
        command: text.optional(),
        packageName: text.optional(),
        args: z.array(text).optional(),
        tools: z.record(text, z.unknown()).optional(),
      }),
    )
    .optional(),
});
export type RecordedExpert = z.infer<typeof RecordedExpert>;
const Setting = z.object({ experts: z.record(text, z.unknown()) });

/** `undefined` where that is not recorded, or cannot be read. */
export async function readRunExpert(runDir: string, expertKey: string): Promise<RecordedExpert | undefined> {
  try {
    const setting = Setting.safeParse(parseJson(await readFile(layout.runSetting(runDir), "utf8")));
    const expert = RecordedExpert.safeParse(setting.success ? setting.data.experts[expertKey] : undefined);
    return expert.success ? expert.data : undefined;
  } catch {
    return undefined;
  }
}
