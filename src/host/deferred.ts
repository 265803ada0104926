/**
 * What the editor's side loads after its start, in one piece: each piece of its own would split what it shares with the
 * start into one more file to load there. Always import this module dynamically.
 */
export { createCommands } from "./commands/commandGroups";
export { TimelinePanels } from "./timeline/timelinePanels";
