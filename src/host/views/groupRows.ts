/** The rows of what other systems have beyond runs: groups, files to read, and places that cannot be read. */
import { basename } from "node:path";
import type { RunSource } from "../../app/runIndex";
import { formatCount } from "../../model/formatting";
import { oneLine } from "../../model/plainText";
import { joinParts, type Row, type RowIcon, statusIcon, statusWords } from "./row";
import { type Group, runsIn } from "./runForest";
import { formatMoment, type RunMoment, statusOfRun } from "./runRows";
import { topRuns } from "./runTree";

/** @param isOpened whether the user opened it, and may take it off the list */
export function groupRow(shown: Group, { now, waiting }: RunMoment, isOpened: boolean): Row {
  const { group, groups, job, parent, sourceLabel } = shown;
  const runs = runsIn(shown);
  const newest = [...topRuns(job), ...runs].at(0);
  const status = newest && groups.length === 0 ? statusOfRun(newest, waiting) : undefined;
  const isGoing = runs.some((run) => run.status === "running");
  const label = oneLine(group.label, 100) || group.id;
  const state = oneLine(group.state ?? "", 100);
  const counted = groups.length > 0 ? formatCount(groups.length, "task") : formatCount(runs.length, "run");
  const started = newest && groups.length === 0 ? formatMoment(newest.startedAt, now) : undefined;
  const failed = groups.filter((each) => hasFailed(each, waiting)).length;
  const told = joinParts(
    parent ? undefined : sourceLabel,
    state,
    counted,
    failed > 0 ? `${failed} failed` : "",
    started,
  );
  return {
    label,
    description: told,
    icon: status ? statusIcon(status) : groups.length > 0 ? { id: "project" } : { id: "circle-large-outline" },
    context: ["group", ...(isOpened ? ["opened"] : [])],
    children: isGoing ? "expanded" : runs.length + groups.length + group.documents.length > 0 ? "collapsed" : "none",
    spoken: joinParts(
      `${parent ? "Task" : "Group"} ${label}`,
      status && statusWords(status),
      told,
      parent && sourceLabel,
    ),
  };
}

/** By its newest run: one that was started again and did it is no failure any more. */
function hasFailed({ job }: Group, waiting: RunMoment["waiting"]): boolean {
  const [newest] = topRuns(job);
  const status = newest && statusOfRun(newest, waiting);
  return status === "fatal" || status === "blocked" || status === "partial";
}

export function documentRow({ label, file }: { label: string; file: string }): Row {
  const name = basename(file);
  const shown = oneLine(label, 100) || name;
  return {
    label: shown,
    ...(shown !== name && { description: name }),
    icon: documentIcon(name),
    context: ["document"],
    children: "none",
    spoken: `File ${joinParts(shown, name)}`,
  };
}

function documentIcon(name: string): RowIcon {
  if (/stderr/u.test(name)) return { id: "output" };
  if (/stdout/u.test(name)) return { id: "terminal" };
  return { id: /\.md$/u.test(name) ? "markdown" : "file" };
}

/** A place without a run that can be shown: what is wrong is below it. */
export function sourceRow({ path, sourceLabel, problems }: RunSource, isOpened: boolean): Row {
  const [first, ...more] = problems;
  const label = basename(path) || path;
  const said = oneLine(first?.reason ?? "", 200);
  const count = more.length > 0 ? formatCount(problems.length, "problem") : undefined;
  return {
    label,
    description: joinParts(sourceLabel, count, said),
    icon: { id: "warning", color: "list.warningForeground" },
    context: ["source", ...(isOpened ? ["opened"] : [])],
    children: "collapsed",
    spoken: joinParts(`Cannot be read: ${label}`, sourceLabel, count, said),
  };
}
