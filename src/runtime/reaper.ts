/** Ends the processes that outlive us: where this process is killed, nobody else is left to do it. */
import { type ChildProcess, spawn } from "node:child_process";
import type { Disposable } from "../base/disposable";

/** One for each application; started with the first process that is entrusted to it. */
export interface Reaper extends Disposable {
  /** @param leader the id of a process that leads a group of its own. */
  add(leader: number): void;
  /** To be called once nobody of the group is left, since its id may be given to others. */
  remove(leader: number): void;
}

/** On Windows nobody watches: servers there end with their standard input. */
export function createReaper(): Reaper {
  if (process.platform === "win32") {
    return { add: () => undefined, remove: () => undefined, dispose: () => undefined };
  }
  const leaders = new Set<number>();
  let watcher: ChildProcess | undefined;
  const tell = (line: string) => void watcher?.stdin?.write(`${line}\n`);
  return {
    add(leader) {
      leaders.add(leader);
      if (watcher) tell(`+ ${leader}`);
      else {
        watcher = startWatcher(() => {
          watcher = undefined;
        });
        for (const each of leaders) tell(`+ ${each}`);
      }
    },
    remove(leader) {
      if (leaders.delete(leader)) tell(`- ${leader}`);
    },
    dispose() {
      watcher?.stdin?.end();
    },
  };
}

/** Its standard input ends when we do, however that comes about. */
function startWatcher(onEnd: () => void): ChildProcess {
  const child = spawn("/bin/sh", ["-c", script], {
    // A group of its own: what ends ours, such as Ctrl+C in a terminal, must not end it.
    detached: true,
    cwd: "/",
    env: { PATH: "/usr/bin:/bin" },
    stdio: ["pipe", "ignore", "ignore"],
  });
  child.once("error", onEnd);
  child.once("exit", onEnd);
  child.stdin.on("error", () => undefined);
  // It must not keep us alive, or it would wait for us and we for it.
  child.unref();
  if ("unref" in child.stdin && typeof child.stdin.unref === "function") child.stdin.unref();
  return child;
}

const script = `
trap '' HUP INT TERM
groups=' '
while read -r what group; do
  case $what in
    +) groups="$groups$group " ;;
    -) case $groups in *" $group "*) groups="\${groups%%" $group "*} \${groups#*" $group "}" ;; esac ;;
  esac
done
end() { for group in $groups; do kill -s "$1" -- "-$group" 2>/dev/null; done; }
case $groups in *[0-9]*) end TERM; sleep 1; end KILL ;; esac
`;
