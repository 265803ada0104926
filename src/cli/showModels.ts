/** What `runtrail models` prints. */
import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { ProviderChoice } from "../app/app";
import { exitCodes } from "../app/exitCodes";
import { findDefinitionUpward } from "../app/findDefinitions";
import { messageOf, UserError } from "../base/errors";
import { oneLine } from "../model/plainText";
import { alignColumns } from "./alignColumns";
import type { CliContext } from "./cliCommand";
import { type Colours, coloursFor } from "./colours";
import type { ModelsOptions } from "./commands/models";
import { createLineWriter } from "./lineWriter";

export async function showModels({ config, json }: ModelsOptions, { io, openApp }: CliContext): Promise<number> {
  const lines = createLineWriter(io.stdout, () => undefined);
  const errors = createLineWriter(io.stderr, () => undefined);
  const definitionPath = config === undefined ? await findDefinitionUpward(io.cwd) : resolve(io.cwd, config);
  if (config !== undefined && !existsSync(resolve(io.cwd, config))) {
    throw new UserError("There is no such file. Correct --config.", { path: resolve(io.cwd, config) });
  }
  const app = await openApp({
    env: io.env,
    readSecrets: async () => ({}),
    askApproval: async () => ({ granted: false, by: "models", reason: "nothing is run here", remember: true }),
    reportError: (error, context) => errors.write(`${context}: ${messageOf(error)}`),
  });
  const leaving = io.onSignal(() => io.exit(exitCodes.cancelled));
  try {
    app.setFolders([definitionPath === undefined ? io.cwd : dirname(definitionPath)]);
    await app.runs.refresh();
    const providers = await app.listModels(definitionPath);
    if (json) lines.write(JSON.stringify({ ...(definitionPath && { definition: definitionPath }), providers }));
    else for (const line of formatProviders(providers, coloursFor(io.stdout, io))) lines.write(line);
    await lines.flush();
    await errors.flush();
    return exitCodes.finished;
  } finally {
    leaving.dispose();
    app.dispose();
  }
}

function formatProviders(providers: readonly ProviderChoice[], colours: Colours): string[] {
  const usable = providers.filter((provider) => provider.usable).flatMap(rowsOf);
  const others = providers.filter((provider) => !provider.usable);
  const reasons = others.map(({ provider, reason = "", fix = "" }) => [
    provider,
    oneLine(reason, 120),
    oneLine(fix, 200),
  ]);
  const tables = [
    usable.length > 0 ? table(["PROVIDER", "MODEL", ""], usable, colours) : ["No model can be used now."],
    reasons.length > 0 ? table(["NOT USABLE", "WHY", "WHAT TO DO"], reasons, colours) : [],
  ];
  return tables.filter((lines) => lines.length > 0).flatMap((lines, index) => (index === 0 ? lines : ["", ...lines]));
}

function rowsOf({ provider, models, isOpen }: ProviderChoice): string[][] {
  const rows = models.map(({ id, name, detail, isDefault }) => {
    const facts = [isDefault ? "default" : "", id === undefined ? "" : (name ?? ""), detail ?? ""];
    return [provider, oneLine(id ?? name ?? "", 80), oneLine(facts.filter((fact) => fact !== "").join(" · "), 120)];
  });
  return isOpen ? [...rows, [provider, "(any other)", "by its name"]] : rows;
}

function table(head: readonly string[], rows: readonly string[][], colours: Colours): string[] {
  const [title = "", ...lines] = alignColumns([head, ...rows]);
  return [colours.bold(title), ...lines];
}
