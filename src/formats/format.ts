/** The contract of a format: another system's run folders and logs, read into our events. */
import type { RunEvent } from "../model/events";
import type { Message } from "../model/message";
import type { FolderTree } from "./walkFiles";

/** A place that could not be read, or that contradicts itself; what else is there was read. */
export interface FormatProblem {
  /** Absolute path. */
  file: string;
  /** Counted from 1. */
  line?: number;
  /** Counted from 1, in UTF-16 units as an editor counts. */
  column?: number;
  reason: string;
}

/** A file that a person may want to read: a prompt, a captured output, a message bus. */
export interface ForeignDocument {
  label: string;
  /** Absolute path. */
  file: string;
}

/** What holds runs together in the other system: a project, a task. */
export interface ForeignGroup {
  /** Unique among the groups of a reading. */
  id: string;
  /** The id of the group that it is in. */
  parent?: string;
  label: string;
  /** How it stands, in words: "done", "cancelled: no longer needed", "queued, place 2". */
  state?: string;
  documents: readonly ForeignDocument[];
}

/** One expert's work, as our model has it, however many of the other system's runs it is spread over. */
export interface ForeignRun {
  /**
   * Where it is shown to be, and what it is known by: the folder of the first run it consists of, or the file it was read
   * from; of a file with several runs, the path with `#` and the run id behind it.
   */
  dir: string;
  jobId: string;
  runId: string;
  /** `startRun` first, `seq` without a gap; without an end where the files tell of none. */
  events: RunEvent[];
  /** The conversation that it went on from, its query included; absent where it began with its instruction. */
  base?: readonly Message[];
  /** The ids that the other system gave the parts of it, oldest first. */
  sourceRunIds: readonly string[];
  /** Its checkpoints, oldest first. */
  checkpointIds: readonly string[];
  /** Of its own files. */
  problems: readonly FormatProblem[];
  /** The id of its group. */
  group?: string;
  documents?: readonly ForeignDocument[];
}

export interface ForeignRuns {
  /** What was read. */
  source: string;
  /** Oldest first. */
  runs: ForeignRun[];
  /** Of files that no run can be told to own. */
  problems: FormatProblem[];
  /** Those that a run is in, and those without a run. */
  groups?: ForeignGroup[];
  /** Every file and folder that was looked at: where none of them changed, reading again tells nothing new. */
  files: readonly string[];
}

/** A run of ours, or one that was read, to be written for the other system. */
export interface RunToWrite {
  /** With their large results. */
  events: readonly RunEvent[];
  /** The conversation that it went on from, its query included. */
  base?: readonly Message[] | undefined;
  /** As it was defined when it ran, where that is known. */
  expert?: ExpertToWrite | undefined;
}

/** What is needed of an expert's definition. */
export interface ExpertToWrite {
  delegates?: readonly string[] | undefined;
  skills?: Readonly<Record<string, SkillToWrite>> | undefined;
}

interface SkillToWrite {
  type: string;
  command?: string | undefined;
  packageName?: string | undefined;
  args?: readonly string[] | undefined;
  tools?: Readonly<Record<string, unknown>> | undefined;
}

export const formatNames = [
  "perstack",
  "conductor",
  "runner",
  "openexpertise",
  "otel",
  "claudeCode",
  "codex",
  "gemini",
] as const;
export type FormatName = (typeof formatNames)[number];

/** Those that are written as well, in one go and while runs go on. */
export const writtenFormatNames = [
  "perstack",
  "conductor",
  "runner",
  "openexpertise",
  "otel",
] as const satisfies readonly FormatName[];
export type WrittenFormatName = (typeof writtenFormatNames)[number];

/** Writes events of ours for another system while they happen. */
export interface FormatSink {
  /**
   * In the order in which they were recorded; the runs of several jobs may alternate. It is on disk when this is done.
   * Throws the system's error; what was written until then stands.
   * @param about what the run began with and is defined by, with `startRun` and `resumeRun`
   */
  write(event: RunEvent, about?: Omit<RunToWrite, "events">): Promise<void>;
  /** Hears, before the first event of a job, what happened in it before: nothing of it is written. */
  recall?(event: RunEvent, about?: Omit<RunToWrite, "events">): void;
  /** Ends what it holds open: files, and records that are written once it is known that nothing follows. */
  close(): Promise<void>;
}

/** Reads never write, and never throw for bad data: good records plus problems. */
export interface Format {
  readonly name: FormatName;
  /** For a person. */
  readonly label: string;
  /** Cheap: looks at names and the beginning of a file. */
  accepts(path: string): Promise<boolean>;
  /**
   * The smallest places at and below a folder that are read on their own, such as a run's folder or a log: what changes
   * together is read again together. Cheap and bounded, as a look around a workspace must be; sorted.
   * Throws only where the signal is aborted.
   * @param tree where several formats look at the same folders
   */
  find(folder: string, signal?: AbortSignal, tree?: FolderTree): Promise<string[]>;
  /** Throws only where the signal is aborted. */
  read(path: string, signal?: AbortSignal): Promise<ForeignRuns>;
  /**
   * Writes the runs of one job into a folder that is there and empty.
   * @returns how many files. Throws the system's error, or the signal's reason.
   */
  write?(runs: readonly RunToWrite[], folder: string, signal?: AbortSignal): Promise<number>;
  /** @param folder is there; its files are added to, as the system itself would. */
  openSink?(folder: string): Promise<FormatSink>;
}
