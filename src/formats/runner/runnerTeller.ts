/** A run of ours in Runner's records, event by event: its steps, attempts, gates and artifacts, and states that may follow. */
import { createHash } from "node:crypto";
import { endsRun } from "../../model/eventKinds";
import type { EventOf, RunEvent } from "../../model/events";
import { compactJson, isRecord } from "../../model/toolText";
import { errorOf } from "./runnerRecord";

type Fields = Record<string, unknown>;

/** In Runner's order; what is not set is left out. */
const keys = [
  ...["event_id", "event_type", "run_id", "timestamp_utc", "actor", "attempt", "step_id", "error_class", "reason"],
  ...["inputs_hash", "outputs_hash", "artifact_path", "previous_state", "new_state", "override_reason"],
];

/** The states that may follow each other. */
const transitions: Readonly<Record<string, readonly string[]>> = {
  created: ["preflight_validated", "failed"],
  preflight_validated: ["executing", "failed"],
  executing: ["blocked", "failed", "succeeded"],
  blocked: ["executing", "failed", "rolled_back"],
  failed: ["rolled_back"],
};

interface ToldStep {
  attempt: number;
  state: "running" | "succeeded" | "failed" | "interrupted" | "retried";
}

export class RunnerTeller {
  /** A run that was begun before, elsewhere, is at work. */
  private state = "executing";
  /** A run that Runner itself told of says its states as they were. */
  private isRunners = false;
  private readonly steps = new Map<string, ToldStep>();
  /** Fields of the next record of a type that ours have no place for. */
  private readonly extras = new Map<string, Fields>();
  private lines: string[] = [];
  private event: RunEvent | undefined;
  private isEnded = false;
  /** A log of Runner's goes forward. */
  private time = 0;
  private count = 0;

  /** @returns the lines to be appended, each with its LF */
  tell(event: RunEvent): string[] {
    this.lines = [];
    this.event = event;
    this.count = 0;
    this.time = Math.max(this.time, event.timestamp);
    if (event.type === "resumeRun" || event.type === "startRun") this.isEnded = false;
    if (!this.isEnded) this.take(event);
    if (endsRun(event)) this.isEnded = true;
    return this.lines;
  }

  private take(event: RunEvent): void {
    switch (event.type) {
      case "startRun": {
        const own = `${event.runId}: `;
        const query = event.query.startsWith(own) ? event.query.slice(own.length) : event.query;
        this.state = "created";
        this.isRunners = event.expertKey === "runner" && (query === event.runId || query !== event.query);
        const reason = query === event.runId ? {} : { reason: query };
        this.write("run.created", { ...reason, new_state: "created" });
        return;
      }
      case "startGeneration":
        this.start(stepId(event), this.steps.get(stepId(event))?.attempt ?? 0);
        return;
      case "retryGeneration": {
        const { class: errorClass, message } = event.error;
        const id = stepId(event);
        this.fail(id, errorOf(errorClass, message));
        this.retry(id, (this.steps.get(id)?.attempt ?? 0) + 1, { reason: `Retrying after ${errorClass}` });
        return;
      }
      case "finishToolCall":
        for (const { path, change } of event.touched ?? []) {
          if (change !== "read") this.write("artifact.emitted", { step_id: stepId(event), artifact_path: path });
        }
        return;
      case "finishStep":
        if (this.steps.get(stepId(event))?.state === "running") this.succeed(stepId(event));
        return;
      case "startNode":
        this.start(event.node, attemptOf(event));
        return;
      case "finishNode":
        if (this.steps.get(event.node)?.state !== "running" && event.isCached) this.start(event.node, attemptOf(event));
        this.succeed(event.node, attemptOf(event));
        return;
      case "failNode":
        // Runner writes nothing where a step is broken off.
        if (event.class === "interrupted") this.leave(event.node);
        else this.fail(event.node, errorOf(event.class, event.reason), attemptOf(event));
        return;
      case "retryNode":
        if (this.steps.get(event.node)?.state === "interrupted") return;
        this.retry(event.node, attemptOf(event), event.reason === undefined ? {} : { reason: event.reason });
        return;
      case "passGate":
        this.start(event.gate, 0);
        this.succeed(event.gate);
        return;
      case "failGate":
        this.failGate(event);
        return;
      case "resumeRun":
        // Of what has failed or succeeded, Runner knows no way back: it appends without a mark.
        if (this.state === "blocked") this.enter("executing");
        return;
      case "finishRun":
        this.ensureExecuting();
        this.enter("succeeded", "All steps succeeded");
        this.write("run.completed", { ...reasonFields(event.text), new_state: "succeeded" });
        return;
      case "stopRun": {
        const reason = event.message === undefined ? event.reason : `${event.reason}: ${event.message}`;
        this.ensureExecuting();
        this.enter("blocked", reason);
        this.write("run.completed", { reason, new_state: "blocked" });
        return;
      }
      case "errorRun":
        this.failRun(event);
        return;
      case "foreignEvent":
        this.giveBack(event);
        return;
      default:
        return;
    }
  }

  private start(id: string, attempt: number): void {
    const known = this.steps.get(id);
    if (known?.state === "running" && known.attempt === attempt) return;
    this.ensureExecuting();
    this.steps.set(id, { attempt, state: "running" });
    this.write("step.started", { attempt, step_id: id, new_state: "running" });
  }

  private succeed(id: string, attempt = this.steps.get(id)?.attempt ?? 0): void {
    this.ensureExecuting();
    this.steps.set(id, { attempt, state: "succeeded" });
    this.write("step.succeeded", { attempt, step_id: id, new_state: "succeeded" });
  }

  private fail(id: string, error: Fields, attempt = this.steps.get(id)?.attempt ?? 0): void {
    this.ensureExecuting();
    this.steps.set(id, { attempt, state: "failed" });
    this.write("step.failed", { attempt, step_id: id, ...error, new_state: "failed" });
  }

  private leave(id: string): void {
    this.steps.set(id, { attempt: this.steps.get(id)?.attempt ?? 0, state: "interrupted" });
  }

  private retry(id: string, attempt: number, reason: Fields): void {
    this.steps.set(id, { attempt, state: "retried" });
    this.write("step.retried", { attempt, step_id: id, ...reason });
  }

  /** A gate is a step that failed before the gate did; it is told with the attempt 0, always. */
  private failGate({ gate, measured, threshold }: EventOf<"failGate">): void {
    const parts = [
      measured === undefined ? "" : `measured ${compactJson(measured)}`,
      threshold === undefined ? "" : `threshold ${compactJson(threshold)}`,
    ].filter(Boolean);
    const said = typeof measured === "string" && threshold === undefined ? measured : parts.join(", ");
    const error = { error_class: "hard_gate_failed", ...reasonFields(said) };
    if (this.steps.get(gate)?.state !== "failed") {
      this.start(gate, 0);
      this.fail(gate, error);
    }
    this.write("gate.failed", { step_id: gate, ...error });
  }

  private failRun({ error }: EventOf<"errorRun">): void {
    const isSaid = [...this.steps.values()].some(({ state }) => state === "failed");
    for (const [id, { state }] of this.steps) {
      if (state !== "running" || isSaid) continue;
      if (error.class === "interrupted") this.leave(id);
      else this.fail(id, errorOf(error.class, error.message));
    }
    const suffix = error.cause === undefined ? "" : `: ${error.cause}`;
    const isSuffixed = suffix !== "" && error.message.endsWith(suffix);
    const reason = isSuffixed ? error.message.slice(0, -suffix.length) : error.message;
    if (this.state !== "created" && this.state !== "preflight_validated") this.ensureExecuting();
    this.enter("failed", reason);
    const isFailed = [...this.steps.values()].some(({ state }) => state === "failed" || state === "interrupted");
    const said = reason === error.cause ? "" : reason;
    const told = isFailed ? reasonFields(said) : errorOf(error.class, said);
    this.write("run.completed", { ...told, ...(said === "" && { reason: undefined }), new_state: "failed" });
  }

  /** What Runner itself told; other systems' words it would not understand. */
  private giveBack({ source, name, data }: EventOf<"foreignEvent">): void {
    if (source !== "runner" || !isRecord(data)) return;
    if (!("attempt" in data)) {
      this.extras.set(name, data);
      if (name !== "run.created") return;
    }
    if (name === "run.state_changed" && typeof data.new_state === "string") this.state = data.new_state;
    this.write(name, name === "run.created" && !("attempt" in data) ? {} : data);
  }

  private ensureExecuting(): void {
    if (this.state === "created") this.enter("preflight_validated", "Pre-execution validation passed");
    if (this.state === "preflight_validated" || this.state === "blocked") this.enter("executing");
  }

  /** Where Runner knows no way there, its state is said by the end alone. */
  private enter(state: string, reason?: string): void {
    const previous_state = this.state;
    if (!transitions[previous_state]?.includes(state)) return;
    this.state = state;
    if (this.isRunners) return;
    this.write("run.state_changed", { ...(reason && { reason }), previous_state, new_state: state });
  }

  private write(type: string, fields: Fields): void {
    if (!this.event) return;
    const { id, runId } = this.event;
    const all: Fields = {
      event_id: eventId(runId, id, this.count),
      event_type: type,
      run_id: runId,
      timestamp_utc: timeText(this.time),
      actor: "runner",
      attempt: 0,
      ...fields,
      ...this.extras.get(type),
    };
    this.extras.delete(type);
    this.count += 1;
    const order = [...keys, ...Object.keys(all).filter((key) => !keys.includes(key))];
    const set = order.flatMap((key) => (all[key] === undefined || all[key] === null ? [] : [[key, all[key]]]));
    this.lines.push(`${asciiJson(Object.fromEntries(set))}\n`);
  }
}

function stepId({ step }: RunEvent): string {
  return `step-${step}`;
}

function attemptOf({ iteration }: { iteration?: number | undefined }): number {
  return Math.max(0, (iteration ?? 1) - 1);
}

function reasonFields(reason: string): { reason?: string } {
  return reason === "" ? {} : { reason };
}

/** As Python writes it: microseconds, and no fraction where there is none. */
function timeText(unixMs: number): string {
  const text = new Date(Number.isFinite(unixMs) ? Math.min(Math.max(unixMs, 0), 253_402_300_799_999) : 0).toISOString();
  return text.endsWith(".000Z") ? text.replace(".000Z", "+00:00") : text.replace("Z", "000+00:00");
}

const uuid = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/iu;

/** Runner's own ids stay; others become a UUID that is the same whenever it is written. */
function eventId(runId: string, id: string, count: number): string {
  if (count === 0 && uuid.test(id)) return id;
  const hex = createHash("sha256")
    .update(JSON.stringify([runId, id, count]))
    .digest("hex");
  const parts = [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    `a${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ];
  return parts.join("-");
}

function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\u007f-\uffff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
