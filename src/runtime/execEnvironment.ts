/** The environment of a command: a few names of ours, and what the model adds except names that hijack programs. */
import { WorkspaceError } from "./ports";

export type Environment = Readonly<Record<string, string | undefined>>;

/** Throws `WorkspaceError` for a name that could smuggle another one in. */
export function execEnvironment(own: Environment, added: Readonly<Record<string, string>>): Record<string, string> {
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(own)) {
    if (value !== undefined && isPassedOn(name)) env[name] = value;
  }
  for (const [name, value] of Object.entries(added)) {
    if (name === "" || /[=\0]/.test(name) || value.includes("\0")) {
      throw new WorkspaceError(`The environment variable ${JSON.stringify(name)} has no valid name or value.`);
    }
    if (!isHijacking(name)) env[name] = value;
  }
  return env;
}

/** Names whose change would make the command, or what it starts, run other code. They are left out. */
export function isHijacking(name: string): boolean {
  const upper = name.toUpperCase();
  return hijacking.has(upper) || upper.startsWith("DYLD_");
}

function isPassedOn(name: string): boolean {
  return passedOn.has(name) || isNeededOnWindows(name);
}

/** Without these no program starts there; elsewhere none is needed. */
export function isNeededOnWindows(name: string): boolean {
  return process.platform === "win32" && neededOnWindows.has(name.toUpperCase());
}

const passedOn: ReadonlySet<string> = new Set(["PATH", "HOME", "SHELL", "TERM", "LANG"]);

const neededOnWindows: ReadonlySet<string> = new Set([
  ...["PATH", "PATHEXT", "SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "TEMP", "TMP", "OS", "NUMBER_OF_PROCESSORS"],
  ...["USERPROFILE", "APPDATA", "LOCALAPPDATA", "PROGRAMDATA", "PROGRAMFILES", "PROGRAMFILES(X86)", "PROGRAMW6432"],
]);

const hijacking: ReadonlySet<string> = new Set([
  ...["PATH", "HOME", "SHELL", "NODE_PATH", "NODE_OPTIONS", "PYTHONPATH", "PERL5LIB", "RUBYLIB"],
  ...["LD_PRELOAD", "LD_LIBRARY_PATH", "LD_AUDIT"],
]);
