/** What `runtrail install` does and prints. */
import { relative, resolve } from "node:path";
import { exitCodes } from "../app/exitCodes";
import { installSkills, type SkillReport } from "../app/installSkills";
import { newId } from "../app/newId";
import { formatCount } from "../model/formatting";
import { oneLine } from "../model/plainText";
import type { CliContext } from "./cliCommand";
import type { InstallOptions } from "./commands/install";
import { createLineWriter } from "./lineWriter";
import { definitionPathOf } from "./runOptions";

export async function installLock({ config, envPath }: InstallOptions, { io }: CliContext): Promise<number> {
  const lines = createLineWriter(io.stdout, () => undefined);
  const errors = createLineWriter(io.stderr, () => undefined);
  const controller = new AbortController();
  const listening = io.onSignal(() => controller.abort(new Error("Cancelled.")));
  try {
    const { lockPath, experts, reports } = await installSkills({
      definitionPath: await definitionPathOf(config, io.cwd),
      envPaths: envPath?.map((path) => resolve(io.cwd, path)),
      env: io.env,
      newId,
      signal: controller.signal,
      onReport: (report) => ("failure" in report ? errors : lines).write(describeReport(report)),
    });
    const shown = relative(io.cwd, lockPath);
    lines.write(`${shown.startsWith("..") ? lockPath : shown}: ${formatCount(experts, "expert")}`);
    return reports.some((report) => "failure" in report) ? exitCodes.failed : exitCodes.finished;
  } catch (error) {
    if (!controller.signal.aborted) throw error;
    errors.write("Cancelled: nothing was written.");
    return exitCodes.cancelled;
  } finally {
    listening.dispose();
    await lines.flush();
    await errors.flush();
  }
}

function describeReport(report: SkillReport): string {
  const place = [report.expertKey, ...(report.skill === undefined ? [] : [report.skill])].join(": ");
  return oneLine(
    "failure" in report ? `${place}: ${report.failure}` : `${place}: ${formatCount(report.tools, "tool")}`,
    2_000,
  );
}
