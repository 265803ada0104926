/** The server of one skill during a run: connected when it is needed, left when it is idle, started again when it died. */
import { isDeepStrictEqual } from "node:util";
import type { Disposable } from "../../base/disposable";
import { messageOf } from "../../base/errors";
import { raceAbort } from "../../base/raceAbort";
import type { Reaper } from "../reaper";
import { type ToolContext, ToolError, type ToolOutput } from "../tools/tool";
import { ConnectionLost } from "./connectionLost";
import type { McpConnection } from "./mcpConnection";
import type { McpLimits } from "./mcpLimits";
import type { McpTool } from "./mcpTool";
import { readToolResult } from "./readToolResult";
import { ServerLog } from "./serverLog";
import type { ServerTarget } from "./serverTarget";
import { type SkillContext, type SkillEvent, SkillUnavailable } from "./skill";

export interface McpServerOptions {
  skill: string;
  target: ServerTarget;
  /** `pick` and `omit`. */
  isOffered(tool: string): boolean;
  /** What the lock file says of it, where that is current. */
  locked?: readonly McpTool[] | undefined;
  context: SkillContext;
  reaper: Reaper;
  limits: McpLimits;
  runtimeVersion: string;
}

export class McpServer {
  private connecting: Promise<McpConnection> | undefined;
  /** Connections on their way out. */
  private readonly leaving = new Set<Promise<void>>();
  private readonly closing = new AbortController();
  private idle: Disposable | undefined;
  /** Calls under way. */
  private busy = 0;
  /** Failures since the last call that went well. */
  private failures = 0;
  private lastFailure = "";

  constructor(private readonly options: McpServerOptions) {}

  /** Throws `SkillUnavailable`. */
  async listTools(): Promise<readonly McpTool[]> {
    return this.offeredBy(await this.connect());
  }

  /** Throws `ToolError` or `SkillUnavailable`. */
  async call(tool: string, args: Record<string, unknown>, context: ToolContext): Promise<ToolOutput> {
    const { signal } = context;
    this.idle?.dispose();
    this.busy += 1;
    try {
      const connection = await raceAbort(this.connect(), signal);
      const result = await connection.call(tool, args, { signal, onProgress: thinned(context) });
      this.failures = 0;
      return readToolResult(result);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof ConnectionLost)) throw error;
      throw new ToolError(
        `The call failed with the server of the skill “${this.options.skill}”. ${messageOf(error)} The next call connects again.`,
      );
    } finally {
      this.busy -= 1;
      this.watchIdle();
    }
  }

  /** Never rejects. */
  async close(): Promise<void> {
    this.closing.abort(new SkillUnavailable("The run has ended."));
    this.idle?.dispose();
    this.leave("The run ended.");
    await Promise.all(this.leaving);
  }

  private connect(): Promise<McpConnection> {
    if (this.connecting) return this.connecting;
    const forget = () => {
      if (this.connecting === opening) this.connecting = undefined;
    };
    const opening: Promise<McpConnection> = this.open(() => forget());
    this.connecting = opening;
    opening.catch(forget);
    return opening;
  }

  private async open(onEnd: () => void): Promise<McpConnection> {
    const { skill, target, context, reaper, limits, runtimeVersion } = this.options;
    const { clock, workspaceRoot } = context;
    const signal = AbortSignal.any([context.signal, this.closing.signal]);
    signal.throwIfAborted();
    if (this.failures >= mostFailures) {
      throw new SkillUnavailable(
        `The skill “${skill}” is not available any more: its server failed ${this.failures} times in a row. ${this.lastFailure}`,
      );
    }
    const started = clock.elapsed();
    let connected: McpConnection | undefined;
    const tellEnd = () => {
      if (!connected?.ending) return;
      const { reason, isOurs } = connected.ending;
      this.tell({ type: "disconnectSkill", skill, reason });
      if (!isOurs) this.countFailure(reason);
      // What is left of it is waited for at the end of the run.
      this.awaitEnd(connected.close(reason));
    };
    const connection = await this.reach(async () => {
      const { openConnection } = await import("./mcpConnection");
      return await openConnection(target, {
        ...{ cwd: workspaceRoot, reaper, limits, runtimeVersion, signal },
        log: new ServerLog(limits.logLines, (lines) => this.note(...lines)),
        onEnd: () => {
          onEnd();
          tellEnd();
        },
      });
    }, signal);
    const { transport, server } = connection;
    const tools = this.offeredBy(connection);
    try {
      const names = tools.map(({ name }) => name);
      const durationMs = Math.round(clock.elapsed() - started);
      context.emit({ type: "connectSkill", skill, transport, ...(server && { server }), durationMs, tools: names });
    } catch (error) {
      await connection.close("Its connection could not be recorded.");
      throw error;
    }
    connected = connection;
    // It may be gone already.
    tellEnd();
    this.noteChanges(tools);
    this.watchIdle();
    return connection;
  }

  private offeredBy({ tools }: McpConnection): McpTool[] {
    return tools.filter(({ name }) => this.options.isOffered(name));
  }

  private async reach(open: () => Promise<McpConnection>, signal: AbortSignal): Promise<McpConnection> {
    const { skill, target } = this.options;
    if (target.kind === "command") this.note(...target.notes);
    try {
      return await open();
    } catch (error) {
      signal.throwIfAborted();
      this.countFailure(messageOf(error));
      const place = target.kind === "command" ? "command" : "endpoint";
      throw new SkillUnavailable(
        `The skill “${skill}” is not available. ${messageOf(error)} Check its ${place} in perstack.toml.`,
        { cause: error },
      );
    }
  }

  private countFailure(reason: string): void {
    this.failures += 1;
    this.lastFailure = reason;
  }

  private watchIdle(): void {
    const { context, limits } = this.options;
    this.idle?.dispose();
    if (this.busy > 0 || this.closing.signal.aborted) return;
    this.idle = context.clock.after(limits.idleMs, () => this.leave(`It was idle for ${limits.idleMs / 1000} s.`));
  }

  private leave(reason: string): void {
    const { connecting } = this;
    this.connecting = undefined;
    if (connecting) this.awaitEnd(connecting.then((connection) => connection.close(reason)));
  }

  private awaitEnd(work: Promise<void>): void {
    const ended = work.catch(() => undefined).finally(() => this.leaving.delete(ended));
    this.leaving.add(ended);
  }

  /** A lock file that is current may still be older than the server. */
  private noteChanges(tools: readonly McpTool[]): void {
    const { locked } = this.options;
    if (!locked) return;
    const now = new Map(tools.map((tool) => [tool.name, tool]));
    const before = new Set(locked.map(({ name }) => name));
    const changes = [
      ...locked.filter(({ name }) => !now.has(name)).map(({ name }) => `${name} is gone`),
      ...locked
        .filter((tool) => now.has(tool.name) && !isDeepStrictEqual(now.get(tool.name)?.inputSchema, tool.inputSchema))
        .map(({ name }) => `${name} takes other arguments`),
      ...tools.filter(({ name }) => !before.has(name)).map(({ name }) => `${name} is new`),
    ];
    if (changes.length > 0) this.note(`perstack.lock is out of date: ${changes.join(", ")}. Run “runtrail install”.`);
  }

  private note(...lines: readonly string[]): void {
    const { skill } = this.options;
    this.tell(...lines.map((line) => ({ type: "logSkill" as const, skill, line })));
  }

  /** What cannot be recorded ends the run at its next step: here, in the middle of a stream, nobody could catch it. */
  private tell(...events: readonly SkillEvent[]): void {
    try {
      this.options.context.emit(...events);
    } catch {
      // See above.
    }
  }
}

/** Signs of life, not more of them than anybody can follow. */
function thinned({ clock, progress }: ToolContext): (text: string) => void {
  let last = Number.NEGATIVE_INFINITY;
  return (text) => {
    const now = clock.elapsed();
    if (now - last < progressEveryMs) return;
    last = now;
    progress(text);
  };
}

const mostFailures = 3;
const progressEveryMs = 100;
