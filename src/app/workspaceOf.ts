/** Where a run belongs: the folder that holds its `perstack/jobs/…`, which paths in the run are relative to. */

/** @param runDir `{workspace}/perstack/jobs/{jobId}/runs/{runId}`, absolute, written as on any system */
export function workspaceOf(runDir: string): string {
  return runDir.replace(/[\\/]perstack[\\/]jobs[\\/][^\\/]+[\\/]runs[\\/][^\\/]+[\\/]?$/u, "");
}
