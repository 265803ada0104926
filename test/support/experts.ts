/** Small workspaces with a `perstack.toml`, and an application over them. */
import { mkdtemp, realpath, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { App, AppHost, RunOutcome, StartRequest } from "../../src/app/app";
import { createApp } from "../../src/app/createApp";
import type { AnyEvent } from "../../src/model/events";
import { layout } from "../../src/store/layout";
import { type JournalContent, readJournal } from "../../src/store/readJournal";

export async function makeWorkspace(files: Readonly<Record<string, string>>): Promise<string> {
  const root = await realpath(await mkdtemp(join(tmpdir(), "runtrail-workspace-")));
  for (const [name, content] of Object.entries(files)) await writeFile(join(root, name), content);
  return root;
}

/** One expert, `solo`, with an environment variable's base URL or a setting of its own. */
export function soloToml(head = ""): string {
  return `${head}\n[experts.solo]\ndescription = "Alone"\ninstruction = "Do what you are asked."\n`;
}

export interface TestApp {
  app: App;
  heard: AnyEvent[];
  errors: { error: unknown; context: string }[];
}

export function createTestApp(host: Partial<AppHost> = {}): TestApp {
  const errors: TestApp["errors"] = [];
  const heard: AnyEvent[] = [];
  const app = createApp({
    env: {},
    readSecrets: async () => ({}),
    askApproval: async () => ({ granted: true, by: "test", remember: true }),
    reportError: (error, context) => errors.push({ error, context }),
    ...host,
  });
  app.onEvents((events) => heard.push(...events));
  return { app, heard, errors };
}

export interface FinishedRun extends JournalContent {
  outcome: RunOutcome;
  heard: AnyEvent[];
  errors: TestApp["errors"];
  dir: string;
}

/** Runs `solo` to its end and reads its journal back. */
export async function runSolo(
  root: string,
  request: Partial<StartRequest>,
  host: Partial<AppHost> = {},
  onHeard?: (event: AnyEvent, cancel: () => void) => void,
): Promise<FinishedRun> {
  const { app, heard, errors } = createTestApp(host);
  let cancel = () => {};
  app.onEvents((events) => {
    for (const event of events) onHeard?.(event, cancel);
  });
  const handle = await app.start({
    definitionPath: join(root, "perstack.toml"),
    expertKey: "solo",
    query: "Do it",
    approval: "all",
    ...request,
  });
  cancel = () => handle.cancel();
  const outcome = await handle.done;
  const content = await readJournal(layout.journal(handle.dir));
  app.dispose();
  return { ...content, outcome, heard, errors, dir: handle.dir };
}
