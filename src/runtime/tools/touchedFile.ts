/** A touched file as events name it: relative to the workspace, with forward slashes. */
import { relative, sep } from "node:path";
import type { TouchedFile } from "../../model/events";
import type { Workspace } from "../ports";

/** @param path absolute, as `workspace.resolve` gives it. */
export function touchedFile(workspace: Workspace, path: string, change: TouchedFile["change"]): TouchedFile {
  return { path: relative(workspace.root, path).split(sep).join("/"), change };
}
