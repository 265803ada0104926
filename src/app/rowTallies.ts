/** How many events of each kind a log has, counted on as it grows; and which log is which. */
import { kindOfType, type RowKind } from "../model/eventRowKinds";
import type { EventIndex } from "../store/eventIndex";

/** Kinds without an event are left out. */
export type KindCounts = Partial<Record<RowKind, number>>;

interface Tally {
  generation: string;
  kinds: KindCounts;
  failures: number;
  /** Events that are counted. */
  upTo: number;
}

/** Events between two looks at the clock. */
const atOnce = 5000;

export class RowTallies {
  private readonly tallies = new WeakMap<EventIndex, Tally>();
  private generations = 0;

  /** @param count events that are to be counted */
  async of(index: EventIndex, count: number, pace: () => Promise<void> | undefined): Promise<Omit<Tally, "upTo">> {
    const tally = this.tallyOf(index);
    while (tally.upTo < count) {
      const end = Math.min(count, tally.upTo + atOnce);
      for (; tally.upTo < end; tally.upTo += 1) {
        const kind = kindOfType(index.typeOf(tally.upTo));
        tally.kinds[kind] = (tally.kinds[kind] ?? 0) + 1;
        if (index.isFailure(tally.upTo)) tally.failures += 1;
      }
      await pace();
    }
    return { generation: tally.generation, kinds: { ...tally.kinds }, failures: tally.failures };
  }

  private tallyOf(index: EventIndex): Tally {
    const known = this.tallies.get(index);
    if (known) return known;
    this.generations += 1;
    const tally = { generation: String(this.generations), kinds: {}, failures: 0, upTo: 0 };
    this.tallies.set(index, tally);
    return tally;
  }
}
