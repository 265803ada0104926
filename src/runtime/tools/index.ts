/** The base skill: every tool that is built in. A new one is a file of its own and a line here. */
import { appendTextFile } from "./appendTextFile";
import { attemptCompletion } from "./attemptCompletion";
import { createDirectory } from "./createDirectory";
import { deleteDirectory } from "./deleteDirectory";
import { deleteFile } from "./deleteFile";
import { editTextFile } from "./editTextFile";
import { exec } from "./exec";
import { getFileInfo } from "./getFileInfo";
import { healthCheck } from "./healthCheck";
import { listDirectory } from "./listDirectory";
import { moveFile } from "./moveFile";
import { readImageFile } from "./readImageFile";
import { readPdfFile } from "./readPdfFile";
import { readTextFile } from "./readTextFile";
import { clearTodo, todo } from "./todo";
import type { Tool } from "./tool";
import { writeTextFile } from "./writeTextFile";

export const baseTools: readonly Tool[] = [
  attemptCompletion,
  todo,
  clearTodo,
  exec,
  getFileInfo,
  healthCheck,
  readTextFile,
  readImageFile,
  readPdfFile,
  writeTextFile,
  appendTextFile,
  editTextFile,
  moveFile,
  deleteFile,
  listDirectory,
  createDirectory,
  deleteDirectory,
];
