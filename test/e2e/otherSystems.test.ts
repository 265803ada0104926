/** A workspace in which three other systems have left their runs: one tree, one way to the failing step, and what they do not record is left out. */
import { appendFile, mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { packagePath } from "../support/projectPaths";
import { jsonLines, runnerLog } from "../support/runnerLog";
import { startVscodeServer, type VscodeServer } from "../support/vscodeServer.mjs";
import { waitUntil } from "../support/waitUntil";
import { openWorkbench, type Workbench } from "../support/workbench";

const wide = { width: 1440, height: 900 };

const experience = `name: release-check
version: 1.0.0
state:
  schema:
    files: { type: array }
    notes: { type: array }
phases:
  - { id: gather, title: Gather }
  - { id: judge, title: Judge }
graph:
  nodes:
    - { id: list_files, kind: tool, phase: gather, impl: ./list.js, writes: [files] }
    - { id: review, kind: agent, phase: judge, prompt: review.md, for_each: { source: files }, writes: [notes] }
    - { id: publish, kind: tool, phase: judge, impl: ./publish.js }
  edges:
    - { from: list_files, to: review }
    - { from: review, to: publish }
`;

/** The first node comes from the cache, the second is executed for each of two files and fails for one. */
function openexpertiseLog(run_id: string): string {
  let count = 0;
  const at = (type: string, fields: object = {}) => {
    count += 1;
    return { type, run_id, ...fields, ts: new Date(Date.UTC(2026, 10, 22, 14, 2, count)).toISOString() };
  };
  const list = { node_id: "list_files", phase: "gather" };
  const review = { node_id: "review", phase: "judge" };
  const metrics = { tokens_in: 1840, tokens_out: 212 };
  return jsonLines([
    at("run.started", { args: { branch: "main" } }),
    at("node.ready", list),
    at("state.write", { node_id: "list_files", field: "files" }),
    at("node.finished", { ...list, metrics: { tokens_in: 900, tokens_out: 60 } }),
    at("node.ready", review),
    at("node.started", review),
    at("node.activity", { node_id: "review", activity: "calling claude-sonnet-4-5" }),
    at("node.tokens", { node_id: "review", input_tokens: 1840, output_tokens: 212, model: "claude-sonnet-4-5" }),
    at("node.finished", { ...review, metrics }),
    at("node.ready", review),
    at("node.started", review),
    at("node.failed", { ...review, error: 'Agent "review" structured output failed schema: notes is required' }),
    at("node.skipped", { node_id: "publish", phase: "judge", reason: "upstream node review failed" }),
    at("run.finished", { status: "partial" }),
  ]);
}

const taskId = "task-20261121-092500-mend-the-build";

function conductorRun(runId: string, fields: string): Record<string, string> {
  const folder = `conductor/shop/${taskId}/runs/${runId}`;
  return {
    [`${folder}/run-info.yaml`]: `version: 1\nrun_id: ${runId}\nproject_id: shop\ntask_id: ${taskId}\nagent: claude\npid: 4711\npgid: 4711\n${fields}`,
    [`${folder}/prompt.md`]: "JRUN_PROJECT_ID=shop\n\n---\n\nMend the build of the shop.\n",
    [`${folder}/agent-stderr.txt`]: "",
  };
}

const claudeInit = { type: "system", subtype: "init", session_id: "s1", model: "claude-sonnet-4-5", tools: ["Bash"] };

function claudeSays(content: object[], id: string): object {
  const usage = { input_tokens: 1200, output_tokens: 90 };
  return {
    type: "assistant",
    session_id: "s1",
    message: { id, type: "message", role: "assistant", model: "claude-sonnet-4-5", content, usage },
  };
}

const call = { type: "tool_use", id: "toolu_1", name: "Bash", input: { command: "npm run build" } };
const answer = {
  type: "tool_result",
  tool_use_id: "toolu_1",
  is_error: true,
  content: "error TS2304: Cannot find name 'Basket'.",
};
const firstId = "20261121-0925400000-4711-1";
const secondId = "20261121-0926100000-4711-2";

function conductorFiles(): Record<string, string> {
  const user = { type: "user", session_id: "s1", message: { role: "user", content: [answer] } };
  const result = {
    type: "result",
    subtype: "success",
    is_error: false,
    result: "The build is mended.",
    session_id: "s1",
    num_turns: 2,
    duration_ms: 21000,
    total_cost_usd: 0.0421,
    usage: { input_tokens: 2400, output_tokens: 180 },
  };
  const time = (second: string) => `2026-11-21T09:25:${second}.123456789Z`;
  return {
    [`conductor/shop/${taskId}/TASK.md`]: "# Mend the build\n\nThe build of the shop is broken. Mend it.\n",
    [`conductor/shop/${taskId}/DONE`]: "",
    [`conductor/shop/${taskId}/TASK-MESSAGE-BUS.md`]: `---\nmsg_id: MSG-20261121-092541-000000001-PID04711-0001\nts: ${time("41")}\ntype: PROGRESS\nproject_id: shop\ntask_id: ${taskId}\nrun_id: ${firstId}\n---\nLooking at the imports.\n`,
    "conductor/shop/PROJECT-MESSAGE-BUS.md": "",
    ...conductorRun(
      firstId,
      `start_time: ${time("40")}\nend_time: ${time("52")}\nexit_code: 1\nstatus: failed\nerror_summary: agent reported failure\n`,
    ),
    [`conductor/shop/${taskId}/runs/${firstId}/agent-stdout.txt`]: jsonLines([
      claudeInit,
      claudeSays([{ type: "text", text: "I build it first." }, call], "msg_1"),
      user,
    ]),
    ...conductorRun(
      secondId,
      `previous_run_id: ${firstId}\nstart_time: 2026-11-21T09:26:10Z\nend_time: 2026-11-21T09:26:31Z\nexit_code: 0\nstatus: completed\n`,
    ),
    [`conductor/shop/${taskId}/runs/${secondId}/agent-stdout.txt`]: jsonLines([
      claudeInit,
      claudeSays([{ type: "text", text: "The import was missing." }], "msg_2"),
      result,
    ]),
    [`conductor/shop/${taskId}/runs/${secondId}/output.md`]: "The build is mended.\n",
  };
}

async function writeAll(folder: string, files: Record<string, string>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
}

describe("the runs of other systems", () => {
  let server: VscodeServer;
  let window: Workbench;
  let folder: string;

  beforeAll(async () => {
    folder = await realpath(await mkdtemp(join(tmpdir(), "runtrail-e2e-")));
    await writeAll(folder, {
      "nightly/run-42/events.jsonl": runnerLog("run-42"),
      "release/experience.yaml": experience,
      "release/.openexpertise/runs/3f0c1c52-5a3e-4d7b-9f53-0a1b2c3d4e5f.jsonl": openexpertiseLog(
        "3f0c1c52-5a3e-4d7b-9f53-0a1b2c3d4e5f",
      ),
      ...conductorFiles(),
    });
    server = await startVscodeServer({ version: "current", vsix: packagePath() });
    window = await openWorkbench(server, folder, { size: wide, theme: "Default Dark Modern" });
    await window.runCommand("View: Show Runtrail");
  });

  afterAll(async () => {
    await window?.close();
    await server?.close();
    await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  });

  const unfold = async (pattern: RegExp) => {
    await window.clickRow("Runs", pattern);
    await window.press("ArrowRight");
  };

  it("are in one tree, each with the system that it came from", async () => {
    await window.waitForRow("Runs", /run-42.*Runner/, { timeoutMs: 90_000 });
    await window.waitForRow("Runs", /OpenExpertise/);
    await window.waitForRow("Runs", /shop.*Conductor Loop/, { timeoutMs: 10_000 });
    await window.screenshot("other-systems-dark");
  });

  it("show the nodes of a pipeline, those that never ran included, and lead to the failing one", async () => {
    await unfold(/^Job: run-42/);
    await window.clickRow("Runs", /^Run of runner/);
    await window.runCommand("Runtrail: Go to Failing Step");
    await waitUntil("the line of the failure", async () =>
      /p95 is 812 ms|phase_benchmark/.test(await window.cursorText()),
    );
    const row = await window.waitForRow("Runs", /phase_benchmark/);
    expect(row.selected).toBe(true);
    const labels = (await window.treeRows("Runs")).map(({ label }) => label).join("\n");
    expect(labels).not.toMatch(/\b0 tokens|\b0 ms/);
    await window.screenshot("other-systems-failing-step-dark");
  });

  it("show what is repeated for each item, and what came from a cache", async () => {
    await unfold(/^Job:.*OpenExpertise/);
    await unfold(/^Run of release-check/);
    await window.waitForRow("Runs", /list_files.*cached/i);
    await unfold(/review/);
    await window.waitForRow("Runs", /review #2/);
    await window.waitForRow("Runs", /publish.*skipped/i);
    await window.setTheme("Default Light Modern");
    await window.screenshot("other-systems-nodes-light");
  });

  it("show projects with their tasks, runs that were started again, and the files beside them", async () => {
    // A row that is not on screen is not in the page.
    for (const shown of [/^Job:.*OpenExpertise/, /^Job: run-42/]) await window.clickRow("Runs", shown);
    await unfold(/shop.*Conductor Loop/);
    await unfold(/mend-the-build.*done/);
    await window.waitForRow("Runs", /restart of/);
    await unfold(/^Run of claude.*failed/);
    await window.screenshot("other-systems-task-light");
    await window.clickRow("Runs", /^File .*(prompt|Prompt)/);
    await window.setTheme("Default Dark Modern");
    await window.screenshot("other-systems-document-dark");
  });

  it("follow a run that another program writes", async () => {
    const log = join(folder, "nightly", "run-43", "events.jsonl");
    const records = runnerLog("run-43").trimEnd().split("\n");
    await mkdir(dirname(log), { recursive: true });
    await writeFile(log, `${records.slice(0, 4).join("\n")}\n`);
    await window.waitForRow("Runs", /Job: run-43.*running/, { timeoutMs: 60_000 });
    await appendFile(log, `${records.slice(4).join("\n")}\n`);
    await window.waitForRow("Runs", /Job: run-43.*failed/, { timeoutMs: 60_000 });
  });
});
