/** The rows of the Experts view in words, icons and menu tokens. */
import type { RunSummary } from "../../app/runIndex";
import { baseSkillName } from "../../model/baseSkill";
import type { DefinitionDocument, DefinitionProblem, ExpertEntry, Skill } from "../../model/definition";
import { formatTime } from "../../model/formatting";
import { oneLine } from "../../model/plainText";
import { errorsOf } from "./expertTree";
import { joinParts, type Row, statusIcon, statusWords } from "./row";
import { statusOfRun } from "./runRows";

/** @param name the file relative to its workspace folder, with the folder where there are several. */
export function fileRow(document: DefinitionDocument, name: string): Row {
  const errors = document.problems.filter(({ severity }) => severity === "error").length;
  const count = document.experts.length;
  const experts = `${count} ${count === 1 ? "expert" : "experts"}`;
  const wrong = errors === 0 ? "" : `${errors} ${errors === 1 ? "error" : "errors"}`;
  return {
    label: name,
    description: joinParts(experts, wrong),
    icon: errors > 0 ? statusIcon("fatal") : { id: "file-code" },
    context: ["file", "definition"],
    children: "expanded",
    spoken: joinParts(`Definition ${name}`, experts, wrong),
  };
}

export function expertRow(entry: ExpertEntry, lastRun: RunSummary | undefined, waiting: ReadonlySet<string>): Row {
  const errors = errorsOf(entry);
  const description = oneLine(entry.expert?.description ?? "", 120);
  if (errors.length > 0) {
    const wrong = oneLine(errors[0]?.message ?? "");
    return {
      label: entry.key,
      description: wrong,
      icon: statusIcon("fatal"),
      context: ["expert", "broken", "definition"],
      children: "collapsed",
      spoken: joinParts(`Expert ${entry.key}`, "cannot be run", wrong),
    };
  }
  const status = lastRun && statusOfRun(lastRun, waiting);
  return {
    label: entry.key,
    description,
    icon: status ? statusIcon(status) : { id: "robot" },
    context: ["expert", "runnable", "definition", lastRun ? "hasRun" : "", lastRun?.failure ? "failed" : ""].filter(
      Boolean,
    ),
    children: "collapsed",
    spoken: joinParts(`Expert ${entry.key}`, status ? `last run ${statusWords(status)}` : "never run", description),
  };
}

export function expertTooltip(entry: ExpertEntry, lastRun: RunSummary | undefined): string[][] {
  return [
    ["Expert", entry.key],
    ["Description", entry.expert?.description ?? ""],
    ["Version", entry.expert?.version ?? ""],
    ["Instruction", oneLine(entry.expert?.instruction ?? "", 500)],
    ["Problems", entry.problems.map(({ message }) => message).join(" ")],
    ["Last run", lastRun ? `${lastRun.status}, ${formatTime(lastRun.startedAt)}` : ""],
  ].filter(([, value]) => value !== "");
}

export function groupRow(kind: "delegates" | "skills", count: number): Row {
  const label = kind === "skills" ? "Skills" : "Delegates";
  return {
    label,
    description: String(count),
    icon: { id: kind === "skills" ? "tools" : "type-hierarchy" },
    context: [kind],
    children: "collapsed",
    spoken: `${label}, ${count}`,
  };
}

export function skillRow(name: string, skill: Skill | undefined): Row {
  const description = describeSkill(name, skill);
  return {
    label: name,
    description,
    icon: { id: skillIcon(name, skill) },
    context: ["skill", "definition"],
    children: "none",
    spoken: joinParts(`Skill ${name}`, description),
  };
}

export function delegateRow(key: string, target: ExpertEntry | undefined): Row {
  const description = target ? oneLine(target.expert?.description ?? "", 120) : "not defined in this file";
  return {
    label: key,
    description,
    icon: target ? { id: "robot" } : { id: "question", color: "list.warningForeground" },
    context: ["delegate", "definition"],
    children: "none",
    spoken: joinParts(`Delegate ${key}`, description),
  };
}

export function brokenRow(problem: DefinitionProblem): Row {
  const place = `line ${problem.range.line}`;
  return {
    label: problem.message,
    description: place,
    icon: statusIcon("fatal"),
    context: ["broken"],
    children: "none",
    spoken: joinParts(`Error: ${problem.message}`, place),
  };
}

function describeSkill(name: string, skill: Skill | undefined): string {
  if (name === baseSkillName) return "built in";
  switch (skill?.type) {
    case "mcpStdioSkill":
      return joinParts("MCP", oneLine([skill.command, skill.packageName, ...(skill.args ?? [])].join(" "), 80));
    case "mcpSseSkill":
      return joinParts("MCP", skill.endpoint);
    case "interactiveSkill":
      return joinParts("asks you", Object.keys(skill.tools).join(", "));
    default:
      return "";
  }
}

function skillIcon(name: string, skill: Skill | undefined): string {
  if (name === baseSkillName) return "package";
  return skill?.type === "interactiveSkill" ? "comment-discussion" : "plug";
}
