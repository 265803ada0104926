/**
 * `npm run bench [-- name…]`: every test/bench/*.bench.ts, one table, and the numbers in out/bench/results.json. When all
 * were run, test/bench/RESULTS.md keeps them.
 */

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { arch, cpus, release, totalmem, type } from "node:os";
import { pathToFileURL } from "node:url";
import { installPackages, useProjectNode } from "../../.ci/bootstrap.mjs";
import { ensureBuilt } from "../../.ci/build.mjs";
import { ensureChromium } from "../../.ci/chromium.mjs";
import { packageExtension } from "../../.ci/package.mjs";
import { inProject } from "../../.ci/paths.mjs";

const say = (line) => console.log(line);

try {
  await installPackages(say);
  await useProjectNode();
  await ensureBuilt({ say });
  await ensureChromium();
  process.env.RUNTRAIL_VSIX = (await packageExtension()).vsix;
  process.exit((await runAll(process.argv.slice(2))) ? 0 : 1);
} catch (error) {
  console.error(error.stack);
  process.exit(1);
}

async function runAll(names) {
  const files = readdirSync(inProject("test", "bench")).filter((file) => file.endsWith(".bench.ts"));
  const chosen = files.filter((file) => names.length === 0 || names.some((name) => file.includes(name))).sort();
  await bundle(chosen);
  const results = [];
  for (const file of chosen) {
    const { default: bench } = await import(pathToFileURL(bundled(file)).href);
    say(`${bench.title} …`);
    results.push({ title: bench.title, rows: await bench.run() });
  }
  say(`\n${formatTable(results)}\n`);
  const report = { machine: describeMachine(), date: new Date().toISOString().slice(0, 10), results };
  writeFileSync(inProject("out", "bench", "results.json"), `${JSON.stringify(report, undefined, 2)}\n`);
  if (chosen.length === files.length) writeFileSync(inProject("test", "bench", "RESULTS.md"), formatPage(report));
  const rows = results.flatMap((result) => result.rows);
  const missed = rows.filter((row) => !row.ok);
  say(missed.length === 0 ? `${rows.length} rows, every limit kept` : `${missed.length} limits missed`);
  return rows.length > 0 && missed.length === 0;
}

function bundled(file) {
  return inProject("out", "bench", file.replace(/\.ts$/, ".mjs"));
}

async function bundle(files) {
  const esbuild = await import("esbuild");
  mkdirSync(inProject("out", "bench"), { recursive: true });
  const common = { absWorkingDir: inProject(), bundle: true, platform: "node", target: "node24", logLevel: "warning" };
  await esbuild.build({
    ...common,
    entryPoints: files.map((file) => `test/bench/${file}`),
    outdir: "out/bench",
    outExtension: { ".js": ".mjs" },
    format: "esm",
    packages: "external",
    plugins: [ownAddress()],
  });
  await esbuild.build({
    ...common,
    target: "node22",
    entryPoints: readdirSync(inProject("test", "bench"))
      .filter((file) => file.endsWith("Probe.ts"))
      .map((file) => `test/bench/${file}`),
    outdir: "out/bench",
    outExtension: { ".js": ".cjs" },
    format: "cjs",
    external: ["vscode"],
  });
}

/** Modules that look for files beside them must find those of their source, not of the bundle. */
function ownAddress() {
  return {
    name: "own-address",
    setup(build) {
      build.onLoad({ filter: /[\\/](test|\.ci)[\\/].*\.(ts|mjs)$/ }, ({ path }) => ({
        contents: readFileSync(path, "utf8").replaceAll("import.meta.url", JSON.stringify(pathToFileURL(path).href)),
        loader: path.endsWith(".ts") ? "ts" : "js",
      }));
    },
  };
}

function describeMachine() {
  const [{ model } = { model: "an unknown processor" }] = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${cpus().length} × ${model.trim()}, ${memory} GB, ${type()} ${release()} ${arch()}, Node ${process.versions.node}`;
}

function formatPage({ machine, date, results }) {
  const cell = (text) => String(text).replaceAll("|", "\\|");
  const tables = results.map(({ title, rows }) => {
    const lines = rows.map((row) => {
      const ratio = row.ratio === undefined ? "" : `${number(row.ratio)} ×`;
      const verdict = row.limit === undefined ? "" : row.ok ? "kept" : "**missed**";
      return `| ${[row.name, `${number(row.value)} ${row.unit}`.trim(), ratio, row.limit ?? "", verdict].map(cell).join(" | ")} |`;
    });
    return [`## ${title}`, "", "| what | value | ratio | limit | |", "|---|---|---|---|---|", ...lines, ""].join("\n");
  });
  const head = `# Results of the last \`npm run bench\`\n\n${date}, on ${machine}. The machine is shared: ratios within one run say more than times.\n`;
  return `${[head, ...tables].join("\n").trimEnd()}\n`;
}

function number(value) {
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

function formatTable(results) {
  const lines = results.flatMap(({ title, rows }) => [
    [title, "", "", "", ""],
    ...rows.map((row) => [
      `  ${row.name}`,
      `${number(row.value)} ${row.unit}`.trim(),
      row.ratio === undefined ? "" : `${number(row.ratio)} ×`,
      row.limit ?? "",
      row.limit === undefined ? "" : row.ok ? "ok" : "MISSED",
    ]),
  ]);
  const table = [["", "value", "ratio", "limit", ""], ...lines];
  const widths = table[0].map((_, column) => Math.max(...table.map((line) => line[column].length)));
  return table
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column]))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
