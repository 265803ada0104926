/** Jobs of several experts over the real wire: a model server that answers by expert, and the runs read back. */
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { App, ResumeRequest, RunOutcome, StartRequest } from "../../src/app/app";
import type { AnyEvent, RunEvent } from "../../src/model/events";
import { type Run, runOf } from "../../src/model/run";
import { layout } from "../../src/store/layout";
import { readJournal } from "../../src/store/readJournal";
import { listRunsOfJob } from "../../src/store/runFolders";
import { createTestApp, makeWorkspace, type TestApp } from "./experts";
import { type ModelRequest, type ModelServer, type ModelTurn, startModelServer } from "./modelServer";

/** What each expert answers, turn by turn; a function decides by the request and how often the expert was asked. */
export type ExpertScript = readonly ModelTurn[] | ((request: ModelRequest, turn: number) => ModelTurn);

export interface JobBench extends TestApp {
  root: string;
  server: ModelServer;
  start(request?: Partial<StartRequest>): Promise<PlayedRun>;
  resume(request: Partial<ResumeRequest> & { dir: string }): Promise<PlayedRun>;
  /** The runs of a job, by expert; of an expert with several, the last one. */
  readJob(jobId: string): Promise<RecordedRun[]>;
  close(): Promise<void>;
}

export interface PlayedRun {
  outcome: RunOutcome;
  dir: string;
  jobId: string;
  runId: string;
}

export interface RecordedRun {
  dir: string;
  run: Run;
  events: RunEvent[];
}

export async function openJobBench(
  toml: string,
  script: Readonly<Record<string, ExpertScript>>,
  options: { files?: Record<string, string>; app?: Parameters<typeof createTestApp>[0] } = {},
): Promise<JobBench> {
  const turns = new Map<string, number>();
  const server = await startModelServer((request) => {
    const expert = expertOf(request);
    const turn = turns.get(expert) ?? 0;
    turns.set(expert, turn + 1);
    const own = script[expert];
    const answer = typeof own === "function" ? own(request, turn) : own?.[turn];
    return answer ?? { status: 400, body: { error: { message: `No turn ${turn + 1} for ${expert}` } } };
  });
  const root = await makeWorkspace({ "perstack.toml": toml, ...options.files });
  const env = { ANTHROPIC_API_KEY: "sk-test-0123456789", ANTHROPIC_BASE_URL: server.baseUrlFor("anthropic") };
  const test = createTestApp({ ...options.app, env: { ...env, ...options.app?.env } });
  const played = async (launch: (app: App) => ReturnType<App["start"]>): Promise<PlayedRun> => {
    const { done, dir, jobId, runId } = await launch(test.app);
    return { outcome: await done, dir, jobId, runId };
  };
  return {
    ...test,
    root,
    server,
    start: (request) =>
      played((app) =>
        app.start({
          definitionPath: join(root, "perstack.toml"),
          expertKey: "coordinator",
          query: "Do it",
          approval: "all",
          maxRetries: 0,
          ...request,
        }),
      ),
    resume: (request) => played((app) => app.resume({ approval: "all", by: "test", ...request })),
    readJob: (jobId) => readJob(root, jobId),
    async close() {
      test.app.dispose();
      await server.close();
    },
  };
}

export async function readJob(root: string, jobId: string): Promise<RecordedRun[]> {
  const runs: RecordedRun[] = [];
  for (const { dir } of await listRunsOfJob(layout.job(root, jobId))) {
    const { events } = await readJournal(layout.journal(dir));
    const run = runOf(events);
    if (run) runs.push({ dir, run, events });
  }
  return runs.sort((a, b) => a.run.startedAt - b.run.startedAt || a.run.runId.localeCompare(b.run.runId));
}

/** The expert that a request is for: its instruction says who it is. */
export function expertOf({ body }: ModelRequest): string {
  return /You are the expert “([^”]+)”/u.exec(JSON.stringify(body))?.[1] ?? "nobody";
}

export function expertsToml(experts: Readonly<Record<string, string>>, head = ""): string {
  const tables = Object.entries(experts).map(
    ([key, rest]) => `[experts.${key}]\ndescription = "The ${key}"\ninstruction = "Do what you are asked."\n${rest}`,
  );
  return `${head}\n${tables.join("\n")}`;
}

/** What must hold of every journal: no gap, each start with its end, heard as it is written. */
export function brokenLaws(recorded: RecordedRun, heard?: readonly AnyEvent[]): string[] {
  const { events, run } = recorded;
  const laws: string[] = [];
  if (events.some(({ seq }, index) => seq !== index + 1)) laws.push("seq has a gap");
  const open = new Map<string, number>();
  const count = (key: string, by: number) => open.set(key, (open.get(key) ?? 0) + by);
  for (const event of events) {
    if (event.type === "startGeneration") count("generation", 1);
    if (event.type === "finishGeneration") count("generation", -1);
    if (event.type === "startToolCall") count(`call ${event.toolCallId}`, 1);
    if (event.type === "finishToolCall") count(`call ${event.toolCallId}`, -1);
    if (event.type === "startDelegation") count(`delegation ${event.toolCallId}`, 1);
    if (event.type === "finishDelegation") count(`delegation ${event.toolCallId}`, -1);
  }
  for (const [key, left] of open) if (left !== 0) laws.push(`${key} is not closed`);
  if (run.status === "running") laws.push("the run has no end");
  const own = heard?.filter((event) => event.runId === run.runId && "seq" in event && !event.type.startsWith("stream"));
  if (own && !isDeepStrictEqual(own.filter(isDurable), events)) laws.push("heard is not what is written");
  return laws;
}

function isDurable({ type }: AnyEvent): boolean {
  return !["streamText", "streamReasoning", "progressTool", "schedulerState"].includes(type);
}
