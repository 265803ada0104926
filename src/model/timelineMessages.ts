/**
 * What the Timeline's page and the editor say to each other. The page begins with `ready`, the editor answers with what
 * there is; after that only changes are told, and rows are given to who asks for them. What comes from the page is parsed.
 */
import * as z from "zod";
import type { EventRow } from "./eventRow";
import { type RowKind, rowKinds } from "./eventRowKinds";
import type { RunStatus } from "./run";

const index = z.number().int().nonnegative();

/** Which events are shown. Nothing chosen: all. */
export const TimelineFilter = z.object({
  /** As `parseQuery` reads it. */
  text: z.string().max(2000),
  kinds: z.array(z.enum(rowKinds)),
  isFailuresOnly: z.boolean(),
});
export type TimelineFilter = z.infer<typeof TimelineFilter>;

/** What the page leaves behind, so that it comes back after the window was loaded again. */
export const TimelineState = z.object({
  /** The run's folder; absent: all runs. */
  dir: z.string().optional(),
  filter: TimelineFilter,
  /** The selected event: its position in the log, of a single run. */
  at: index.optional(),
  isFollowing: z.boolean(),
});
export type TimelineState = z.infer<typeof TimelineState>;

/** `epoch` says which list is meant: one that was replaced meanwhile is not answered for. */
const inList = { epoch: index };

export const ToHost = z.discriminatedUnion("kind", [
  /** Asks for everything; the state is what it showed before, if anything. */
  z.object({ kind: z.literal("ready"), filter: TimelineFilter, at: index.optional() }),
  /** @property at the event that is to stay in sight */
  z.object({ kind: z.literal("filter"), filter: TimelineFilter, at: index.optional() }),
  /** Whole pages: from `from`, up to `to`. */
  z.object({ kind: z.literal("rows"), ...inList, from: index, to: index }),
  z.object({ kind: z.literal("findFailure"), ...inList, from: z.number().int(), direction: z.literal([1, -1]) }),
  z.object({ kind: z.literal("open"), ...inList, index }),
  z.object({ kind: z.literal("copy"), ...inList, index }),
  /** Beyond the limit of what was looked for. */
  z.object({ kind: z.literal("more"), ...inList }),
  /** Ends the search; what was found stays. */
  z.object({ kind: z.literal("stop"), ...inList }),
]);
export type ToHost = z.infer<typeof ToHost>;

/** What the list is of. */
export interface TimelineSubject {
  kind: "subject";
  /** The run's folder; absent: all runs. */
  dir?: string;
  title: string;
  /** Of the run; absent for all runs, and while it is not known. */
  status?: RunStatus;
  /** The status in words, with how the run is told apart. */
  description: string;
  /** Events of the run, or runs that are searched. */
  total: number;
  failures?: number;
  /** How many events there are of each kind. */
  kinds?: Partial<Record<RowKind, number>>;
  /** Where the time axis begins and ends, Unix ms; absent where no time is known. */
  axis?: { from: number; to: number };
  /** Why there is nothing to be seen. */
  problem?: string;
}

/** How the list stands; sent again while it grows. */
export interface TimelineList {
  kind: "list";
  epoch: number;
  count: number;
  /** Whether more is being found. */
  isBusy: boolean;
  /** Whether `more` would find more. */
  hasMore: boolean;
  /** Why the filter finds nothing, or not all. */
  problem?: string;
  /** Where in the list the event is that was to stay in sight. */
  anchor?: number;
}

export type ToPage =
  | TimelineSubject
  | TimelineList
  | { kind: "rows"; epoch: number; from: number; rows: readonly EventRow[] }
  | { kind: "failure"; epoch: number; index: number; isWrapped: boolean }
  | { kind: "noFailure"; epoch: number }
  | { kind: "show"; at?: number; isSearch: boolean };
