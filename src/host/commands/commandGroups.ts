/** All commands by name, loaded with the first that is called. */
import type { CommandParts, Commands } from "./commandParts";
import { continueCommands } from "./continueCommands";
import { definitionCommands } from "./definitionCommands";
import { deleteCommands } from "./deleteCommands";
import { failureCommands } from "./failureCommands";
import { forkCommands } from "./forkCommands";
import { inputCommands } from "./inputCommands";
import { keyCommands } from "./keyCommands";
import { modelCommands } from "./modelCommands";
import { navigationCommands } from "./navigationCommands";
import { runCommands } from "./runCommands";
import { sourceCommands } from "./sourceCommands";
import { timelineCommands } from "./timelineCommands";

export function createCommands(parts: CommandParts): Commands {
  const groups = [
    runCommands,
    navigationCommands,
    failureCommands,
    definitionCommands,
    keyCommands,
    modelCommands,
    deleteCommands,
    inputCommands,
    continueCommands,
    forkCommands,
    sourceCommands,
    timelineCommands,
  ];
  return Object.assign({}, ...groups.map((group) => group(parts)));
}
