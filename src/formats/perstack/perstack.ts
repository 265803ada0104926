/** Perstack's format: job folders, alone or in their workspace, and the event stream that `perstack run` prints. */

import type { ForeignRun, Format, FormatProblem } from "../format";
import { oldestFirst } from "../oldestFirst";
import { openSourceFiles } from "../sourceFiles";
import { openPerstackSink } from "./openPerstackSink";
import { findPlaces, jobOfStream, placeOf } from "./perstackPlaces";
import { readJobFolder } from "./readJobFolder";
import { readStream } from "./readStream";
import { writePerstackJob } from "./writePerstackJob";

export const perstack: Format = {
  name: "perstack",
  label: "Perstack",
  async accepts(path) {
    const place = await placeOf(openSourceFiles(path), path);
    return place.kind === "file" ? (await jobOfStream(path)) !== undefined : place.jobs.length > 0;
  },
  async find(folder, signal) {
    signal?.throwIfAborted();
    return await findPlaces(openSourceFiles(folder, signal), folder);
  },
  async read(path, signal) {
    signal?.throwIfAborted();
    const place = await placeOf(openSourceFiles(path, signal), path);
    // A run's folder tells of its part alone: what it is a part of is its job.
    const [job] = place.kind === "folder" && place.runId !== undefined ? place.jobs : [];
    const source = openSourceFiles(job ?? path, signal);
    if (place.kind === "file") {
      const runs = oldestFirst(await readStream(source, path));
      return { source: path, runs, problems: source.problems, files: source.files };
    }
    const runs: ForeignRun[] = [];
    const problems: FormatProblem[] = [];
    for (const jobDir of place.jobs) {
      const read = await readJobFolder(source, jobDir);
      runs.push(...read.runs.filter(({ sourceRunIds }) => !place.runId || sourceRunIds.includes(place.runId)));
      problems.push(...read.problems);
    }
    return {
      source: path,
      runs: oldestFirst(runs),
      problems,
      files: [...new Set([path, ...place.jobs, ...source.files])],
    };
  },
  write: writePerstackJob,
  openSink: async (folder) => openPerstackSink(folder),
};
