/**
 * Writes the expectations of Perstack's samples, from the lines that it printed and the facts of its format, without any
 * code of the reader: `node test/support/writePerstackCases.mjs`, where the samples lie beside the project.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const samples = join(root, "..", "shared", "fixtures");
const cases = join(root, "test", "fixtures", "formats", "perstack");

function writeScenario(set, scenario) {
  const dir = join(samples, set, scenario);
  const calls = ["", ...foldersIn(dir).filter((name) => /^run-\d+$/.test(name))];
  const stored = [];
  for (const call of calls) {
    const file = join(dir, call, "stdout.jsonl");
    const events = existsSync(file) ? parseLines(readFileSync(file, "utf8")) : [];
    if (events.length === 0) continue;
    writeCase(`${set}-${scenario}-printed${call.slice(3)}`, {
      input: [set, scenario, call, "stdout.jsonl"].filter(Boolean).join("/"),
      runs: reportsOf(events),
      problems: [],
    });
    // The runtime by itself stores nothing; of what the others print, events of a step are stored.
    const { cli } = JSON.parse(readFileSync(join(dir, call, "command.json"), "utf8"));
    if (cli !== "runtime") stored.push(...events.filter(({ expertKey }) => expertKey !== undefined));
  }
  const workspace = join(dir, "workspace");
  const broken = readdirSync(workspace, { recursive: true })
    .filter((name) => /event-\d+-\d+-\w+\.json$/.test(name) && !isJson(readFileSync(join(workspace, name), "utf8")))
    .map((file) => ({ file, line: 1, reason: "Not JSON: half written, or written by two at once." }))
    .sort((a, b) => (a.file < b.file ? -1 : 1));
  writeCase(`${set}-${scenario}`, { input: `${set}/${scenario}/workspace`, runs: reportsOf(stored), problems: broken });
}

function writeCase(name, { input, runs, problems }) {
  const folder = join(cases, name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "input.txt"), `${input}\n`);
  writeFileSync(join(folder, "run.json"), `${JSON.stringify(runs, null, 2)}\n`);
  writeFileSync(join(folder, "problems.json"), `${JSON.stringify(problems, null, 2)}\n`);
}

/** Perstack's runs, those that only go on (after delegates, after an answer) put together. */
function reportsOf(events) {
  const runs = [];
  const taken = new Set();
  for (const part of partsOf(events)) {
    const start = part.events.find(({ type }) => type === "startRun");
    const { messages, expert, delegatedBy } = start.initialCheckpoint;
    const isAsked = start.inputMessages.some(({ type }) => type === "userMessage");
    const source = isAsked ? undefined : runs.findLast(({ parts }) => leadsTo(parts.at(-1), messages, expert.key));
    if (source) {
      source.parts.push(part);
      continue;
    }
    let id = part.runId;
    for (let count = 2; taken.has(id); count += 1) id = `${part.runId}-${count}`;
    taken.add(id);
    const parent =
      delegatedBy && runs.find(({ parts }) => parts.some((each) => stopOf(each) === delegatedBy.checkpointId));
    const query = [...messages, ...start.inputMessages].findLast(({ type }) => type === "userMessage");
    runs.push({ id, parent, parts: [part], expert: expert.key, query: textIn(query?.contents ?? []) });
  }
  const reports = new Map(runs.map((run) => [run, reportOf(run)]));
  for (const run of runs.toReversed()) if (run.parent) failWithDelegate(reports.get(run.parent), run, reports.get(run));
  for (const run of runs.toReversed()) if (run.parent) addUsage(reports.get(run.parent), reports.get(run));
  return [...reports.values()]
    .map(({ end: _, ...report }) => report)
    .sort((a, b) => a.startedAt - b.startedAt || (a.id < b.id ? -1 : 1));
}

/** From the start of one of Perstack's runs to its end: runtime events are told before the start. */
function partsOf(events) {
  const parts = [];
  const open = new Map();
  for (const event of events.filter(({ type }) => !/stream/i.test(type))) {
    let part = open.get(event.runId);
    const isBegun = part?.events.some(({ type }) => type === "startRun");
    if (!part || event.type === "initializeRuntime" || (event.type === "startRun" && isBegun)) {
      part = { runId: event.runId, events: [] };
      parts.push(part);
      open.set(event.runId, part);
    }
    part.events.push(event);
  }
  return parts.filter((part) => part.events.some(({ type }) => type === "startRun"));
}

function stopOf({ events }) {
  return events.findLast(({ type }) => type.startsWith("stopRun"))?.checkpoint.id;
}

/** A run that goes on has the conversation of the checkpoint that it stopped with. */
function leadsTo({ events }, messages, expertKey) {
  const stopped = events.findLast(({ type }) => type.startsWith("stopRun"))?.checkpoint;
  return (
    stopped?.expert.key === expertKey &&
    stopped.messages.length === messages.length &&
    stopped.messages.at(-1)?.id === messages.at(-1)?.id
  );
}

function reportOf({ id, parent, parts, expert, query }) {
  const events = parts.flatMap((part) => part.events);
  const ofSteps = events.filter(({ expertKey }) => expertKey !== undefined);
  const last = ofSteps.findLast(({ type }) => type !== "startRun");
  const status = statuses[last?.type] ?? ["unknown"];
  return {
    id,
    ...(parent && { parentRunId: parent.id }),
    title: `${expert}: ${oneLine(query, 120)}`,
    status: status[0],
    ...(status[1] && { stopReason: status[1] }),
    steps: new Set(ofSteps.map(({ stepNumber }) => stepNumber)).size,
    toolCalls: new Set([...callsOf(events), ...events.flatMap(resultsOf)].map((call) => call.id)).size,
    failures: failuresOf(events),
    ...usageOf(events),
    startedAt: events[0].timestamp,
    ...(status[0] !== "unknown" && { finishedAt: last.timestamp }),
    end: last,
  };
}

const statuses = {
  completeRun: ["finished"],
  stopRunByError: ["failed"],
  stopRunByInteractiveTool: ["stopped", "input"],
  stopRunByExceededMaxSteps: ["stopped", "maxSteps"],
};

/** Carried out: not what waits for a person, nor what stands beside `attemptCompletion`. */
function callsOf(events) {
  const results = new Set(events.flatMap(resultsOf).map(({ id }) => id));
  const asked = new Set(
    events.flatMap(({ type, toolCall, checkpoint }) => {
      if (type === "callInteractiveTool") return [toolCall.id];
      return type === "stopRunByInteractiveTool" ? (checkpoint.pendingToolCalls ?? []).map((call) => call.id) : [];
    }),
  );
  return events
    .filter(({ type, toolCalls }) => toolCalls && (type === "callTools" || type === "retry"))
    .flatMap(({ type, toolCalls }) => {
      const completes = type === "callTools" && toolCalls.some(({ toolName }) => toolName === "attemptCompletion");
      const isMade = ({ id, toolName }) => !completes || toolName === "attemptCompletion" || results.has(id);
      return toolCalls.filter((call) => isMade(call) && (!asked.has(call.id) || results.has(call.id)));
    });
}

function resultsOf({ toolResults, toolResult, initialCheckpoint, step }) {
  return [
    ...(toolResults ?? []),
    ...(toolResult ? [toolResult] : []),
    ...(step?.toolResults ?? []),
    ...(initialCheckpoint?.partialToolResults ?? []),
  ];
}

function failuresOf(events) {
  const told = new Set();
  const failures = [];
  const stepOfCall = new Map(
    events.flatMap(({ type, toolCalls, stepNumber }) =>
      type === "callTools" ? toolCalls.map(({ id }) => [id, stepNumber]) : [],
    ),
  );
  for (const event of events) {
    const step = event.stepNumber;
    for (const { id, skillName, toolName, result } of resultsOf(event)) {
      if (told.has(id)) continue;
      told.add(id);
      const text = textIn(result);
      const isReply = event.type === "startRun" && skillName !== "@perstack/base";
      const at = { step: stepOfCall.get(id) ?? step };
      if (text.startsWith('{"remainingTodos":[{')) {
        const reason = "attemptCompletion: todos are still open";
        failures.push({ ...at, grade: "blocked", class: "tool_error", reason });
      } else if (!isReply && /^\{"error":"|^(?:Error calling tool \S+: )?MCP error -\d+/.test(text)) {
        failures.push({
          ...at,
          grade: "recovered",
          class: "tool_error",
          reason: `${toolName}: ${firstLine(saidIn(text))}`,
        });
      }
    }
    if (event.type === "retry") {
      const { error, message } = JSON.parse(event.reason);
      // Its own words for an answer that is none; else the provider's error.
      const own = /^Error: (.+)$/.exec(error)?.[1];
      const errorClass = own ? "provider_bad_request" : classOf(error, message);
      failures.push({ step, grade: "recovered", class: errorClass, reason: firstLine(own ?? message) });
    }
    if (event.type === "stopRunByError") {
      const { name, message } = event.error;
      failures.push({ step, grade: "fatal", class: classOf(name, message), reason: firstLine(message) });
    }
    if (event.type === "stopRunByExceededMaxSteps") {
      const reason = `The limit of ${step} ${step === 1 ? "step" : "steps"} for the job is reached.`;
      failures.push({ step, grade: "blocked", class: "max_steps", reason });
    }
  }
  return failures;
}

/** All that a provider does wrong reads the same; 0.0.46 told the provider's words. */
function classOf(name, message) {
  if (/x-api-key/.test(message)) return "provider_auth";
  return name.startsWith("AI_") || /terminated/.test(message) ? "provider_unavailable" : "internal";
}

/** A delegate that fails ends the whole job: its coordinator does not go on. */
function failWithDelegate(coordinator, { expert }, delegate) {
  if (coordinator.status !== "unknown" || coordinator.end.type !== "stopRunByDelegate") return;
  if (delegate.status !== "failed") return;
  coordinator.status = "failed";
  coordinator.finishedAt = delegate.finishedAt;
  const { class: errorClass, reason } = delegate.failures.at(-1);
  coordinator.failures.push({
    step: coordinator.end.stepNumber,
    grade: "fatal",
    class: errorClass,
    reason: firstLine(`The delegate ${expert} failed: ${reason}`),
  });
}

const counts = ["inputTokens", "outputTokens", "totalTokens"];

/** Told with each answer; of a provider that failed nothing is. */
function usageOf(events) {
  const answers = events.filter(
    ({ type, usage }) => type === "callTools" || type === "completeRun" || (type === "retry" && usage.totalTokens > 0),
  );
  const isOnlyCompletion = ({ type, usage }, index) =>
    type === "completeRun" &&
    usage.totalTokens === 0 &&
    events.indexOf(answers[index]) > 0 &&
    !generatedBefore(events, answers[index]);
  const told = answers.filter((answer, index) => !isOnlyCompletion(answer, index));
  return told.length === 0 ? {} : { usage: sumOf(told.map(({ usage }) => usage)) };
}

/** Whether something was asked for after the last answer. */
function generatedBefore(events, answer) {
  const before = events.slice(0, events.indexOf(answer));
  const asked = before.findLastIndex(({ type }) => type === "startGeneration" || type === "attemptCompletion");
  return asked > before.findLastIndex(({ type }) => type === "callTools");
}

function sumOf(usages) {
  const sum = {};
  for (const key of counts) {
    const told = usages.flatMap((usage) => (usage[key] === undefined ? [] : [usage[key]]));
    if (told.length > 0) sum[key] = told.reduce((total, count) => total + count, 0);
  }
  return sum;
}

function addUsage(report, child) {
  const told = [report.usage, child.usage].filter((usage) => usage !== undefined);
  if (told.length > 0) report.usage = sumOf(told);
}

function saidIn(text) {
  if (!text.startsWith("{")) return text;
  const { message, error } = JSON.parse(text);
  return message || error || text;
}

function textIn(parts) {
  return parts.map(({ text = "" }) => text).join("\n");
}

function firstLine(text) {
  return oneLine(text.split("\n").find((line) => line.trim() !== "") ?? "", 300);
}

function oneLine(text, limit) {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length > limit ? `${line.slice(0, limit - 1)}…` : line;
}

function parseLines(text) {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));
}

function isJson(text) {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function foldersIn(path) {
  if (!existsSync(path)) return [];
  const entries = readdirSync(path, { withFileTypes: true });
  return entries.flatMap((entry) => (entry.isDirectory() ? [entry.name] : [])).sort();
}

for (const set of ["perstack", "perstack-legacy"]) {
  for (const scenario of foldersIn(join(samples, set))) writeScenario(set, scenario);
}
