/** One line of a run log of OpenExpertise, as far as it says what its type should. */
import { isRecord } from "../../model/toolText";
import { readTime } from "../readTime";

const nodeTypes = [
  ...(["node.ready", "node.started", "node.finished", "node.failed", "node.skipped"] as const),
  ...(["node.tokens", "node.activity", "state.write"] as const),
] as const;
export type NodeType = (typeof nodeTypes)[number];

export interface RunLogRecord {
  kind: "runStarted" | "runFinished" | "node" | "other";
  /** As it is written: a name that we have no word for is none of the known ones. */
  type: string;
  /** Of an event about a node that is whole. */
  nodeType?: NodeType;
  nodeId?: string;
  /** Unix ms; where none was recorded, that of the record before. */
  at: number;
  isUntimed: boolean;
  /** Counted from 1. */
  line: number;
  value: Record<string, unknown>;
}

/** @returns with it why it is not what its type says, where that is so: it is kept as it stands. */
export function parseRunLogRecord(
  value: Record<string, unknown>,
  line: number,
): { record: RunLogRecord; fault?: string } {
  const type = typeof value.type === "string" ? value.type : "";
  const nodeId = textOf(value.node_id);
  const at = readTime(value.ts);
  const nodeType = nodeTypes.find((each) => each === type);
  const fault = faultOf(value, type, nodeType);
  const record: RunLogRecord = {
    kind: fault === undefined ? kindOf(type, nodeType) : "other",
    type: type || "record without a type",
    ...(nodeType && fault === undefined && { nodeType }),
    ...(nodeId !== undefined && { nodeId }),
    at: at ?? 0,
    isUntimed: at === undefined,
    line,
    value,
  };
  const untimed = at === undefined && record.kind !== "other" ? `${type}: its time (ts) cannot be read.` : undefined;
  const reason = fault ?? untimed;
  return { record, ...(reason !== undefined && { fault: reason }) };
}

function kindOf(type: string, nodeType: NodeType | undefined): RunLogRecord["kind"] {
  if (nodeType) return "node";
  if (type === "run.started") return "runStarted";
  return type === "run.finished" ? "runFinished" : "other";
}

function faultOf(value: Record<string, unknown>, type: string, nodeType: NodeType | undefined): string | undefined {
  if (type === "") return "A record without a type.";
  if (textOf(value.run_id) === undefined) return `${type}: no run_id.`;
  if (nodeType && textOf(value.node_id) === undefined) return `${type}: no node_id.`;
  if (type === "state.write" && textOf(value.field) === undefined) return `${type}: no field.`;
  if (type === "run.finished" && !isRunStatus(value.status)) return `${type}: its status is none that is known.`;
  return undefined;
}

export type OtherStatus = "success" | "failed" | "partial";

export function isRunStatus(value: unknown): value is OtherStatus {
  return value === "success" || value === "failed" || value === "partial";
}

export function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** The run that called the experience, as its arguments say. */
export function parentOf({ value }: RunLogRecord): string | undefined {
  return isRecord(value.args) ? textOf(value.args._parent_run_id) : undefined;
}
