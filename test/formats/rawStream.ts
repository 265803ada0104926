/** What Perstack's own output tells, worked out from its raw lines without any code of ours: what a reading must agree with. */

export interface RawEvent {
  type: string;
  id: string;
  runId: string;
  timestamp: number;
  stepNumber?: number;
  expertKey?: string;
  [key: string]: unknown;
}

/** One run of Perstack, from its start to its end. */
export interface RawRun {
  runId: string;
  expert: string;
  steps: number[];
  ids: string[];
  /** Type of the last event of its state machine. */
  last: string;
  isStart: boolean;
  delegatedBy?: { checkpointId: string; toolCallId: string };
  /** Of the checkpoint it stopped with. */
  stopCheckpointId?: string;
  text?: string;
  error?: { name: string; message: string };
  retries: number;
  toolResults: { id: string; text: string }[];
  tokens: number;
}

export function parseRaw(text: string): RawEvent[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));
}

export function rawRuns(events: readonly RawEvent[]): RawRun[] {
  const runs: RawRun[] = [];
  const open = new Map<string, RawRun>();
  for (const event of events.filter(({ type, expertKey }) => expertKey && !/stream/iu.test(type))) {
    if (event.type === "startRun") {
      const begun = beginRun(event);
      runs.push(begun);
      open.set(event.runId, begun);
    }
    const run = open.get(event.runId);
    if (run) addEvent(run, event);
  }
  return runs;
}

function beginRun(event: RawEvent): RawRun {
  const { status, delegatedBy } = event.initialCheckpoint as { status: string; delegatedBy?: RawRun["delegatedBy"] };
  const input = event.inputMessages as { type: string }[];
  return {
    ...{ runId: event.runId, expert: event.expertKey ?? "", steps: [], ids: [], last: "", retries: 0 },
    ...{ toolResults: [], tokens: 0, isStart: input.length > 0 },
    ...(status === "init" && delegatedBy && { delegatedBy }),
  };
}

function addEvent(run: RawRun, event: RawEvent): void {
  const step = event.stepNumber ?? 0;
  if (!run.steps.includes(step)) run.steps.push(step);
  run.ids.push(event.id);
  run.last = event.type;
  if (event.type === "retry") run.retries += 1;
  const isSpent = ["callTools", "completeRun", "retry"].includes(event.type);
  if (isSpent) run.tokens += (event.usage as { totalTokens: number }).totalTokens;
  if (event.type === "completeRun") run.text = event.text as string;
  if (event.type === "stopRunByError") run.error = event.error as { name: string; message: string };
  if (event.type.startsWith("stopRun")) run.stopCheckpointId = (event.checkpoint as { id: string }).id;
  const results = [...((event.toolResults as RawResult[]) ?? []), ...(event.toolResult ? [event.toolResult] : [])];
  for (const { id, result } of results as RawResult[]) {
    if (event.type !== "retry") run.toolResults.push({ id, text: result.map((part) => part.text ?? "").join("") });
  }
}

interface RawResult {
  id: string;
  result: { text?: string }[];
}

/** How Perstack's tools say that they failed. */
export function saysFailure(text: string): boolean {
  return /^\{"error":"|^(?:Error calling tool \S+: )?MCP error -\d+/u.test(text);
}
