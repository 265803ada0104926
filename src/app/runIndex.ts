/** The index of runs: summaries of all, details of those someone looks at. */
import type { Event } from "../base/bus";
import type { InputRequest, Origin, RunEvent } from "../model/events";
import type { Failure } from "../model/failure";
import type { Message } from "../model/message";
import type { Run, RunStatus } from "../model/run";
import type { RunPart } from "../model/runWindow";
import type { Spending } from "../model/spending";
import type { Usage } from "../model/usage";

/** A run as a row shows it. */
export interface RunSummary {
  /** Absolute path of the run's folder: its identity across jobs and folders. */
  dir: string;
  jobId: string;
  runId: string;
  expertKey: string;
  query: string;
  status: RunStatus;
  stopReason?: string;
  startedAt: number;
  finishedAt?: number;
  /** Absent where nothing tells it. */
  usage?: Usage;
  cost?: number;
  model?: string;
  steps: number;
  /** The failure to jump to, if there is one. */
  failure?: Failure;
  parentRunId?: string;
  /** Absolute path of the definition. */
  definitionPath?: string;
  definitionLine?: number;
  /** Whether it runs in this process. */
  isHere: boolean;
  /** It has not begun: other runs come first. */
  isQueued?: boolean;
  /** Where it came from, when not from nothing. */
  origin?: Origin;
  /** The call of the parent's that it does. */
  parentToolCallId?: string;
  /** What it stopped for, where it waits for a person's answers. */
  inputRequests?: readonly InputRequest[];
  /** What `usage` is made of, where the run has no end that says it: its delegates may have used more by now. */
  spending?: Spending;
  /** The system whose files tell of it, such as "perstack"; absent: our own. */
  source?: string;
  /** Its name for a person. */
  sourceLabel?: string;
  /**
   * The folder or file that it was looked for in, where it is no job of the workspace: it is there to be looked at, and not
   * gone on with, repeated or deleted.
   */
  root?: string;
  /** What it belongs to in that system, outermost first, such as a project and a task. */
  groups?: readonly RunGroup[];
}

/** What holds runs of another system together. */
export interface RunGroup {
  /** Unique among the groups of its source. */
  id: string;
  label: string;
  /** How it stands, in words: "done", "cancelled", "queued, place 2". */
  state?: string;
  /** Files about it that a person may want to read. */
  documents: readonly RunDocument[];
}

export interface RunDocument {
  label: string;
  /** Absolute path. */
  file: string;
}

/** A place in a run's files that could not be read. */
export interface RunProblem {
  file: string;
  /** Counted from 1. */
  line?: number;
  /** Counted from 1, in UTF-16 units as an editor counts. */
  column?: number;
  reason: string;
}

/** What a place of another system's tells beyond its runs. */
export interface RunSource {
  /** Absolute path of what was read: a folder or file. */
  path: string;
  /** The folder or file that it was looked for in. */
  root: string;
  /** The system; absent where it is not known: nothing there can be read. */
  source?: string;
  sourceLabel?: string;
  /** Where there is no run to show them with. */
  problems: readonly RunProblem[];
  /** Those without a run, each with what it is in before it. */
  groups: readonly (readonly RunGroup[])[];
}

/** Where runs of other systems are looked for. */
export interface RunRoot {
  /** Absolute path of a folder or file. */
  path: string;
  /** Whether the user asked for it: then it is told where nothing in it can be read. */
  isAsked: boolean;
}

/** Which part of a long run is wanted; where it is short, all of it is given. */
export interface WantedPart {
  /** A step that is to be in it; default: the last one. */
  step?: number;
  /** An event that is to be in it. */
  seq?: number;
  /**
   * Whether that is to be the first or the last in it, such as what comes before the part that is shown; else it is in the
   * middle.
   */
  edge?: "first" | "last";
  /** How many steps at the most; default: 500. So many more events and bytes there may be. */
  steps?: number;
}

/** Which part of a long run was loaded. */
export type LoadedPart = RunPart;

export interface LoadedRun {
  /** All about it but its steps, of which those of the part are there. */
  run: Run;
  /** Those of the part, after the ones before the first step. */
  events: readonly RunEvent[];
  /** Of a run that is too long to be loaded as a whole; absent: everything is there. */
  part?: LoadedPart;
  /** The conversation that a run of another system went on from, its query included. */
  base?: readonly Message[];
  problems: readonly RunProblem[];
  /** Other files of the run that a person may want to read, such as a captured output. */
  documents?: readonly RunDocument[];
}

export interface RunIndex {
  /** Newest first. */
  list(): readonly RunSummary[];
  /** Another number whenever a run or source came, went or changed its place: in the list, or under a run, root or group. */
  readonly version: number;
  /** Places of other systems that have more to tell than their runs, such as why they cannot be read. */
  sources(): readonly RunSource[];
  get(dir: string): RunSummary | undefined;
  /** Steps and events of a run, or of a part of a long one (a few are kept). */
  load(dir: string, wanted?: WantedPart): Promise<LoadedRun>;
  /** The folders (`dir`) of the runs, and paths of the sources, that changed, came or went; at most 10 times a second. */
  readonly onDidChange: Event<ReadonlySet<string>>;
  /**
   * A cheap look for what a file watcher may have missed (they do not see all of a folder tree that appears at once): jobs
   * that came or went, and runs that another process goes on with.
   */
  check(): Promise<void>;
  /** Looks at the disk again: everything, or what changed: the folder of a run or job, or one that such are in. */
  refresh(path?: string): Promise<void>;
  /** Something at the paths, in the places of other systems, changed, came or went. */
  refreshPaths(paths: ReadonlySet<string>): Promise<void>;
}
