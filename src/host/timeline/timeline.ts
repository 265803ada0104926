/** What a panel shows: one run, or what is found in all of them. */
import type { Disposable } from "../../base/disposable";
import type { TimelineFilter, TimelineSubject } from "../../model/timelineMessages";
import type { PlaceInRun } from "../sources";
import type { ShownList } from "./shownList";

export interface Timeline extends Disposable {
  /** The run's folder; absent: all runs. */
  readonly dir: string | undefined;
  readonly tabTitle: string;
  subject(): TimelineSubject;
  list(filter: TimelineFilter, onChange: () => void): ShownList;
  /** Looks again at what there is; called when somebody begins to look, and while the runs change. */
  look(): void;
  /** Position of a place in the run. */
  find(place: PlaceInRun): Promise<number | undefined>;
}

export interface TimelineListener {
  /** The subject has changed. */
  onChange(): void;
  /** Nothing that was told of the list holds any more. */
  onReplace(): void;
}
