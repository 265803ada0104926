/** Where the rows of a run's timeline come from. */
import type { EventCount } from "../../app/readRows";
import type { RowFilter } from "../../app/rowFilter";
import type { EventRow } from "../../model/eventRow";

export interface RowSource {
  /** @param onPart hears what can be told ahead of the whole */
  count(signal: AbortSignal, onPart: (count: EventCount) => void): Promise<EventCount>;
  /** Rows at these positions; those that are not there are left out. */
  rows(at: readonly number[]): Promise<EventRow[]>;
  /**
   * Positions from `from` on, in order, in parts; gives how far was looked. Throws `UserError` for a text that cannot be
   * looked for.
   */
  filter(
    filter: RowFilter,
    from: number,
    signal: AbortSignal,
    onPart: (at: readonly number[]) => void,
  ): Promise<number>;
  /** Position of an event, or of the first one of a step. */
  find(place: { step: number; seq?: number | undefined }): Promise<number | undefined>;
}
