/** The delegates that a coordinator waits for, as Perstack counts: what they use is the coordinator's too, and so are their steps. */
import { endsRun } from "../../model/eventKinds";
import type { EventOf, RunEvent } from "../../model/events";
import { isLeftBehind } from "./leftBehind";
import type { ToldRun } from "./toldRun";
import type { WrittenUsage } from "./writtenEvent";
import { addWrittenUsage, subtractWrittenUsage } from "./writtenParts";

type Ending = EventOf<"finishRun" | "stopRun" | "errorRun">;

export interface AwaitedRun {
  readonly told: ToldRun;
  readonly ending: Ending | undefined;
}

export class AwaitedDelegates {
  /** With what had been used when they began or went on. */
  private readonly runs: { run: AwaitedRun; before: WrittenUsage }[] = [];

  add(run: AwaitedRun): void {
    this.runs.push({ run, before: run.told.usage });
  }

  /** Perstack's job ends with a delegate that fails: that its coordinator does too is left to the reader. */
  endWith(event: RunEvent): event is Ending {
    return endsRun(event) && this.runs.some(({ run }) => isLeftBehind(event, run.told.expert.key, run.ending));
  }

  /** @returns the last step of the job so far */
  settle(coordinator: ToldRun): number {
    for (const { run, before } of this.runs) {
      coordinator.usage = addWrittenUsage(coordinator.usage, subtractWrittenUsage(run.told.usage, before));
    }
    return Math.max(coordinator.step, ...this.runs.map(({ run }) => run.told.step));
  }
}
