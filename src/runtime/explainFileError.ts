/** A failed system call as a sentence for the model. */
import { codeOf, messageOf } from "../base/errors";
import { WorkspaceError } from "./ports";

/** @param path as the model gave it. */
export function explainFileError(error: unknown, path: string): WorkspaceError {
  if (error instanceof WorkspaceError) return error;
  const code = codeOf(error);
  const sentence = code === undefined ? undefined : sentences[code];
  const text = sentence?.(quotePath(path)) ?? `${quotePath(path)} cannot be used: ${code ?? messageOf(error)}.`;
  return new WorkspaceError(text, { cause: error });
}

/** Short, and on one line whatever the name holds. */
export function quotePath(path: string): string {
  const shown = path.length > 200 ? `${path.slice(0, 120)}…${path.slice(-60)}` : path;
  return `“${shown.replace(/[\p{Cc}\p{Cf}]/gu, "\u{fffd}")}”`;
}

const notPermitted = (path: string) => `${path} cannot be used: permission denied.`;
const diskFull = (path: string) => `${path} was not written: the disk is full. Free some space first.`;
const tooManyOpen = (path: string) => `${path} cannot be opened now: too many files are open. Try again.`;

const sentences: Readonly<Record<string, (path: string) => string>> = {
  ENOENT: (path) => `${path} does not exist.`,
  ENOTDIR: (path) => `${path} is not a folder, or a part of its path is not.`,
  EISDIR: (path) => `${path} is a folder, not a file.`,
  EEXIST: (path) => `${path} already exists.`,
  ENOTEMPTY: (path) => `${path} is not empty. To delete a folder with all it holds, set recursive to true.`,
  EACCES: notPermitted,
  EPERM: notPermitted,
  EROFS: (path) => `${path} lies on a read-only disk.`,
  ENOSPC: diskFull,
  EDQUOT: (path) => `${path} was not written: the disk quota is used up.`,
  EFBIG: (path) => `${path} would become too large for this disk.`,
  ENAMETOOLONG: (path) => `The path ${path} is too long.`,
  ELOOP: (path) => `${path} leads through symbolic links in a circle, or became one just now.`,
  EMFILE: tooManyOpen,
  ENFILE: tooManyOpen,
  EBUSY: (path) => `${path} is in use by another program.`,
  ETXTBSY: (path) => `${path} is a program that is running.`,
  EXDEV: (path) => `${path} lies on another disk: copy it with exec, then delete it.`,
  EINVAL: (path) => `${path} cannot be used: the name is not valid here, or a folder would move into itself.`,
  EIO: (path) => `${path} cannot be used: the disk reports an error (EIO).`,
  ENXIO: (path) => `${path} is not a regular file.`,
  ERR_FS_FILE_TOO_LARGE: (path) => `${path} is too large to be read whole. Read a part of it with exec.`,
};
