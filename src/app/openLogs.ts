/** The logs that are being looked at, each with its index and what it tells of its run: a few are kept for the next look. */
import type { EventIndex, IndexedLog } from "../store/eventIndex";
import { openEventIndex } from "../store/eventIndex";
import { newId } from "./newId";
import { RunFold } from "./runFold";

const mostLogs = 8;
/** An event takes about 15 bytes. */
const mostEvents = 4_000_000;

export class OpenLogs {
  private readonly logs = new Map<string, { log: IndexedLog; mayKeep: boolean }>();
  private readonly folds = new WeakMap<EventIndex, RunFold>();

  /** Its index may not have been read yet, or not up to where the log ends by now. */
  at(file: string, { mayWrite }: { mayWrite: boolean }): IndexedLog {
    const known = this.logs.get(file);
    this.logs.delete(file);
    const isUsable = known !== undefined && known.mayKeep === mayWrite;
    if (known && !isUsable) this.close(known.log);
    const entry = isUsable ? known : { log: openEventIndex(file, { mayKeep: mayWrite, newId }), mayKeep: mayWrite };
    this.logs.set(file, entry);
    this.closeOld();
    return entry.log;
  }

  /** Whether the log was looked through for what it tells of its run: what came since is little. */
  knowsRun(file: string): boolean {
    const known = this.logs.get(file);
    return known !== undefined && (this.folds.get(known.log.index)?.isRead ?? false);
  }

  /** Of a log that was replaced there is another index, and so another fold. */
  foldOf(index: EventIndex): RunFold {
    const known = this.folds.get(index) ?? new RunFold(index);
    this.folds.set(index, known);
    return known;
  }

  private closeOld(): void {
    let events = 0;
    for (const { log } of this.logs.values()) events += log.index.count;
    for (const [file, { log }] of this.logs) {
      if (this.logs.size === 1 || (this.logs.size <= mostLogs && events <= mostEvents)) return;
      this.logs.delete(file);
      events -= log.index.count;
      this.close(log);
    }
  }

  /** What goes wrong with keeping an index makes the next look slower, and nothing else. */
  private close(log: IndexedLog): void {
    void log.close().catch(() => {});
  }
}
