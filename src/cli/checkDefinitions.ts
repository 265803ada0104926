/** What `runtrail check` reads and prints. */
import { stat } from "node:fs/promises";
import { relative, resolve } from "node:path";
import { exitCodes } from "../app/exitCodes";
import { findDefinitionFiles, readDefinition, readDefinitions, requireDefinitionUpward } from "../app/findDefinitions";
import { formatLocation } from "../base/errors";
import type { DefinitionDocument, DefinitionProblem } from "../model/definition";
import { formatCount } from "../model/formatting";
import { oneLine } from "../model/plainText";
import type { CliContext } from "./cliCommand";
import type { CliIo } from "./cliIo";
import type { CheckOptions } from "./commands/check";
import { createLineWriter } from "./lineWriter";

export async function checkDefinitions(
  path: string | undefined,
  { json }: CheckOptions,
  { io }: CliContext,
): Promise<number> {
  const lines = createLineWriter(io.stdout, () => undefined);
  const errors = createLineWriter(io.stderr, () => undefined);
  const documents = await readAt(resolve(io.cwd, path ?? "."), io.env);
  const problems = documents.flatMap((document) => document.problems);
  const wrong = problems.filter(({ severity }) => severity === "error").length;
  if (json) lines.write(JSON.stringify(reportOf(documents)));
  else {
    for (const document of documents) {
      const shown = relative(io.cwd, document.path);
      for (const problem of document.problems)
        lines.write(formatProblem(shown.startsWith("..") ? document.path : shown, problem));
    }
    const experts = documents.reduce((sum, document) => sum + document.experts.length, 0);
    const counts = [formatCount(documents.length, "file"), formatCount(experts, "expert")].join(", ");
    errors.write(`${counts}: ${formatCount(wrong, "error")}, ${formatCount(problems.length - wrong, "warning")}`);
  }
  await lines.flush();
  await errors.flush();
  return wrong > 0 ? exitCodes.usage : exitCodes.finished;
}

async function readAt(place: string, env: CliIo["env"]): Promise<DefinitionDocument[]> {
  const isFolder = (await stat(place).catch(() => undefined))?.isDirectory() ?? false;
  if (!isFolder) return [await readDefinition(place, env)];
  const below = await findDefinitionFiles([place]);
  return await readDefinitions(below.length > 0 ? below : [await requireDefinitionUpward(place)], env);
}

function formatProblem(path: string, { severity, code, message, range }: DefinitionProblem): string {
  const { line, column } = range;
  return `${formatLocation({ path, line, column })}: ${severity}: ${oneLine(message, 1000)} (${code})`;
}

function reportOf(documents: readonly DefinitionDocument[]): object {
  return {
    files: documents.map(({ path, experts }) => ({ path, experts: experts.map(({ key }) => key) })),
    problems: documents.flatMap(({ path, problems }) =>
      problems.map(({ severity, code, message, range, expertKey }) => {
        const { line, column, endLine, endColumn } = range;
        return {
          path,
          line,
          column,
          endLine,
          endColumn,
          severity,
          code,
          message,
          ...(expertKey !== undefined && { expertKey }),
        };
      }),
    ),
  };
}
