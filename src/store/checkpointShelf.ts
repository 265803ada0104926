/**
 * Which snapshots of a run lie in its folder. Each holds the whole conversation so far, and the journal gives back the
 * checkpoint of any step: so they are few, and together no larger than the log that they repeat.
 */
import { open, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { type Checkpoint, CheckpointStatus } from "../model/checkpoint";
import { listCheckpoints } from "./checkpoints";
import { checkId, layout } from "./layout";
import { replaceFile } from "./replaceFile";

export interface CheckpointShelf {
  /** @param timestamp Unix ms, for the file's name. Throws where a snapshot could not be written. */
  save(checkpoint: Checkpoint, timestamp: number): Promise<void>;
}

interface Snapshot {
  file: string;
  bytes: number;
  status: CheckpointStatus | undefined;
}

/**
 * What a run began with is kept: that conversation is nowhere else. Its stops and ends are written each, and kept as long
 * as the older ones together are no larger than the journal. One between them is written when the journal has grown by
 * half since the last, so that writing costs no more than a share of what is recorded, and goes when a newer one is there.
 */
export function createCheckpointShelf(dir: string, newId: () => string): CheckpointShelf {
  let found: Promise<Snapshot[]> | undefined;
  let dueAt = 0;
  return {
    async save(checkpoint, timestamp) {
      const { id, stepNumber, status } = checkpoint;
      const file = layout.checkpoint(dir, timestamp, stepNumber, checkId("checkpoint", id));
      const { size: recorded } = await stat(layout.journal(dir));
      if (isBetween(status) && recorded < dueAt) return;
      dueAt = recorded * 1.5;
      found ??= findSnapshots(dir);
      const earlier = await found;
      const content = JSON.stringify(checkpoint);
      // A cache of the truth: the journal is what must survive a power cut.
      await replaceFile(file, content, { suffix: newId(), durable: false });
      const { kept, gone } = thinOut(earlier, recorded);
      found = Promise.resolve([...kept, { file, bytes: Buffer.byteLength(content), status }]);
      // One that stays, because a reader has it open, does no harm: whoever goes on with the run comes upon it again.
      await Promise.allSettled(gone.map((each) => rm(each.file, { force: true })));
    },
  };
}

function isBetween(status: CheckpointStatus | undefined): boolean {
  return status === "proceeding" || status === "stoppedByDelegate";
}

function thinOut(earlier: readonly Snapshot[], room: number): { kept: Snapshot[]; gone: Snapshot[] } {
  const kept: Snapshot[] = [];
  const gone: Snapshot[] = [];
  let left = room;
  for (const each of earlier.toReversed()) {
    const isEnd = !isBetween(each.status) && each.status !== "init";
    if (isEnd) left -= each.bytes;
    const goes = isBetween(each.status) || (isEnd && left < 0);
    (goes ? gone : kept).unshift(each);
  }
  return { kept, gone };
}

/** Of a run that goes on, oldest first. What cannot be read stays as it is, but for what a kill left half written. */
async function findSnapshots(dir: string): Promise<Snapshot[]> {
  const snapshots: Snapshot[] = [];
  const torn = (await readdir(dir)).filter((name) => /^checkpoint-.+\.tmp$/u.test(name));
  await Promise.allSettled(torn.map((name) => rm(join(dir, name), { force: true })));
  for (const { file } of await listCheckpoints(dir)) {
    const snapshot = await lookAt(file).catch(() => undefined);
    if (snapshot) snapshots.push(snapshot);
  }
  return snapshots;
}

const headBytes = 4096;

/** The status stands at the beginning; inside of a string its quotes would have a backslash before them. */
async function lookAt(file: string): Promise<Snapshot | undefined> {
  const handle = await open(file, "r");
  try {
    const { size } = await handle.stat();
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(Math.min(size, headBytes)));
    const head = buffer.toString("utf8", 0, bytesRead);
    const status = CheckpointStatus.safeParse(/"status":"(?<status>\w+)"/u.exec(head)?.groups?.status);
    return status.success ? { file, bytes: size, status: status.data } : undefined;
  } finally {
    await handle.close();
  }
}
