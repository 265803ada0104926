/** A program that opens a skill, says so, and waits to be killed. Its arguments are those of the server. */
import { systemClock } from "../../src/app/systemClock";
import { createReaper } from "../../src/runtime/reaper";
import { createMcpSkills } from "../../src/runtime/skills/mcpSkills";

const skill = { type: "mcpStdioSkill" as const, command: process.execPath, args: process.argv.slice(2) };
const source = createMcpSkills({ skill }, { env: process.env, reaper: createReaper(), runtimeVersion: "0.0.0" });
await source?.open({
  ...{ workspaceRoot: process.cwd(), clock: systemClock, signal: new AbortController().signal },
  emit: () => undefined,
});
process.stdout.write("open\n");
