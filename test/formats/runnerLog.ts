/** Writes a log as Runner does, record by record. */
export class RunnerLog {
  readonly records: Record<string, unknown>[] = [];

  constructor(private readonly runId = "sample") {}

  add(type: string, fields: Record<string, unknown> = {}): this {
    const count = this.records.length;
    const at = new Date(Date.UTC(2026, 1, 3, 4, 5, 6, count * 10)).toISOString();
    this.records.push({
      event_id: `00000000-0000-4000-8000-${String(count).padStart(12, "0")}`,
      event_type: type,
      run_id: this.runId,
      timestamp_utc: at.replace("Z", "000+00:00"),
      actor: "runner",
      attempt: 0,
      ...fields,
    });
    return this;
  }

  /** Three records. */
  begin(reason?: string): this {
    this.add("run.created", { ...(reason !== undefined && { reason }), new_state: "created" });
    this.add("run.state_changed", { previous_state: "created", new_state: "preflight_validated" });
    return this.add("run.state_changed", { previous_state: "preflight_validated", new_state: "executing" });
  }

  start(step_id: string, attempt = 0): this {
    return this.add("step.started", { attempt, step_id, new_state: "running" });
  }

  succeed(step_id: string, attempt = 0): this {
    return this.add("step.succeeded", { attempt, step_id, new_state: "succeeded" });
  }

  fail(step_id: string, error_class: string, reason: string, attempt = 0): this {
    return this.add("step.failed", { attempt, step_id, error_class, reason, new_state: "failed" });
  }

  retry(step_id: string, attempt: number): this {
    return this.add("step.retried", { attempt, step_id, reason: "Retrying after transient_io" }).start(
      step_id,
      attempt,
    );
  }

  end(new_state: string, reason: string): this {
    return this.add("run.completed", { reason, new_state });
  }

  text(): string {
    return this.records.map((record) => `${JSON.stringify(record)}\n`).join("");
  }
}
