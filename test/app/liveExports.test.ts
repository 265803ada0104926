/** Runs written for other systems while they go on: the same as in one go afterwards, and never in a run's way. */
import { mkdir, mkdtemp, readdir, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { readJobRuns } from "../../src/app/jobRuns";
import { exportFolder } from "../../src/app/liveExports";
import type { WrittenFormatName } from "../../src/formats/format";
import { formats } from "../../src/formats/index";
import { projectRuns } from "../support/formatCases";
import { expertsToml, type JobBench, openJobBench } from "../support/jobs";

let bench: JobBench | undefined;
afterEach(async () => {
  await bench?.close();
  bench = undefined;
});

const experts = expertsToml({ coordinator: 'delegates = ["helper"]', helper: "" });

async function openBench(): Promise<JobBench> {
  bench = await openJobBench(
    experts,
    {
      coordinator: [
        { toolCalls: [{ name: "readTextFile", args: { path: "big.txt" } }] },
        { toolCalls: [{ name: "helper", args: { query: "Help" } }] },
        { text: "All is done." },
        { text: "Again." },
      ],
      helper: [{ toolCalls: [{ name: "readTextFile", args: { path: "none.txt" } }] }, { text: "Helped." }],
    },
    { files: { "big.txt": "a line of text\n".repeat(2000) } },
  );
  return bench;
}

/** Files by name, wherever the folder lies, the lines of each in an order of their own: side by side, runs end as chance has it. */
async function contentOf(folder: string): Promise<Record<string, string[]>> {
  const content: Record<string, string[]> = {};
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    content[path.slice(folder.length)] = (await readFile(path, "utf8"))
      .replaceAll(folder, "<folder>")
      .split("\n")
      .sort();
  }
  return content;
}

async function writeInOneGo(jobId: string, format: WrittenFormatName): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "runtrail-written-"));
  const { readJob } = bench ?? (await openBench());
  const { runs } = await readJobRuns((await readJob(jobId)).map(({ dir }) => dir));
  await formats.find(({ name }) => name === format)?.write?.(runs, folder);
  return folder;
}

const live = formats.flatMap(({ name, openSink }) => (openSink ? [name as WrittenFormatName] : []));

it.each(live)("writes for %s what is written of the finished job in one go", async (format) => {
  const { root, start, errors } = await openBench();
  const { jobId, outcome } = await start({ alsoWrite: [format] });
  expect(outcome.status).toBe("finished");
  expect(errors).toEqual([]);
  const folder = exportFolder(root, format);
  const once = await writeInOneGo(jobId, format);
  expect(await contentOf(folder)).toEqual(await contentOf(once));
  const reader = formats.find(({ name }) => name === format);
  const [liveRead, onceRead] = [await reader?.read(folder), await reader?.read(once)];
  expect(liveRead && projectRuns(liveRead)).toEqual(onceRead && projectRuns(onceRead));
  expect(await reader?.find(root)).toEqual([]);
});

it("writes what comes later in a job behind what is there, for several systems at once", async () => {
  const { root, start, app } = await openBench();
  const first = await start({ alsoWrite: ["otel", "perstack"] });
  const next = await start({
    ...{ query: "Once more", from: { kind: "continue", dir: first.dir }, alsoWrite: ["otel", "perstack"] },
  });
  expect(next.jobId).toBe(first.jobId);
  expect(app.active).toEqual([]);
  for (const format of ["otel", "perstack"] as const) {
    const once = await writeInOneGo(first.jobId, format);
    expect(await contentOf(exportFolder(root, format)), format).toEqual(await contentOf(once));
  }
});

it("never harms a run: what keeps a system's files from being written is told once, with what to do", async () => {
  const { root, start, errors } = await openBench();
  await mkdir(join(root, "perstack", "exports"), { recursive: true });
  await writeFile(exportFolder(root, "otel"), "a file in the way");
  const { outcome } = await start({ alsoWrite: ["otel", "perstack"] });
  expect(outcome.status).toBe("finished");
  expect(errors).toHaveLength(1);
  expect(String(errors[0]?.error)).toMatch(/no longer written for OpenTelemetry .*runtrail export/u);
  expect(await readdir(exportFolder(root, "perstack"))).toEqual(["perstack"]);
});

it("writes nothing where it is not asked to", async () => {
  const { root, start } = await openBench();
  await start();
  expect(await readdir(join(root, "perstack"))).not.toContain("exports");
});
