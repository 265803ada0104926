/** Memory of a long run and of a wide job: the resident set of the program against the steps and the delegates it has had. */

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import type { RunEvent } from "../../src/model/events";
import { makeWorkspace } from "../support/experts";
import { expertOf, expertsToml } from "../support/jobs";
import { type ModelScript, startModelServer } from "../support/modelServer";
import { projectRoot } from "../support/projectPaths";
import type { Bench, BenchRow } from "./bench";

const marks = [50, 250, 500];
const widths = [20, 200];
const toml = expertsToml({ coordinator: 'delegates = ["worker"]', worker: "" });

const bench: Bench = {
  title: "resident set of the program",
  async run() {
    const long = await longRun(Math.max(...marks));
    const wide: number[] = [];
    for (const width of widths) wide.push(await wideJob(width));
    return [
      ...rows("after %s steps of one run", marks, long, 1.5),
      ...rows("after a job of %s parallel delegates", widths, wide, 2),
    ];
  },
};
export default bench;

/** Each step reads a file; the conversation grows with it. */
async function longRun(steps: number): Promise<number[]> {
  const seen: number[] = [];
  const script: ModelScript = (_, turn) =>
    turn < steps ? { toolCalls: [{ name: "readTextFile", args: { path: "a.txt" } }] } : { text: "End" };
  await measure(script, ["--max-steps", String(steps + 2)], async (event, readMemory) => {
    if (event.type === "finishStep" && marks.includes(event.step)) seen.push(await readMemory());
  });
  return seen;
}

async function wideJob(width: number): Promise<number> {
  let memory = 0;
  const calls = Array.from({ length: width }, (_, index) => ({ name: "worker", args: { query: `Part ${index}` } }));
  let asked = 0;
  const script: ModelScript = (request) => {
    if (expertOf(request) === "worker") return { text: "Done" };
    asked += 1;
    return asked === 1 ? { toolCalls: calls } : { text: "End" };
  };
  await measure(script, [], async (event, readMemory) => {
    if (event.type === "finishStep" && event.expertKey === "coordinator") memory = Math.max(memory, await readMemory());
  });
  return memory;
}

type Hear = (event: RunEvent, readMemory: () => Promise<number>) => Promise<void>;

/** Plays the job in a program of its own, so that nothing but it is measured; it is held while it is looked at. */
async function measure(script: ModelScript, options: readonly string[], hear: Hear): Promise<void> {
  const server = await startModelServer(script);
  const root = await makeWorkspace({ "perstack.toml": toml, "a.txt": "hello\n".repeat(20) });
  const env = {
    PATH: process.env.PATH,
    ANTHROPIC_API_KEY: "sk-bench-0123456789",
    ANTHROPIC_BASE_URL: server.baseUrlFor("anthropic"),
  };
  const args = [join(projectRoot, "dist", "cli.js"), "run", "coordinator", "Go", "--approve", "all", ...options];
  const child = spawn(process.execPath, args, { cwd: root, env, stdio: ["ignore", "pipe", "inherit"] });
  const closed = once(child, "close");
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      await hear(JSON.parse(line) as RunEvent, () => residentMegabytes(child.pid ?? 0));
    }
    const [code] = await closed;
    if (code !== 0) throw new Error(`The run ended with ${code}.`);
  } finally {
    child.kill("SIGKILL");
    await server.close();
    await rm(root, { recursive: true, force: true });
  }
}

async function residentMegabytes(pid: number): Promise<number> {
  const { stdout } = await promisify(execFile)("ps", ["-o", "rss=", "-p", String(pid)]);
  return Number(stdout) / 1024;
}

/** The last value is compared with the one before it: what is collected late makes the beginning look small. */
function rows(name: string, sizes: readonly number[], values: readonly number[], limit: number): BenchRow[] {
  return sizes.map((size, index) => {
    const value = values[index] ?? Number.NaN;
    const row = { name: name.replace("%s", String(size)), value, unit: "MB" };
    if (index < sizes.length - 1) return { ...row, ok: true };
    const ratio = value / (values[index - 1] ?? Number.NaN);
    return { ...row, ratio, limit: `≤ ${limit} ×`, ok: ratio <= limit };
  });
}
