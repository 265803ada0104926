/** Runner's records: one JSON object a line, flat, told apart by `event_type`. */
import { ErrorClass } from "../../model/failure";
import { isRecord } from "../../model/toolText";

export interface RunnerRecord {
  /** Counted from 1. */
  line: number;
  id?: string | undefined;
  type: string;
  runId: string;
  /** Unix ms, and what is below a millisecond, in microseconds; absent where it cannot be read. */
  time?: { ms: number; micro: number } | undefined;
  /** Counted from 0. */
  attempt: number;
  stepId?: string | undefined;
  errorClass?: string | undefined;
  reason?: string | undefined;
  newState?: string | undefined;
  /** All that it says beyond its id, run and time. */
  data: Record<string, unknown>;
  /** What of it our events have no place for. */
  extras: Record<string, unknown>;
}

/** The 8 steps that Runner does where it is not given others, in this order, each only after all before it. */
export const defaultPipeline = [
  "preflight_contract_check",
  "phase_benchmark",
  "stage_data_layout",
  "build_steward_bundle",
  "validate_bundle_quality",
  "build_minimal_deliverable",
  "verify_artifacts",
  "publish_internal",
] as const;

/** An event of ours has a `type` and a `seq`, and no `event_type`. */
export function isRunnerRecord(value: unknown): value is Record<string, unknown> {
  return isRecord(value) && ["event_type", "run_id", "timestamp_utc"].every((key) => typeof value[key] === "string");
}

const mostAttempts = 1_000_000;

/** @param tell hears of what is not as Runner writes it; the rest of the record is read */
export function parseRunnerRecord(
  { event_id, event_type, run_id, timestamp_utc, ...data }: Record<string, unknown>,
  line: number,
  fallbackRunId: string,
  tell: (reason: string) => void,
): RunnerRecord | undefined {
  const type = textOf(event_type);
  if (type === undefined) {
    tell("No record of Runner: it has no event_type.");
    return undefined;
  }
  const time = timeOf(timestamp_utc);
  if (!time) tell("timestamp_utc is no time.");
  const runId = textOf(run_id);
  if (runId === undefined) tell("It has no run_id: it is taken to be of the run around it.");
  const { attempt, step_id, error_class, reason, new_state } = data;
  const isCount = Number.isSafeInteger(attempt) && Number(attempt) >= 0 && Number(attempt) < mostAttempts;
  if (!isCount && attempt !== undefined) tell("attempt is no count.");
  const known = {
    id: textOf(event_id),
    stepId: textOf(step_id),
    errorClass: textOf(error_class),
    reason: textOf(reason),
    newState: textOf(new_state),
  };
  const told = new Set(Object.keys(data).filter((key) => isTold(key, data[key])));
  return {
    ...{ line, type, time, data, ...known },
    runId: runId ?? fallbackRunId,
    attempt: isCount ? Number(attempt) : 0,
    extras: Object.fromEntries(Object.entries(data).filter(([key]) => !told.has(key))),
  };
}

const toldKeys: ReadonlySet<string> = new Set(["step_id", "error_class", "reason", "previous_state", "new_state"]);

function isTold(key: string, value: unknown): boolean {
  if (value === null || value === "") return true;
  if (key === "actor") return value === "runner";
  return key === "attempt" ? typeof value === "number" : toldKeys.has(key) && typeof value === "string";
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

const time =
  /^(?<date>\d{4}-\d\d-\d\d)[T ](?<clock>\d\d:\d\d:\d\d)(?:\.(?<fraction>\d+))?\s?(?<zone>Z|[+-]\d\d:?\d\d)?$/iu;

/** ISO 8601 with any fraction; without a zone it is UTC, as the field's name says. */
function timeOf(value: unknown): { ms: number; micro: number } | undefined {
  const parts = typeof value === "string" ? time.exec(value.trim())?.groups : undefined;
  if (!parts) return undefined;
  const zone = (parts.zone ?? "Z").toUpperCase().replace(/^(?<hours>[+-]\d\d)(?<minutes>\d\d)$/u, "$1:$2");
  const fraction = (parts.fraction ?? "").padEnd(6, "0");
  const seconds = Date.parse(`${parts.date}T${parts.clock}${zone}`);
  return seconds > 0 ? { ms: seconds + Number(fraction.slice(0, 3)), micro: Number(fraction.slice(3, 6)) } : undefined;
}

/** Runner's classes in our words. */
export function classOf(errorClass: string | undefined): ErrorClass {
  switch (errorClass) {
    case "transient_io":
    case "hard_gate_failed":
      return errorClass;
    case "contract_input_missing":
      return "invalid_definition";
    default:
      return "tool_error";
  }
}

interface Told {
  class: ErrorClass;
  reason: string;
}

type Words = Pick<RunnerRecord, "errorClass" | "reason">;

/** What failed, in our words. */
export function failureOf(record: Words): Told {
  return ownIn(record) ?? { class: classOf(record.errorClass), reason: reasonOf(record) };
}

/** A run of ours names a class that Runner has no word for before its reason. */
export function ownIn({ errorClass, reason = "" }: Words): Told | undefined {
  const { word, rest = "" } = /^(?<word>[a-z_]{1,40}): (?<rest>[\s\S]*)$/u.exec(reason)?.groups ?? {};
  const ours = ErrorClass.safeParse(word).data;
  return isNamed(ours) && runnerClassOf(ours) === errorClass ? { class: ours, reason: rest } : undefined;
}

/** What broke off has no record at all in Runner's logs. */
function isNamed(ours: ErrorClass | undefined): ours is ErrorClass {
  return ours !== undefined && ours !== "interrupted";
}

/** Runner's own word stays, where ours says less. */
function reasonOf({ errorClass, reason }: Words): string {
  const isSaid = errorClass === undefined || errorClass === "unknown" || classOf(errorClass) === errorClass;
  return [isSaid ? undefined : errorClass, reason].filter(Boolean).join(": ") || (errorClass ?? "It does not say why.");
}

/** The other way round: what `failureOf` makes of it is the same again. */
export function errorOf(ours: ErrorClass = "tool_error", reason: string): { error_class: string; reason: string } {
  const own = /^(?<word>validation_failed|contract_input_missing)(?:: |$)/u.exec(reason)?.groups?.word;
  if (own !== undefined && classOf(own) === ours) return { error_class: own, reason: reason.slice(own.length + 2) };
  const error_class = runnerClassOf(ours);
  const read = failureOf({ errorClass: error_class, reason });
  const isSame = read.class === ours && (read.reason === reason || reason === "");
  return { error_class, reason: isSame || !isNamed(ours) ? reason : `${ours}: ${reason}` };
}

function runnerClassOf(ours: ErrorClass): string {
  switch (ours) {
    case "transient_io":
    case "timeout":
    case "provider_rate_limit":
    case "provider_unavailable":
      return "transient_io";
    case "hard_gate_failed":
      return "hard_gate_failed";
    case "invalid_definition":
      return "contract_input_missing";
    default:
      return "unknown";
  }
}
