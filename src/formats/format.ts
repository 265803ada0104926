/** The contract of a format: another system's run folders and logs, read into our events. */
import type { RunEvent } from "../model/events";
import type { Message } from "../model/message";

/** A place that could not be read; what else is there was. */
export interface FormatProblem {
  file: string;
  /** Counted from 1. */
  line?: number;
  reason: string;
}

/** One expert's work, as our model has it, however many of the other system's runs it is spread over. */
export interface ForeignRun {
  /** Where it is shown to be: the folder of the first run it consists of, or the file it was read from. */
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
}

export interface ForeignRuns {
  /** What was read. */
  source: string;
  /** Oldest first. */
  runs: ForeignRun[];
  /** Of files that no run can be told to own. */
  problems: FormatProblem[];
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

/** Reads never throw for bad data: good records plus problems. */
export interface Format {
  readonly name: "perstack";
  /** For a person. */
  readonly label: string;
  /** Cheap: looks at names and the beginning of a file. */
  accepts(path: string): Promise<boolean>;
  /** Throws only where the signal is aborted. */
  read(path: string, signal?: AbortSignal): Promise<ForeignRuns>;
  /**
   * Writes the runs of one job into a folder that is there and empty.
   * @returns how many files. Throws the system's error, or the signal's reason.
   */
  write?(runs: readonly RunToWrite[], folder: string, signal?: AbortSignal): Promise<number>;
}
