/** A server that is a process: its messages are lines, and it ends with all that it started. */
import type { ChildProcess } from "node:child_process";
import { serializeMessage } from "@modelcontextprotocol/sdk/shared/stdio.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import { type JSONRPCMessage, JSONRPCMessageSchema, type RequestId } from "@modelcontextprotocol/sdk/types.js";
import spawn from "cross-spawn";
import { parseJson } from "../../base/lines";
import { within } from "../../base/within";
import { oneLine } from "../../model/plainText";
import { explainStart } from "../execProcess";
import { endGroup } from "../processGroup";
import type { Reaper } from "../reaper";
import { LineSplitter } from "./lineSplitter";
import type { McpLimits } from "./mcpLimits";
import type { ServerLog } from "./serverLog";

export interface StdioOptions {
  command: string;
  args: readonly string[];
  /** All it gets. */
  env: Readonly<Record<string, string>>;
  cwd: string;
  reaper: Reaper;
  limits: McpLimits;
  log: ServerLog;
}

/** The SDK's own transport knows neither process groups nor messages that are too large. */
export class StdioTransport implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: (message: JSONRPCMessage) => void;
  /** Set before `onclose` is called. `reason`: a sentence, absent where it was just closed. `isOurs`: we ended it. */
  ending: { reason?: string; isOurs: boolean } | undefined;
  private child: ChildProcess | undefined;
  private exited: Promise<void> | undefined;
  private closing: Promise<void> | undefined;
  /** Requests without an answer. */
  private readonly asked = new Set<RequestId>();
  private hasSpoken = false;
  /** Lines since the last message that are none. */
  private noise = 0;
  private noiseTimer: NodeJS.Timeout | undefined;

  constructor(private readonly options: StdioOptions) {}

  async start(): Promise<void> {
    const { command, log, reaper } = this.options;
    const child = this.spawn();
    const { pid } = child;
    if (pid === undefined) {
      const error = await new Promise((resolve) => child.once("error", resolve));
      throw new Error(explainStart(error, command));
    }
    reaper.add(pid);
    this.child = child;
    child.on("error", () => undefined);
    const messages = new LineSplitter(
      this.options.limits.messageBytes,
      (line, isCut) => !isCut && this.receive(line),
      () => this.fail(`It sent a message of more than ${megabytes(this.options.limits.messageBytes)}.`),
    );
    child.stdout?.on("data", (chunk: Buffer) => {
      if (!this.ending) messages.push(chunk);
    });
    child.stderr?.on("data", (chunk: Buffer) => log.push(chunk));
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream?.on("error", () => undefined);
    const closed = new Promise<void>((resolve) => child.once("close", () => resolve()));
    this.exited = new Promise((resolve) => child.once("exit", () => resolve()));
    child.once("exit", (code, signal) => {
      const reason = signal === null ? `It ended with exit code ${code}.` : `It was ended by the signal ${signal}.`;
      // Its last message may still be on the way.
      void within(drainMs, closed).then(() => this.end(this.closing ? { isOurs: true } : { reason, isOurs: false }));
    });
  }

  send(message: JSONRPCMessage): Promise<void> {
    const stdin = this.child?.stdin;
    if (!stdin || this.ending) return Promise.reject(new Error("It is no longer there."));
    if ("method" in message && "id" in message) this.asked.add(message.id);
    return new Promise((resolve, reject) => {
      stdin.write(serializeMessage(message), (error) => (error ? reject(error) : resolve()));
    });
  }

  /** Resolves when nothing of it is left. */
  close(): Promise<void> {
    this.closing ??= this.shutDown(this.options.limits.closeMs);
    return this.closing;
  }

  private spawn(): ChildProcess {
    const { command, args, env, cwd } = this.options;
    const detached = process.platform !== "win32";
    try {
      return spawn(command, [...args], { cwd, env, detached, stdio: "pipe", windowsHide: true });
    } catch (error) {
      throw new Error(explainStart(error, command), { cause: error });
    }
  }

  private receive(line: string): void {
    if (this.ending || line.trim() === "") return;
    const parsed = JSONRPCMessageSchema.safeParse(parseJson(line));
    if (!parsed.success) {
      this.hearNoise(line);
      return;
    }
    this.hasSpoken = true;
    this.noise = 0;
    clearTimeout(this.noiseTimer);
    const message = parsed.data;
    if (!("method" in message) && message.id !== undefined) this.asked.delete(message.id);
    this.onmessage?.(message);
  }

  /** Some servers log to their standard output: that is borne, but not for ever, and not in place of an answer. */
  private hearNoise(line: string): void {
    this.options.log.add(`(stdout) ${oneLine(line, 2_000)}`);
    this.noise += 1;
    const fault = `It printed “${oneLine(line, 100)}” to its standard output, where only MCP messages may stand.`;
    if (line.includes('"jsonrpc"')) this.refuseAnswers(fault);
    if (this.noise > (this.hasSpoken ? noiseLimit : firstNoiseLimit)) this.fail(fault);
    else if (!this.hasSpoken) this.noiseTimer ??= setTimeout(() => this.fail(fault), this.options.limits.noiseMs);
  }

  /** A broken message may have been the answer to any of them. */
  private refuseAnswers(message: string): void {
    for (const id of [...this.asked]) {
      this.asked.delete(id);
      this.onmessage?.({ jsonrpc: "2.0", id, error: { code: parseErrorCode, message } });
    }
  }

  /** It cannot be borne any longer. */
  private fail(reason: string): void {
    this.closing ??= this.shutDown(0);
    this.end({ reason, isOurs: true });
  }

  private end(ending: { reason?: string; isOurs: boolean }): void {
    if (this.ending) return;
    this.options.log.end();
    this.ending = ending;
    clearTimeout(this.noiseTimer);
    this.onclose?.();
    // What it started must not live on without it.
    void this.close();
  }

  private async shutDown(graceMs: number): Promise<void> {
    const { child, exited } = this;
    if (child?.pid !== undefined && exited) {
      child.stdin?.end();
      await within(graceMs, exited);
      await endGroup(child.pid);
      this.options.reaper.remove(child.pid);
      await within(exitMs, exited);
      for (const stream of [child.stdin, child.stdout, child.stderr]) stream?.destroy();
    }
    this.end({ isOurs: true });
  }
}

export function megabytes(bytes: number): string {
  return `${Math.round((bytes / 1024 / 1024) * 10) / 10} MB`;
}

const drainMs = 150;
/** For a process that even a kill does not end. */
const exitMs = 2_000;
const firstNoiseLimit = 50;
const noiseLimit = 1_000;
const parseErrorCode = -32_700;
