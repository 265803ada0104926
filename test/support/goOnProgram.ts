/** A program that wants to go on with the run in a folder: it tells whether the run is its own, and keeps it until its input ends. */
import { writeSync } from "node:fs";
import { newId } from "../../src/app/newId";
import { reopenRunFolder } from "../../src/store/runFolder";

try {
  const { folder } = await reopenRunFolder(process.argv[2] ?? "", newId);
  writeSync(1, "ours\n");
  await new Promise((resolve) => process.stdin.resume().once("end", resolve));
  await folder.close();
} catch (error) {
  writeSync(1, `${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
