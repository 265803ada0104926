/** The row of each node of the Runs view, from what is known of jobs and places and what was read of its run. */
import type { RunSummary } from "../../app/runIndex";
import { assertNever } from "../../base/errors";
import { documentRow, groupRow, sourceRow } from "./groupRows";
import { moreRow } from "./moreRow";
import type { Row } from "./row";
import type { RunForest } from "./runForest";
import type { CheckpointNode, ItemNode, ProblemNode, RunNode, StepNode } from "./runNodes";
import { jobRow, type RunMoment, runRow } from "./runRows";
import { totalsOf } from "./runTotals";
import { jobKeyOf } from "./runTree";
import type { ShownRun } from "./shownRuns";
import { checkpointRow, itemRow, problemRow, stepRow } from "./stepRows";

export interface RowContext {
  forest: RunForest;
  moment: RunMoment;
  summaryOf(dir: string): RunSummary | undefined;
  load(dir: string): Promise<ShownRun | undefined>;
  /** Whether the run of a delegate hangs under the call. */
  hasDelegate(node: ItemNode, shown: ShownRun): boolean;
  /** Whether the user opened the root, and may take it off the list. */
  isOpened(root: string | undefined): boolean;
}

/** `undefined` where it is no longer there. */
export async function rowOfNode(node: RunNode, context: RowContext): Promise<Row | undefined> {
  const { forest, moment, summaryOf, load, isOpened } = context;
  switch (node.kind) {
    case "job": {
      const job = forest.jobs.get(node.jobDir);
      return job && jobRow(job, moment, isOpened(job.runs[0]?.root));
    }
    case "group": {
      const group = forest.groups.get(node.key);
      return group && groupRow(group, moment, group.parent === undefined && isOpened(group.root));
    }
    case "source": {
      const source = forest.sources.get(node.path);
      return source && sourceRow(source, isOpened(source.root));
    }
    case "sourceProblem": {
      const problem = forest.sources.get(node.path)?.problems[node.index];
      return problem && problemRow(problem);
    }
    case "document":
      return documentRow(node);
    case "more":
      return moreRow(node);
    case "run": {
      const run = summaryOf(node.dir);
      return run && runRow(run, moment, totalsOf(run, forest.jobs.get(jobKeyOf(run))?.runs ?? []));
    }
    default: {
      const shown = await load(node.dir);
      return shown && rowInRun(node, shown, context);
    }
  }
}

function rowInRun(
  node: StepNode | ItemNode | CheckpointNode | ProblemNode,
  shown: ShownRun,
  { moment, summaryOf, hasDelegate }: RowContext,
): Row | undefined {
  const { run, problems } = shown.loaded;
  if (node.kind === "problem") {
    const problem = problems[node.index];
    return problem && problemRow(problem);
  }
  const step = shown.step(node.step);
  if (!step) return undefined;
  const isLookedAt = summaryOf(node.dir)?.root !== undefined;
  switch (node.kind) {
    case "step":
      return stepRow(run, step, moment, isLookedAt);
    case "checkpoint":
      return checkpointRow(run, step, isLookedAt);
    case "item": {
      const item = shown.item(node.step, node.seq);
      return item && itemRow(run, step, item, hasDelegate(node, shown));
    }
    default:
      return assertNever(node);
  }
}
