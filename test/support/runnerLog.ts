/** The log of a run as Runner writes it. */

/** An object a line. */
export function jsonLines(records: readonly object[]): string {
  return records.map((record) => `${JSON.stringify(record)}\n`).join("");
}

/** A night's pipeline whose second step fails at its gate; the third never has its turn. */
export function runnerLog(runId: string): string {
  let count = 0;
  const at = (type: string, fields: object = {}) => {
    count += 1;
    const timestamp = new Date(Date.UTC(2026, 10, 21, 9, 30, count)).toISOString();
    return {
      ...{ event_id: `00000000-0000-4000-8000-${String(count).padStart(12, "0")}`, event_type: type, run_id: runId },
      ...{ timestamp_utc: timestamp.replace("Z", "000+00:00"), actor: "runner", attempt: 0 },
      ...fields,
    };
  };
  const state = (previous_state: string, new_state: string) => at("run.state_changed", { previous_state, new_state });
  const gate = { step_id: "phase_benchmark", error_class: "hard_gate_failed" };
  return jsonLines([
    at("run.created", { new_state: "created" }),
    state("created", "preflight_validated"),
    state("preflight_validated", "executing"),
    at("step.started", { step_id: "preflight_contract_check", new_state: "running" }),
    at("step.succeeded", { step_id: "preflight_contract_check", new_state: "succeeded" }),
    at("step.started", { step_id: "phase_benchmark", new_state: "running" }),
    at("step.failed", { ...gate, reason: "p95 is 812 ms, the limit is 500 ms", new_state: "failed" }),
    at("gate.failed", { ...gate, reason: "Hard gate failed: phase_benchmark", new_state: "failed" }),
    { ...state("executing", "failed"), reason: "Hard gate failed: phase_benchmark" },
    at("run.completed", { reason: "Hard gate failed: phase_benchmark", new_state: "failed" }),
  ]);
}
