/**
 * `npm test`: sets up what is missing and runs everything. `npm test -- <phase>… [file or name]…` runs some phases only:
 * lint types unit host host-1.104 host-current e2e. Ends with one line: `N passed, N failed`.
 */

import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { installPackages, useProjectNode } from "../.ci/bootstrap.mjs";
import { ensureBuilt } from "../.ci/build.mjs";
import { ensureChromium } from "../.ci/chromium.mjs";
import { tryCommand } from "../.ci/command.mjs";
import { packageExtension } from "../.ci/package.mjs";
import { inProject } from "../.ci/paths.mjs";
import { installVscode } from "../.ci/vscode.mjs";

const phases = [
  { name: "lint", title: "lint", run: () => check("biome", ["ci", "--colors=off"]) },
  { name: "types", title: "types", run: checkTypes },
  { name: "unit", title: "unit and property tests", run: (filters) => runVitest("unit", { filters }) },
  { name: "host-1.104", title: "inside VS Code 1.104", needs: "1.104", run: () => runHost("1.104") },
  { name: "host-current", title: "inside VS Code, current", needs: "current", run: () => runHost("current") },
  { name: "e2e", title: "the package in a browser", needs: "current", run: (filters) => runEndToEnd(filters) },
];

const total = { passed: 0, failed: 0 };

try {
  await installPackages((line) => console.log(line));
  await useProjectNode();
  await runPhases(process.argv.slice(2));
} catch (error) {
  console.log(error.message);
  total.failed += 1;
}
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exit(total.failed === 0 && total.passed > 0 ? 0 : 1);

/** @param {readonly string[]} args */
async function runPhases(args) {
  const names = (phase) => [phase.name, phase.name.split("-")[0]];
  const filters = args.filter((argument) => !phases.some((phase) => names(phase).includes(argument)));
  const wanted = phases.filter((phase) => names(phase).some((name) => args.includes(name)));
  const chosen = wanted.length > 0 ? wanted : phases;

  if (!(await show("build", () => ensureBuilt()))) return;
  const versions = [...new Set(chosen.flatMap((phase) => phase.needs ?? []))];
  // What comes from the network comes while the first tests run; what goes wrong with it is told in its turn.
  const setUp =
    versions.length === 0 ? Promise.resolve() : Promise.all([...versions.map(installVscode), ensureChromium()]);
  setUp.catch(() => {});
  let isSetUp = false;
  for (const phase of chosen) {
    if (phase.needs !== undefined && !isSetUp) {
      isSetUp = await show("VS Code and Chromium", () => setUp);
      if (!isSetUp) return;
    }
    await show(phase.title, () => phase.run(filters));
  }
}

/**
 * Runs one phase and prints its line, and its output below when something failed.
 * @param {string} title
 * @param {() => Promise<unknown>} run gives { passed, failed, output }, or nothing when it is no test
 */
async function show(title, run) {
  const startedAt = performance.now();
  process.stdout.write(`${title} … `);
  const {
    passed = 0,
    failed = 0,
    skipped = [],
    output = "",
  } = await run().then(
    (result) => (Number.isInteger(result?.passed) ? result : {}),
    (error) => ({ failed: 1, output: error.message }),
  );
  const counts = passed + failed === 0 ? "ready" : `${passed} passed, ${failed} failed`;
  console.log(`${counts} (${((performance.now() - startedAt) / 1000).toFixed(1)} s)`);
  for (const name of skipped) console.log(`  skipped, what it needs is not on this machine: ${name}`);
  if (failed > 0) console.log(`\n${output.trim()}\n`);
  total.passed += passed;
  total.failed += failed;
  return failed === 0;
}

async function check(tool, args) {
  const { code, output } = await tryCommand(inProject("node_modules", ".bin", tool), args, { cwd: inProject() });
  return { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, output };
}

/** The pages in the editor have a browser's types, everything else has Node's. */
async function checkTypes() {
  const checks = [await check("tsc", ["-p", "."]), await check("tsc", ["-p", "src/webview"])];
  return {
    passed: checks.reduce((sum, { passed }) => sum + passed, 0),
    failed: checks.reduce((sum, { failed }) => sum + failed, 0),
    output: checks.map(({ output }) => output).join("\n"),
  };
}

async function runHost(version) {
  const node = process.execPath;
  const built = await tryCommand(node, [inProject("esbuild.mjs"), "hostTests"]);
  if (built.code !== 0) return { failed: 1, passed: 0, output: built.output };
  return runVitest("host", { env: { RUNTRAIL_VSCODE: version } });
}

async function runEndToEnd(filters) {
  const { vsix } = await packageExtension();
  return runVitest("e2e", { filters, env: { RUNTRAIL_VSIX: vsix } });
}

/** Counts from vitest’s own report. */
async function runVitest(project, { filters = [], env = {} }) {
  const folder = inProject("out", "tests");
  const report = `${folder}/${project}.json`;
  mkdirSync(folder, { recursive: true });
  rmSync(report, { force: true });
  const { code, output } = await tryCommand(
    process.execPath,
    [
      inProject("node_modules", "vitest", "vitest.mjs"),
      ...["run", "--config", inProject("test", "vitest.config.ts"), "--project", project],
      ...["--reporter=default", "--reporter=json", `--outputFile.json=${report}`],
      ...filters,
    ],
    { cwd: inProject(), env: { NO_COLOR: "1", ...env } },
  );
  const counts = countTests(report);
  // What no test owns, such as an error outside of any, must not pass; nor may no tests at all.
  const isUnexplained = (code !== 0 && counts.failed === 0) || counts.passed + counts.failed === 0;
  return { ...counts, failed: counts.failed + (isUnexplained ? 1 : 0), output: failuresOf(output) };
}

function countTests(report) {
  let results = [];
  try {
    results = JSON.parse(readFileSync(report, "utf8")).testResults;
  } catch {
    // No report: the exit code and the output say why.
  }
  const tests = results.flatMap((file) => file.assertionResults);
  // A file that fails before its tests counts as one.
  const brokenFiles = results.filter(
    (file) => file.status === "failed" && !file.assertionResults.some((test) => test.status === "failed"),
  );
  return {
    passed: tests.filter((test) => test.status === "passed").length,
    failed: tests.filter((test) => test.status === "failed").length + brokenFiles.length,
    skipped: tests.filter((test) => test.status !== "passed" && test.status !== "failed").map((test) => test.fullName),
  };
}

/** The part that tells of failures, without the list of what passed. */
function failuresOf(output) {
  const start = output.search(/^⎯+ (Failed|Unhandled|Error)/m);
  return start === -1 ? output : output.slice(start);
}
