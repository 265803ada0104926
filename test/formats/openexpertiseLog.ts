/** Run logs of OpenExpertise as its emitter writes them, record by record, in an experience of its own. */
import { mkdir, mkdtemp, realpath, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const begin = Date.parse("2026-11-22T08:00:00.000Z");

export class ExperienceLog {
  private readonly lines: string[] = [];

  constructor(readonly runId = "r-1") {}

  /** @param at milliseconds since the run began */
  put(type: string, at: number, fields: Record<string, unknown> = {}): this {
    const { node_id, field, ...rest } = fields;
    const place = { ...(node_id !== undefined && { node_id }), ...(field !== undefined && { field }) };
    const ts = new Date(begin + at).toISOString();
    this.lines.push(JSON.stringify({ type, run_id: this.runId, ...place, ts, ...rest }));
    return this;
  }

  start(args: unknown = {}, at = 0): this {
    return this.put("run.started", at, { args });
  }

  ready(node_id: string, at: number): this {
    return this.put("node.ready", at, { node_id });
  }

  begin(node_id: string, at: number): this {
    return this.ready(node_id, at).put("node.started", at, { node_id });
  }

  tokens(node_id: string, at: number, [input_tokens, output_tokens]: readonly [number, number]): this {
    return this.put("node.tokens", at, { node_id, input_tokens, output_tokens, model: "m" });
  }

  write(node_id: string, at: number, field: string): this {
    return this.put("state.write", at, { node_id, field });
  }

  finish(node_id: string, at: number, metrics?: readonly [number, number]): this {
    const told = metrics && { metrics: { tokens_in: metrics[0], tokens_out: metrics[1] } };
    return this.put("node.finished", at, { node_id, ...told });
  }

  fail(node_id: string, at: number, error: string): this {
    return this.put("node.failed", at, { node_id, error });
  }

  end(at: number, status: string): this {
    return this.put("run.finished", at, { status });
  }

  raw(line: string): this {
    this.lines.push(line);
    return this;
  }

  text(): string {
    return this.lines.map((line) => `${line}\n`).join("");
  }
}

/** An experience with these logs. @returns its folder */
export async function makeExperience(logs: readonly ExperienceLog[], definition?: string): Promise<string> {
  const folder = join(await realpath(await mkdtemp(join(tmpdir(), "runtrail-experience-"))), "sample");
  const runs = join(folder, ".openexpertise", "runs");
  await mkdir(runs, { recursive: true });
  for (const log of logs) await writeFile(join(runs, `${log.runId}.jsonl`), log.text());
  if (definition !== undefined) await writeFile(join(folder, "experience.yaml"), definition);
  return folder;
}
