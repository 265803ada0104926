/** The environment of an MCP server: a fixed list of names, and the variables that its skill asks for. Nothing else. */
import { type Environment, isHijacking, isNeededOnWindows } from "../execEnvironment";

export interface ServerEnvironment {
  env: Record<string, string>;
  /** Asked for, but not set. */
  missing: string[];
  /** Asked for, but never passed on: they would make a program run other code. */
  refused: string[];
}

export function serverEnvironment(own: Environment, requiredEnv: readonly string[]): ServerEnvironment {
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(own)) {
    if (value !== undefined && (passedOn.has(name) || isNeededOnWindows(name))) env[name] = value;
  }
  const refused = requiredEnv.filter(isHijacking);
  const allowed = requiredEnv.filter((name) => !isHijacking(name));
  const missing: string[] = [];
  for (const name of allowed) {
    const value = readVariable(own, name);
    if (value) env[name] = value;
    else missing.push(name);
  }
  return { env, missing, refused };
}

function readVariable(own: Environment, name: string): string | undefined {
  if (process.platform !== "win32" || own[name] !== undefined) return own[name];
  return Object.entries(own).find(([each]) => each.toUpperCase() === name.toUpperCase())?.[1];
}

/** Perstack's list. */
const passedOn: ReadonlySet<string> = new Set([
  ...["PATH", "HOME", "SHELL", "TERM", "NODE_PATH"],
  ...["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"],
  ...["PERSTACK_PROXY_URL", "NPM_CONFIG_PROXY", "NPM_CONFIG_HTTPS_PROXY"],
]);
