/** Types of vscodeServer.mjs, for the tests. */

export interface VscodeServerOptions {
  version: "1.104" | "current";
  /** Whether new folders start untrusted, as for a user; default false: everything is trusted. */
  workspaceTrust?: boolean;
  /** A package to install before the start, as a user would. */
  vsix?: string;
  /** Folders of further extensions, there from the start; each is copied. */
  extensions?: readonly string[];
  /** Settings over the quiet defaults of the tests. */
  settings?: Readonly<Record<string, unknown>>;
  extraArgs?: readonly string[];
  /** Environment variables for the server and its extension hosts, over this process's own. */
  env?: Readonly<Record<string, string>>;
  /** A secret that the address must carry; default: none is needed. */
  token?: string;
  /** Whether the URL's development options are honoured; default true. */
  driver?: boolean;
}

export interface VscodeServer {
  readonly version: "1.104" | "current";
  /** `http://127.0.0.1:<port>` */
  readonly origin: string;
  readonly dataDir: string;
  readonly extensionsDir: string;
  /** Resolves when the server has ended, for whatever reason. */
  readonly exited: Promise<void>;
  /** What the server printed so far. */
  output(): string;
  /** The address that opens `folder`; `testsPath` is a module whose `run()` executes inside the extension host. */
  url(folder: string, options?: { developmentPath?: string; testsPath?: string }): string;
  /** Stops the server and all it started, and removes its folders. */
  close(): Promise<void>;
}

export function startVscodeServer(options: VscodeServerOptions): Promise<VscodeServer>;
