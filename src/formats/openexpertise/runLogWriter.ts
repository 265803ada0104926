/**
 * Our events of one run as the lines of a run log of OpenExpertise, one by one as they come. A node of a workflow is a node;
 * of a run without any, each step is one. What OpenExpertise has no record for (values of the state, texts, results) is left
 * out; what it recorded itself and we kept is written as it stood.
 */

import { assertNever } from "../../base/errors";
import { parseJson } from "../../base/lines";
import { addUsage, noUsage } from "../../model/addUsage";
import type { EventOf, RunEvent } from "../../model/events";
import { isRecord } from "../../model/toolText";
import type { Usage } from "../../model/usage";
import { errorOfNode } from "./nodeFailure";
import { failedWithoutNode, partialText, stopText } from "./runEnd";
import { isRunStatus } from "./runLogRecord";
import { sourceName } from "./translateRunLog";

type Line = Record<string, unknown>;
type NodeEvent = EventOf<"readyNode" | "startNode" | "finishNode" | "failNode" | "skipNode" | "writeState">;

/** A step of ours that is told as a node. */
interface OpenStep {
  node: string;
  usage: Usage | undefined;
  cost: number | undefined;
}

export class RunLogWriter {
  private readonly lines: Line[] = [];
  /** Steps that are about nodes of a workflow, by number. */
  private readonly nodes = new Map<number, string>();
  /** What was told last of a call's usage in a step, in its own record. */
  private readonly tokens = new Map<number, string>();
  private step: OpenStep | undefined;
  private model: string | undefined;
  private at = "";
  private isPartial = false;
  /** Where the newest record that was read and kept is one. */
  private lastActivity: unknown;

  /** @param args what the run was called with, where more is known than its query */
  constructor(
    private readonly runId: string,
    private readonly args?: Line,
  ) {}

  /** @returns the records that it is, in the system's order of keys */
  write(event: RunEvent): Line[] {
    this.at = timeOf(event.timestamp);
    this.take(event);
    return this.lines.splice(0);
  }

  private take(event: RunEvent): void {
    switch (event.type) {
      case "startRun":
        this.model = event.model;
        this.lines.push({ ...this.head("run.started"), ts: this.at, args: this.args ?? argsOf(event) });
        return;
      case "readyNode":
      case "startNode":
      case "finishNode":
      case "failNode":
      case "skipNode":
      case "writeState":
        this.nodes.set(event.step, event.node);
        this.takeNode(event);
        return;
      case "foreignEvent":
        this.takeForeign(event);
        return;
      case "startGeneration":
        if (!this.nodes.has(event.step)) this.activity(event, `calling ${this.model ?? "the model"}`);
        return;
      case "finishGeneration":
        this.finishGeneration(event);
        return;
      case "retryGeneration":
        this.activity(event, `trying again: ${event.error.message}`);
        return;
      case "startToolCall":
        this.activity(event, `using ${event.tool}`);
        return;
      case "startDelegation":
        this.activity(event, `delegating to ${event.childExpertKey}`);
        return;
      case "finishStep":
        this.finishStep();
        return;
      case "finishRun":
        this.finishStep();
        this.finishRun(this.statusOf(event));
        return;
      case "stopRun":
        this.tellStop(event);
        this.finishStep();
        this.finishRun("partial");
        return;
      case "errorRun":
        this.failStep(event);
        this.finishRun("failed");
        return;
      default:
        return;
    }
  }

  private takeNode(event: NodeEvent): void {
    const phase = event.phase === undefined ? {} : { phase: event.phase };
    switch (event.type) {
      case "readyNode":
        this.node("node.ready", event.node, phase);
        return;
      case "startNode":
        this.node("node.started", event.node, phase);
        return;
      case "finishNode":
        this.node("node.finished", event.node, { ...phase, ...metricsOf(event) });
        return;
      case "failNode":
        this.isPartial = true;
        this.node("node.failed", event.node, { error: errorOfNode(event.class, event.reason), ...phase });
        return;
      case "skipNode":
        // What nothing told is told by nothing again.
        if (!event.isInferred) this.node("node.skipped", event.node, { reason: event.reason, ...phase });
        return;
      case "writeState":
        this.lines.push({
          ...this.head("state.write"),
          node_id: nameOf(event.node),
          field: nameOf(event.field),
          ts: this.at,
        });
        return;
      default:
        assertNever(event);
    }
  }

  /** A record that was read and kept is written as it stands; the graph is not in the log. */
  private takeForeign({ source, data, step }: EventOf<"foreignEvent">): void {
    if (source !== sourceName || !isRecord(data) || typeof data.type !== "string") return;
    if (data.run_id !== undefined && data.run_id !== this.runId) return;
    if (data.type === "node.tokens") this.tokens.set(step, JSON.stringify([data.input_tokens, data.output_tokens]));
    this.lines.push(data);
    this.lastActivity = data.type === "node.activity" ? data.activity : undefined;
  }

  private finishGeneration({ step, usage, cost }: EventOf<"finishGeneration">): void {
    const open = this.nodes.has(step) ? undefined : this.openStep(step);
    if (open && usage) {
      open.usage = addUsage(open.usage ?? noUsage, usage);
      if (cost !== undefined) open.cost = (open.cost ?? 0) + cost;
    }
    const node = open?.node ?? this.nodes.get(step);
    if (!usage || node === undefined) return;
    const counts = JSON.stringify([usage.inputTokens, usage.outputTokens]);
    const isTold = this.tokens.get(step) === counts;
    this.tokens.delete(step);
    if (isTold) return;
    const model = this.model === undefined ? {} : { model: this.model };
    this.node("node.tokens", node, { input_tokens: usage.inputTokens, output_tokens: usage.outputTokens, ...model });
  }

  private activity({ step }: RunEvent, activity: string): void {
    const node = this.nodes.get(step) ?? (step > 0 ? this.openStep(step).node : undefined);
    if (node !== undefined) this.node("node.activity", node, { activity });
  }

  private openStep(step: number): OpenStep {
    const node = `step_${step}`;
    if (this.step?.node === node) return this.step;
    this.finishStep();
    this.node("node.ready", node, {});
    this.node("node.started", node, {});
    this.step = { node, usage: undefined, cost: undefined };
    return this.step;
  }

  private finishStep(): void {
    if (!this.step) return;
    this.node("node.finished", this.step.node, metricsOf(this.step));
    this.step = undefined;
  }

  /** The last activity there is: of the node that it was stopped at. */
  private tellStop({ step, reason, message }: EventOf<"stopRun">): void {
    const activity = stopText(reason, message);
    if (this.lastActivity === activity) return;
    if (this.nodes.size === 0 && step === 0) this.node("node.ready", "start", {});
    const ofStep = step > 0 && this.nodes.size === 0 ? `step_${step}` : undefined;
    const node = ofStep ?? this.nodes.get(step) ?? [...this.nodes.values()].at(-1) ?? "start";
    this.finishStep();
    this.node("node.activity", node, { activity });
  }

  /** The reason of a failed run is its node's: where no step is under way, the failure is one of its own. */
  private failStep({ step, error }: EventOf<"errorRun">): void {
    const { message } = error;
    const told = errorOfNode(error.class, message);
    if (this.step) this.node("node.failed", this.step.node, { error: told });
    else if (this.nodes.size === 0 && message !== failedWithoutNode) {
      const node = step > 0 ? `step_${step}` : "start";
      this.node("node.ready", node, {});
      this.node("node.failed", node, { error: told });
    }
    this.step = undefined;
  }

  /** As a run says of itself that was read; of ours, it depends on whether all nodes came through. */
  private statusOf({ text }: EventOf<"finishRun">): string {
    if (this.nodes.size === 0) return isRunStatus(text) ? text : "success";
    if (text === "success") return text;
    return this.isPartial || text.startsWith(partialText([], [])) ? "partial" : "success";
  }

  private finishRun(status: string): void {
    this.lines.push({ ...this.head("run.finished"), ts: this.at, status });
  }

  private node(type: string, node: string, rest: Line): void {
    this.lines.push({ ...this.head(type), node_id: nameOf(node), ts: this.at, ...rest });
  }

  private head(type: string): Line {
    return { type, run_id: this.runId };
  }
}

/** A record without a name is none that a reader takes. */
function nameOf(name: string): string {
  return name === "" ? "_" : name;
}

function argsOf({ query, parent }: EventOf<"startRun">): Line {
  const args = parseJson(query);
  const own = isRecord(args) ? args : query === "" ? {} : { query };
  return { ...own, ...(parent && { _parent_run_id: parent.runId }) };
}

function metricsOf({ usage, cost }: { usage?: Usage | undefined; cost?: number | undefined }): Line {
  const metrics = {
    ...(usage && { tokens_in: usage.inputTokens, tokens_out: usage.outputTokens }),
    ...(cost !== undefined && { cost_usd: cost }),
  };
  return Object.keys(metrics).length > 0 ? { metrics } : {};
}

function timeOf(timestamp: number): string {
  return new Date(Math.min(Math.max(timestamp, 0), 8.64e15)).toISOString();
}
