/** The words in a run's log that name another run: its delegates, the run that delegated to it, and where it came from. */
import type { Run, ToolCallItem } from "../../model/run";
import type { LogLine } from "../../model/runLog";

export interface RunLink {
  /** Counts from 0. */
  line: number;
  start: number;
  end: number;
  jobId: string;
  runId: string;
}

export function runLinksIn(run: Run, lines: readonly LogLine[]): RunLink[] {
  const { jobId, origin, parent } = run;
  const delegates = delegatesByCall(run);
  const named = [...(parent ? [{ jobId, runId: parent.runId }] : []), ...(origin ? [origin] : [])];
  return lines.flatMap((line, index): RunLink[] => {
    const place = { line: index };
    if (line.depth === 0 && line.step === 0) {
      return named.flatMap(({ jobId, runId }) => {
        const start = line.text.indexOf(`run ${runId}`);
        return start === -1 ? [] : [{ ...place, start, end: start + 4 + runId.length, jobId, runId }];
      });
    }
    const call = line.depth === 2 && line.toolCallId !== undefined ? delegates.get(line.toolCallId) : undefined;
    if (!call) return [];
    const start = line.text.indexOf(call.tool);
    return start === -1 ? [] : [{ ...place, start, end: start + call.tool.length, jobId, runId: call.childRunId }];
  });
}

/** A call that was made again is about the newest of its runs. */
function delegatesByCall({ steps }: Run): Map<string, ToolCallItem & { childRunId: string }> {
  const calls = steps.flatMap(({ items }) => items).filter(isDelegation);
  return new Map(calls.map((call) => [call.toolCallId, call]));
}

function isDelegation(item: Run["steps"][number]["items"][number]): item is ToolCallItem & { childRunId: string } {
  return item.kind === "toolCall" && item.childRunId !== undefined;
}
