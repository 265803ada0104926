/** How the tests run: `unit` in plain Node, `host` inside VS Code (RUNTRAIL_VSCODE names which), `e2e` in a browser. */

import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const root = fileURLToPath(new URL("..", import.meta.url));
const globalSetup = fileURLToPath(new URL("globalSetup.ts", import.meta.url));

export default defineConfig({
  root,
  test: {
    watch: false,
    // Much of the time is waiting for processes: a core that is kept free would be idle.
    maxWorkers: "100%",
    // One may stop a hanging test, but no test may depend on the machine's speed.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          globalSetup,
          include: ["test/**/*.test.ts"],
          exclude: ["test/host/**", "test/e2e/**", "test/fixtures/**"],
        },
      },
      { extends: true, test: { name: "host", globalSetup, include: ["test/host/hostTests.driver.ts"] } },
      {
        extends: true,
        test: {
          name: "e2e",
          globalSetup,
          include: ["test/e2e/*.test.ts"],
          fileParallelism: false,
          testTimeout: 240_000,
        },
      },
    ],
  },
});
