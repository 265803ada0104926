/** How a log is known again: that what an index says of its first bytes still holds, though the file may have grown since. */
import { createHash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";

/** The file itself. */
export interface LogState {
  /** In decimal, as it may not fit into a number. */
  inode: string;
  size: number;
  /** Unix ns, in decimal. */
  changedAt: string;
}

/** What was seen when its first `bytes` were read. */
export interface LogProof extends LogState {
  bytes: number;
  /** Hash of the beginning and of the end of these bytes. */
  seal: string;
}

const sealBytes = 4096;

export async function stateOfLog(handle: FileHandle): Promise<LogState> {
  const { ino, size, mtimeNs } = await handle.stat({ bigint: true });
  return { inode: String(ino), size: Number(size), changedAt: String(mtimeNs) };
}

export async function proveLog(handle: FileHandle, state: LogState, bytes: number): Promise<LogProof> {
  return { ...state, bytes, seal: await sealOf(handle, bytes) };
}

/**
 * Whether the log is still the one of the proof, untouched or grown. One that was changed without growing is not: whatever
 * happened to it, it was not appended to.
 */
export async function holds(proof: LogProof, handle: FileHandle, state: LogState): Promise<boolean> {
  if (state.size < proof.bytes) return false;
  const isAsSeen = state.size === proof.size ? state.changedAt === proof.changedAt : state.inode === proof.inode;
  return isAsSeen && (await isSealed(proof, handle));
}

/** Whether beginning and end of what was read are still what they were. */
export async function isSealed({ bytes, seal }: LogProof, handle: FileHandle): Promise<boolean> {
  return (await sealOf(handle, bytes)) === seal;
}

async function sealOf(handle: FileHandle, bytes: number): Promise<string> {
  const length = Math.min(bytes, sealBytes);
  const hash = createHash("sha256");
  const buffer = Buffer.alloc(length);
  for (const from of [0, bytes - length]) {
    const { bytesRead } = await handle.read(buffer, 0, length, from);
    hash.update(buffer.subarray(0, bytesRead));
  }
  return hash.digest("hex");
}
