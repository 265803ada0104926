import { spawn } from "node:child_process";
import { describe, expect, it, onTestFinished } from "vitest";
import { createReaper } from "../../src/runtime/reaper";
import { isAlive, waitUntilGone } from "../support/processes";

function startSleeper(): number {
  const child = spawn("sleep", ["600"], { detached: true, stdio: "ignore" });
  const { pid = 0 } = child;
  onTestFinished(() => {
    if (isAlive(pid)) process.kill(pid, "SIGKILL");
  });
  return pid;
}

describe("the reaper", () => {
  it("ends what is entrusted to it when it is disposed of, and nothing that was taken back", async () => {
    const reaper = createReaper();
    const [first, second, third, fourth] = [startSleeper(), startSleeper(), startSleeper(), startSleeper()];
    for (const pid of [first, second, third]) reaper.add(pid);
    reaper.remove(second);
    reaper.remove(fourth);
    reaper.dispose();
    await waitUntilGone([first, third]);
    expect([second, fourth].map(isAlive)).toEqual([true, true]);
  });

  it("needs no process as long as nothing is entrusted to it", () => {
    const reaper = createReaper();
    reaper.remove(1);
    reaper.dispose();
  });
});
