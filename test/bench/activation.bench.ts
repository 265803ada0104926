/** How long the extension takes to activate in a real VS Code, and what it loads for that. */

import { mkdtemp, readFile, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { launchChromium } from "../support/chromium";
import { packagePath, projectRoot } from "../support/projectPaths";
import { startVscodeServer } from "../support/vscodeServer.mjs";
import { waitUntil } from "../support/waitUntil";
import { type Bench, type BenchRow, median } from "./bench";
import { writeEmptyExtension } from "./emptyExtension";

const activations = 10;
const limits = { activationMs: 60, size: 300_000 };
const sdkPattern = /node_modules\/(@ai-sdk|ai|ollama-ai-provider|google-auth-library|@aws-sdk|@smithy)[^/]*\//;

interface Metafile {
  outputs: Record<
    string,
    { bytes: number; inputs: Record<string, unknown>; imports: { path: string; kind: string }[] }
  >;
}

const bench: Bench = {
  title: "extension activation",
  async run() {
    return [...(await measureActivation()), ...(await measureSize())];
  },
};
export default bench;

/** Each page load brings a fresh extension host; the probe inside it activates the extension and times it. */
async function measureActivation(): Promise<BenchRow[]> {
  const dir = await realpath(await mkdtemp(join(tmpdir(), "runtrail-bench-")));
  const report = join(dir, "activations.txt");
  const env = { RUNTRAIL_PROBE_REPORT: report, RUNTRAIL_PROBE_DEMO: join(projectRoot, "examples", "demo") };
  const server = await startVscodeServer({ version: "current", vsix: packagePath(), env });
  const browser = await launchChromium();
  try {
    const empty = await writeEmptyExtension(dir);
    const times: { ours: number; empty: number }[] = [];
    while (times.length < activations) {
      const workspace = await realpath(await mkdtemp(join(dir, "workspace-")));
      const page = await browser.newPage();
      const testsPath = join(projectRoot, "out", "bench", "activationProbe.cjs");
      await page.goto(server.url(workspace, { developmentPath: empty, testsPath }));
      const lines = await waitUntil(
        "the probe’s report",
        async () => {
          const known = (await readFile(report, "utf8")).split("\n").slice(0, -1);
          return known.length > times.length ? known : undefined;
        },
        { timeoutMs: 120_000 },
      );
      const [ours = Number.NaN, floor = Number.NaN] = (lines.at(-1) ?? "").split(" ").map(Number);
      if (Number.isNaN(ours + floor)) throw new Error(`The extension did not activate: ${lines.at(-1)}`);
      times.push({ ours, empty: floor });
      await page.close();
    }
    const all = times.map((time) => time.ours);
    const value = median(all);
    return [
      {
        name: `activation, median of ${activations} (${Math.min(...all).toFixed(1)} to ${Math.max(...all).toFixed(1)})`,
        value,
        unit: "ms",
        limit: `< ${limits.activationMs}`,
        ok: value < limits.activationMs,
      },
      {
        name: "an empty extension, in the same hosts",
        value: median(times.map((time) => time.empty)),
        unit: "ms",
        ok: true,
      },
    ];
  } finally {
    await browser.close();
    await server.close();
    await rm(dir, { recursive: true, force: true });
  }
}

/** The entry and all that it imports statically; what is imported dynamically is not loaded by activation. */
async function measureSize(): Promise<BenchRow[]> {
  const { outputs } = JSON.parse(await readFile(join(projectRoot, "out", "meta", "host.json"), "utf8")) as Metafile;
  const loaded = new Set<string>();
  const visit = (path: string) => {
    if (loaded.has(path)) return;
    loaded.add(path);
    for (const edge of outputs[path]?.imports ?? []) if (edge.kind === "import-statement") visit(edge.path);
  };
  visit("dist/extension.js");
  const files = [...loaded].flatMap((path) => outputs[path] ?? []);
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const inputs = files.flatMap((file) => Object.keys(file.inputs));
  const sdks = new Set(inputs.flatMap((input) => sdkPattern.exec(input)?.[0] ?? []));
  return [
    {
      name: "extension.js and its static chunks",
      value: bytes / 1000,
      unit: "kB",
      limit: `< ${limits.size / 1000}`,
      ok: bytes < limits.size,
    },
    {
      name: `provider SDKs among them${sdks.size === 0 ? "" : `: ${[...sdks].join(" ")}`}`,
      value: sdks.size,
      unit: "",
      limit: "0",
      ok: sdks.size === 0,
    },
  ];
}
