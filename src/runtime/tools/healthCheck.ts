/** `healthCheck`: proof that the tools answer, and where they work. */
import * as z from "zod";
import { defineTool, jsonResult } from "./tool";

export const healthCheck = defineTool({
  name: "healthCheck",
  description:
    "Check that the tools work and which folder is the workspace. Needed only when other tools fail unexpectedly.",
  schema: z.object({}),
  effect: "none",
  async execute(_args, { workspace }) {
    const { heapUsed, heapTotal } = process.memoryUsage();
    return jsonResult({
      status: "ok",
      workspace: workspace.root,
      uptime: `${Math.floor(process.uptime())}s`,
      memory: { heapUsed: megabytes(heapUsed), heapTotal: megabytes(heapTotal) },
      pid: process.pid,
    });
  },
});

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1024 / 1024)}MB`;
}
