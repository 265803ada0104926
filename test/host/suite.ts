/** How tests inside VS Code are written: each test/host/*.test.ts exports one suite by default. */

export interface HostContext {
  /** The opened folder: this run's own copy of the demo workspace. */
  readonly workspace: string;
  /** The version under test, as `vscode.version` says it. */
  readonly version: string;
}

export type HostTest = (context: HostContext) => void | Promise<void>;

export interface HostSuite {
  readonly name: string;
  /** By name, a sentence; run in this order. */
  readonly tests: Readonly<Record<string, HostTest>>;
}

export function suite(name: string, tests: Readonly<Record<string, HostTest>>): HostSuite {
  return { name, tests };
}

/** One line of the report that the tests write while they run. */
export type HostReportLine =
  | { type: "start"; suite: string; name: string }
  | {
      type: "result";
      suite: string;
      name: string;
      durationMs: number;
      error?: { name: string; message: string; stack: string };
    }
  | { type: "end"; error?: string };
