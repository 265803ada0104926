/** One command from start to end: no shell, output with a cap, and nothing that it started outlives the call. */
import { type ChildProcess, spawn } from "node:child_process";
import { codeOf, messageOf } from "../base/errors";
import { within } from "../base/within";
import { CappedOutput } from "./cappedOutput";
import { quotePath } from "./explainFileError";
import { type ExecRequest, type ExecResult, WorkspaceError } from "./ports";
import { endGroup } from "./processGroup";

/**
 * @param request `cwd` is absolute and checked, `env` is all the command gets. Throws `WorkspaceError` where the command
 * cannot be started.
 */
export async function execProcess(request: ExecRequest): Promise<ExecResult> {
  const { signal, outputLimit, onOutput } = request;
  const stdout = new CappedOutput(outputLimit, onOutput);
  const stderr = new CappedOutput(outputLimit, onOutput);
  const resultOf = (ended: ExecResult["ended"], exit: Exit | undefined): ExecResult => ({
    stdout: stdout.text(),
    stderr: stderr.text(),
    exitCode: exit?.code ?? null,
    ...(exit?.signal && { signal: exit.signal }),
    ended,
    truncated: stdout.truncated || stderr.truncated,
  });
  if (signal.aborted) return resultOf("cancelled", undefined);

  const { child, pid, exited, closed } = await start(request);
  child.stdout?.on("data", (chunk: Buffer) => stdout.add(chunk));
  child.stderr?.on("data", (chunk: Buffer) => stderr.add(chunk));
  const stopped = await exitedOrStopped(exited, request);
  // Time for a last writer in a pipeline; a child in the background that keeps the pipe is not waited for.
  if (!stopped) await within(drainMs, closed);
  await endGroup(pid);
  const exit = await within(exitMs, exited);
  await within(drainMs, closed);
  child.stdout?.destroy();
  child.stderr?.destroy();
  return resultOf(stopped ?? (exit?.signal ? "signal" : "exit"), exit);
}

interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

interface Started {
  child: ChildProcess;
  pid: number;
  exited: Promise<Exit>;
  closed: Promise<void>;
}

async function start({ command, args, cwd, env }: ExecRequest): Promise<Started> {
  try {
    const child = spawn(command, args, {
      cwd,
      env,
      stdio: ["ignore", "pipe", "pipe"],
      detached: process.platform !== "win32",
      windowsHide: true,
    });
    const exited = new Promise<Exit>((resolve) => {
      child.once("exit", (code, signal) => resolve({ code, signal }));
    });
    const closed = new Promise<void>((resolve) => {
      child.once("close", () => resolve());
    });
    // Not awaited: between the event and the continuation of an await, output could come that nobody listens to.
    if (child.pid !== undefined) return { child: child.on("error", () => undefined), pid: child.pid, exited, closed };
    throw await new Promise<Error>((resolve) => {
      child.once("error", resolve);
    });
  } catch (error) {
    throw new WorkspaceError(explainStart(error, command), { cause: error });
  }
}

function exitedOrStopped(
  exited: Promise<Exit>,
  { signal, timeoutMs }: ExecRequest,
): Promise<"timeout" | "cancelled" | undefined> {
  return new Promise((resolve) => {
    const settle = (stopped: "timeout" | "cancelled" | undefined) => {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
      resolve(stopped);
    };
    const onAbort = () => settle("cancelled");
    const timer = setTimeout(() => settle("timeout"), Math.min(timeoutMs, longestTimerMs));
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) onAbort();
    void exited.then(() => settle(undefined));
  });
}

/** Why a command cannot be started, in sentences. */
export function explainStart(error: unknown, command: string): string {
  const code = codeOf(error);
  const name = quotePath(command);
  const viaShell = process.platform === "win32" ? " Scripts such as npm.cmd run as “cmd” with “/c” first." : "";
  switch (code) {
    case "ENOENT":
      return `There is no command ${name}. The command is the program alone; its arguments go into args.${viaShell}`;
    case "EACCES":
      return `The command ${name} is not an executable file.`;
    case "E2BIG":
      return "The arguments are too long for the system. Write them to a file instead.";
    case "EAGAIN":
    case "EMFILE":
    case "ENFILE":
    case "ENOMEM":
      return `The command ${name} cannot be started now: the system is short of resources (${code}). Try again.`;
    default:
      return `The command ${name} cannot be started: ${messageOf(error)}.${viaShell}`;
  }
}

const drainMs = 150;
/** For a process that even a kill does not end, such as one that waits for a dead network disk. */
const exitMs = 2_000;
const longestTimerMs = 2 ** 31 - 1;
