/** The kinds of events that a list of them tells apart, with the name and icon of each; loads no schema. */
import type { EventType } from "./events";
import type { FailureGrade } from "./failure";

export const rowKinds = ["run", "model", "tool", "delegate", "question", "skill", "node", "other"] as const;
export type RowKind = (typeof rowKinds)[number];

interface Look {
  kind: RowKind;
  /** A codicon. */
  icon: string;
}

const looks: Readonly<Record<EventType, Look>> = {
  startRun: { kind: "run", icon: "play" },
  resumeRun: { kind: "run", icon: "debug-continue" },
  finishStep: { kind: "run", icon: "milestone" },
  finishRun: { kind: "run", icon: "pass" },
  stopRun: { kind: "run", icon: "debug-stop" },
  errorRun: { kind: "run", icon: "error" },
  startGeneration: { kind: "model", icon: "arrow-up" },
  finishGeneration: { kind: "model", icon: "sparkle" },
  retryGeneration: { kind: "model", icon: "debug-restart" },
  startToolCall: { kind: "tool", icon: "tools" },
  finishToolCall: { kind: "tool", icon: "check" },
  startDelegation: { kind: "delegate", icon: "type-hierarchy-sub" },
  finishDelegation: { kind: "delegate", icon: "type-hierarchy-super" },
  requestInput: { kind: "question", icon: "question" },
  receiveInput: { kind: "question", icon: "comment" },
  requestApproval: { kind: "question", icon: "shield" },
  resolveApproval: { kind: "question", icon: "workspace-trusted" },
  connectSkill: { kind: "skill", icon: "plug" },
  logSkill: { kind: "skill", icon: "output" },
  disconnectSkill: { kind: "skill", icon: "debug-disconnect" },
  passGate: { kind: "node", icon: "verified" },
  failGate: { kind: "node", icon: "unverified" },
  readyNode: { kind: "node", icon: "circle-outline" },
  startNode: { kind: "node", icon: "play-circle" },
  finishNode: { kind: "node", icon: "pass" },
  failNode: { kind: "node", icon: "error" },
  retryNode: { kind: "node", icon: "debug-restart" },
  skipNode: { kind: "node", icon: "debug-step-over" },
  writeState: { kind: "node", icon: "symbol-variable" },
  foreignEvent: { kind: "other", icon: "json" },
};

const names: Readonly<Record<RowKind, string>> = {
  run: "Run and steps",
  model: "Generations",
  tool: "Tools",
  delegate: "Delegates",
  question: "Questions",
  skill: "Skills",
  node: "Nodes",
  other: "Other",
};

const gradeIcons: Readonly<Record<FailureGrade, string>> = {
  fatal: "error",
  blocked: "circle-slash",
  recovered: "warning",
};

const gradeNames: Readonly<Record<FailureGrade, string>> = {
  fatal: "failed, the run ended here",
  blocked: "failed, blocked",
  recovered: "failed, recovered",
};

export function kindOfType(type: EventType): RowKind {
  return looks[type].kind;
}

/** Of a failure that of its grade. */
export function iconOfType(type: EventType, grade?: FailureGrade): string {
  return grade ? gradeIcons[grade] : looks[type].icon;
}

export function nameOfKind(kind: RowKind): string {
  return names[kind];
}

export function wordsOfGrade(grade: FailureGrade): string {
  return gradeNames[grade];
}

export function typesOfKinds(kinds: readonly RowKind[]): EventType[] {
  return (Object.keys(looks) as EventType[]).filter((type) => kinds.includes(looks[type].kind));
}
