/** The approval port for a mode: nobody asked, everything refused, or the host asked. */
import type { Approval, ApprovalAnswer, ApprovalRequest } from "../runtime/ports";
import type { ApprovalMode } from "./app";

export function createApproval(
  mode: ApprovalMode,
  ask: (request: ApprovalRequest) => Promise<ApprovalAnswer>,
): Approval | undefined {
  switch (mode) {
    case "all":
      return undefined;
    case "read-only":
      return {
        ask: async () => ({ granted: false, by: "setting", reason: "this run is read-only", remember: true }),
      };
    case "ask":
      return { ask };
  }
}
