/** Where a run lies on disk: its identity says more where several runs lie in one file. */

/** The folder or file of a run, without the run id that tells it from others in the same file. */
export function placeOfRun(dir: string, runId: string): string {
  return dir.endsWith(`#${runId}`) ? dir.slice(0, -runId.length - 1) : dir;
}
