/** Which events the Timeline shows, without the schemas of its messages: for the page. */
import type { TimelineFilter } from "./timelineMessages";

export const noFilter: TimelineFilter = { text: "", kinds: [], isFailuresOnly: false };

export function isFiltering({ text, kinds, isFailuresOnly }: TimelineFilter): boolean {
  return text.trim() !== "" || kinds.length > 0 || isFailuresOnly;
}

export function isSameFilter(one: TimelineFilter, other: TimelineFilter): boolean {
  return (
    one.text.trim() === other.text.trim() &&
    one.isFailuresOnly === other.isFailuresOnly &&
    one.kinds.toSorted().join() === other.kinds.toSorted().join()
  );
}
