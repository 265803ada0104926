/** Everything that the Runs view shows at its top, and what is in what: jobs, groups of other systems, and unread places. */
import type { RunGroup, RunSource, RunSummary } from "../../app/runIndex";
import { groupKeyOf, type Job, jobsOf } from "./runTree";

/** A group of another system: a project with its tasks, a task with its runs. */
export interface Group {
  key: string;
  root: string;
  sourceLabel: string;
  group: RunGroup;
  /** The group that it is in. */
  parent?: Group;
  groups: Group[];
  /** The runs that are right in it. */
  job: Job;
}

export type Top = { kind: "job"; job: Job } | { kind: "group"; group: Group } | { kind: "source"; source: RunSource };

export interface RunForest {
  /** By their newest run; those without one come last. */
  tops: readonly Top[];
  /** Those of groups included. */
  jobs: ReadonlyMap<string, Job>;
  groups: ReadonlyMap<string, Group>;
  /** Those that have no run to be shown with. */
  sources: ReadonlyMap<string, RunSource>;
}

/** @param runs newest first */
export function forestOf(runs: readonly RunSummary[], sources: readonly RunSource[]): RunForest {
  const jobs = new Map(jobsOf(runs).map((job) => [job.jobDir, job]));
  const groups = new Map<string, Group>();
  const tops: Top[] = [];

  /** The innermost of the path; makes what is not there yet. */
  const groupAt = (place: { root: string; source: string; sourceLabel: string }, path: readonly RunGroup[]) => {
    let parent: Group | undefined;
    for (const [depth, group] of path.entries()) {
      const key = groupKeyOf(place.root, place.source, path.slice(0, depth + 1));
      let found = groups.get(key);
      if (!found) {
        const { root, sourceLabel } = place;
        const job = jobs.get(key) ?? { jobDir: key, runs: [] };
        found = { key, root, sourceLabel, group, ...(parent && { parent }), groups: [], job };
        groups.set(key, found);
        if (parent) parent.groups.push(found);
        else tops.push({ kind: "group", group: found });
      }
      parent = found;
    }
  };

  for (const job of jobs.values()) {
    const [{ root, source, sourceLabel = "", groups: path } = {} as Partial<RunSummary>] = job.runs;
    if (root !== undefined && source !== undefined && path && path.length > 0) {
      groupAt({ root, source, sourceLabel }, path);
    } else tops.push({ kind: "job", job });
  }
  for (const { root, source = "", sourceLabel = "", groups: empty } of sources) {
    for (const path of empty) groupAt({ root, source, sourceLabel }, path);
  }
  const unread = sources.filter(({ problems }) => problems.length > 0);
  tops.push(...unread.map((source) => ({ kind: "source" as const, source })));
  return { tops, jobs, groups, sources: new Map(unread.map((source) => [source.path, source])) };
}

/** All runs in the group and in those that are in it. */
export function runsIn({ job, groups }: Group): RunSummary[] {
  return [...job.runs, ...groups.flatMap(runsIn)];
}

/** The root of a top row, where it was looked for in one. */
export function rootOfTop(top: Top): string | undefined {
  switch (top.kind) {
    case "job":
      return top.job.runs[0]?.root;
    case "group":
      return top.group.root;
    default:
      return top.source.root;
  }
}
