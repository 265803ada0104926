/** What a panel needs of the list it shows. */
import type { Disposable } from "../../base/disposable";
import type { EventRow } from "../../model/eventRow";

export interface ShownList extends Disposable {
  readonly count: number;
  /** Whether more is being looked for. */
  readonly isBusy: boolean;
  /** Whether `more` would find more. */
  readonly hasMore: boolean;
  /** Why nothing is found, or not all. */
  readonly problem: string | undefined;
  rows(from: number, to: number): Promise<EventRow[]>;
  /** Where the event is, or the next one that is shown; `undefined` while that is not known. */
  indexOf(at: number): number | undefined;
  /** The next failure behind, or before, an index; around the end where there is none. */
  findFailure(from: number, direction: 1 | -1): Promise<{ index: number; isWrapped: boolean } | undefined>;
  more(): void;
  /** Ends the search; what was found stays. */
  stop(): void;
}
