/**
 * The bundles: the extension (dist/extension.js), the terminal and the library (dist/cli.js, dist/index.js), the thread
 * that reads logs (dist/logWorker.js), the pages in the editor (dist/webview), and the tests that run inside VS Code.
 * `node esbuild.mjs [host] [node] [worker] [webview] [hostTests] [--watch] [--minify]`
 */

import { chmod, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import * as esbuild from "esbuild";

const root = dirname(fileURLToPath(import.meta.url));

// CommonJS packages inside an ES module still call `require` for Node's own modules.
const requireBanner =
  'import { createRequire as createRequireOfBundle } from "node:module"; const require = createRequireOfBundle(import.meta.url);';

/** Everything dynamic stays a chunk of its own, loaded only when used. */
const esm = {
  format: "esm",
  splitting: true,
  platform: "node",
  target: "node22",
  outdir: "dist",
  banner: { js: requireBanner },
  plugins: [ownZod()],
};

const bundles = {
  host: {
    ...esm,
    entryPoints: { extension: "src/host/extension.ts" },
    chunkNames: "chunks/host-[name]-[hash]",
    external: ["vscode"],
  },
  // The thread that reads logs, for both; one file, as a thread starts faster with it.
  worker: {
    ...esm,
    splitting: false,
    entryPoints: { logWorker: "src/app/logWorker.ts" },
  },
  // Pages in a browser: what needs Node does not bundle.
  webview: {
    format: "iife",
    platform: "browser",
    target: "chrome138",
    outdir: "dist/webview",
    entryPoints: ["timeline.ts", "timeline.css"].map((file) => ({
      in: `src/webview/timeline/${file}`,
      out: "timeline",
    })),
    loader: { ".ttf": "file" },
    assetNames: "[name]",
  },
  // `vscode` is not external here: the core would not bundle if it needed the editor.
  node: {
    ...esm,
    entryPoints: { cli: "src/cli/main.ts", index: "src/app/library.ts" },
    chunkNames: "chunks/node-[name]-[hash]",
  },
  hostTests: {
    format: "cjs",
    platform: "node",
    target: "node22",
    outdir: "out/host-tests",
    outExtension: { ".js": ".cjs" },
    entryPoints: { index: "test/host/index.ts" },
    external: ["vscode"],
    plugins: [hostSuites()],
  },
};

/**
 * @param {keyof typeof bundles} name
 * @param {{ watch?: boolean, minify?: boolean }} [options]
 */
export async function build(name, { watch = false, minify = false } = {}) {
  const { plugins = [], ...bundle } = bundles[name];
  const options = {
    ...bundle,
    absWorkingDir: root,
    bundle: true,
    write: false,
    metafile: true,
    logLevel: "silent",
    // Names stay: stack traces in a user's log must be readable.
    minifyWhitespace: minify,
    minifySyntax: minify,
    sourcemap: minify ? false : "linked",
    define: { "process.env.NODE_ENV": JSON.stringify(minify ? "production" : "development") },
    plugins: [...plugins, output(name, watch)],
  };
  if (watch) {
    await (await esbuild.context(options)).watch();
    return;
  }
  try {
    await esbuild.build(options);
  } catch (error) {
    throw new Error(`The bundle “${name}” could not be built.\n${await problemText(error.errors ?? [])}`, {
      cause: error,
    });
  }
}

/** Writes whole files only, so that a program started meanwhile never reads half of one; removes what is old. */
function output(name, watch) {
  return {
    name: "output",
    setup(build) {
      build.onEnd(async (result) => {
        const hidden = result.metafile === undefined ? [] : hiddenExports(result.metafile);
        if (watch && result.errors.length + hidden.length > 0)
          console.error(await problemText([...result.errors, ...hidden]));
        if (result.errors.length + hidden.length > 0) return { errors: hidden };
        for (const file of result.outputFiles) await writeWhole(file.path, shebang(file));
        await removeOld(build.initialOptions, result.outputFiles);
        const metafile = join(root, "out", "meta", `${name}.json`);
        await writeWhole(metafile, JSON.stringify(result.metafile));
        if (watch) console.log(`${new Date().toLocaleTimeString()} ${name} built`);
      });
    },
  };
}

async function problemText(problems) {
  return (await esbuild.formatMessages(problems, { kind: "error", terminalWidth: 120 })).join("\n");
}

/** `await import(…)` of a CommonJS module yields only `default` once split: import a module of ours that imports it. */
function hiddenExports({ inputs }) {
  return Object.entries(inputs).flatMap(([file, input]) =>
    input.imports
      .filter(
        (edge) => file.startsWith("src/") && edge.kind === "dynamic-import" && inputs[edge.path]?.format === "cjs",
      )
      .map((edge) => ({
        text: `The dynamic import of “${edge.original ?? edge.path}” would lose its names: it is CommonJS. Import a module of ours that imports it statically.`,
        location: { file, namespace: "", line: 1, column: 0, length: 0, lineText: "", suggestion: "" },
      })),
  );
}

function shebang(file) {
  if (basename(file.path) !== "cli.js" || file.text.startsWith("#!")) return file.contents;
  return `#!/usr/bin/env node\n${file.text}`;
}

async function writeWhole(path, contents) {
  const before = await readFile(path).catch(() => undefined);
  if (before?.equals(Buffer.from(contents))) return;
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}.tmp`;
  await writeFile(temporary, contents);
  if (basename(path) === "cli.js") await chmod(temporary, 0o755);
  await rename(temporary, path);
}

async function removeOld({ chunkNames, outdir, entryPoints }, outputFiles) {
  if (chunkNames === undefined) return;
  const kept = new Set(outputFiles.map((file) => file.path));
  const prefix = basename(chunkNames).split("[")[0];
  const chunks = join(root, outdir, dirname(chunkNames));
  const names = await readdir(chunks).catch(() => []);
  const old = names.filter((name) => name.startsWith(prefix)).map((name) => join(chunks, name));
  const maps = Object.keys(entryPoints).map((entry) => join(root, outdir, `${entry}.js.map`));
  for (const path of [...old, ...maps]) if (!kept.has(path)) await rm(path, { force: true });
}

/**
 * Gives our sources a zod apart from the one that the providers' SDKs share: they use it whole, and one shared copy would
 * bring all of it (half a megabyte, mostly translations) into what is loaded at start.
 */
function ownZod() {
  const suffix = "?own";
  return {
    name: "own-zod",
    setup(build) {
      const resolve = async ({ path, ...options }, pluginData) => {
        const result = await build.resolve(path, { ...options, pluginData: { isResolved: true } });
        return result.errors.length > 0 ? result : { ...result, suffix, pluginData };
      };
      build.onResolve({ filter: /^zod($|\/)/ }, ({ pluginData, ...args }) => {
        const isOurs = args.importer.startsWith(join(root, "src"));
        return isOurs && !pluginData?.isResolved ? resolve(args, { isOwnZod: true }) : undefined;
      });
      build.onResolve({ filter: /^\./ }, ({ pluginData, ...args }) =>
        pluginData?.isOwnZod ? resolve(args, pluginData) : undefined,
      );
      build.onLoad({ filter: /[\\/]zod[\\/].*js$/ }, async ({ path, suffix: found, pluginData }) =>
        found === suffix ? { contents: await readFile(path), loader: "js", pluginData } : undefined,
      );
    },
  };
}

/** The module `host-suites`: the default exports of all test/host/*.test.ts, so that none can be forgotten. */
function hostSuites() {
  const folder = join(root, "test", "host");
  return {
    name: "host-suites",
    setup(build) {
      build.onResolve({ filter: /^host-suites$/ }, ({ path }) => ({ path, namespace: "host-suites" }));
      build.onLoad({ filter: /.*/, namespace: "host-suites" }, async () => {
        const files = (await readdir(folder)).filter((file) => file.endsWith(".test.ts")).sort();
        const imports = files.map((file, index) => `import suite${index} from "./${file}";`);
        const list = files.map((_, index) => `suite${index}`).join(", ");
        return {
          contents: `${imports.join("\n")}\nexport default [${list}];`,
          resolveDir: folder,
          watchDirs: [folder],
        };
      });
    },
  };
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const flags = process.argv.slice(2).filter((argument) => argument.startsWith("--"));
  const names = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
  const options = { watch: flags.includes("--watch"), minify: flags.includes("--minify") };
  try {
    await Promise.all(
      (names.length > 0 ? names : ["host", "node", "worker", "webview"]).map((name) => build(name, options)),
    );
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
