/** Commands that open a timeline: of a run, or over all of them to search. */
import type { CommandParts, Commands } from "./commandParts";
import { resolveTarget } from "./commandTarget";

export function timelineCommands(parts: CommandParts): Commands {
  return {
    async openTimeline(argument) {
      const target = await resolveTarget(argument, parts, "Choose the run whose timeline to open");
      if (target) await parts.timelines.open(target.dir, target.place);
    },
    async searchEvents() {
      await parts.timelines.search();
    },
  };
}
