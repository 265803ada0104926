/** How long an MCP server may take, and how much it may say. */

export interface McpLimits {
  /** From its start until its tools are known. */
  connectMs: number;
  /** The same, where a launcher may have to download the server first. */
  downloadMs: number;
  /** For a call, from its start or its last sign of progress. */
  callMs: number;
  /** For a call, whatever progress it tells. */
  totalCallMs: number;
  /** Without a call: then the connection is closed. */
  idleMs: number;
  /** From the first text that is no message until the first message. */
  noiseMs: number;
  /** From the end of its input until it is made to end. */
  closeMs: number;
  /** Of one message. */
  messageBytes: number;
  /** Lines recorded of one connection. */
  logLines: number;
}

export const mcpLimits: McpLimits = {
  connectMs: 30_000,
  downloadMs: 120_000,
  callMs: 300_000,
  totalCallMs: 3_600_000,
  idleMs: 300_000,
  noiseMs: 10_000,
  closeMs: 1_000,
  messageBytes: 16 * 1024 * 1024,
  logLines: 500,
};
