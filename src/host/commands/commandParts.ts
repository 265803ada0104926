/** What commands work with, and the shape of a group of them: names without the prefix, as the manifest lists them. */
import type * as vscode from "vscode";
import type { App } from "../../app/app";
import type { ApiKeys } from "../apiKeys";
import type { Approvals } from "../approvals";
import type { Definitions } from "../definitions";
import type { RunDocuments } from "../documents/runDocuments";
import type { FailureNavigation } from "../failureNavigation";
import type { ModelSelection } from "../modelSelection";
import type { RunFolders } from "../runFolders";
import type { RunStarter } from "../runStarter";
import type { Timelines } from "../timeline/timelines";
import type { ExpertsView } from "../views/expertsView";
import type { RunsView } from "../views/runsView";

export interface CommandParts {
  app: App;
  approvals: Approvals;
  definitions: Definitions;
  documents: RunDocuments;
  expertsView: ExpertsView;
  keys: ApiKeys;
  log: vscode.LogOutputChannel;
  models: ModelSelection;
  navigation: FailureNavigation;
  /** Takes the keys known here out of a text. */
  redact(text: string): string;
  runFolders: RunFolders;
  runsView: RunsView;
  starter: RunStarter;
  timelines: Timelines;
}

/** The argument is a tree's node, what a link carries, a file in the explorer, or nothing from the palette. */
export type Commands = Record<string, (argument: unknown) => Promise<void> | void>;
