/** What Perstack tells of skills, and what it tells in words that we have none for. */
import { assertNever } from "../../base/errors";
import { baseSkillName } from "../../model/baseSkill";
import type { PerstackEvent, PerstackEventOf } from "./perstackEvent";
import type { RunBuilder } from "./runBuilder";

export type RuntimeEvent = PerstackEventOf<
  "skillStarting" | "skillConnected" | "skillStderr" | "skillDisconnected" | "unknown"
>;

/** @param programs skills that are told to start as programs */
export function translateRuntimeEvent(run: RunBuilder, event: RuntimeEvent, programs: ReadonlySet<string>): void {
  if (run.ending) return;
  switch (event.type) {
    case "skillConnected": {
      const { skillName: skill, serverInfo, totalDurationMs, connectDurationMs } = event;
      // The base skill runs in Perstack's own process, where it is not told to start.
      const transport = programs.has(skill) ? "stdio" : skill === baseSkillName ? "memory" : "sse";
      const server = serverInfo && `${serverInfo.name} ${serverInfo.version}`;
      const durationMs = totalDurationMs ?? connectDurationMs ?? 0;
      run.emit({ type: "connectSkill", skill, transport, ...(server && { server }), durationMs }, event);
      return;
    }
    case "skillStderr":
      for (const line of event.message.split(/\r?\n/u).filter((each) => each.trim() !== "")) {
        run.emit({ type: "logSkill", skill: event.skillName, line }, event);
      }
      return;
    case "skillDisconnected":
      run.emit({ type: "disconnectSkill", skill: event.skillName }, event);
      return;
    case "skillStarting": {
      const { skillName, command, args } = event;
      run.emit(
        { type: "foreignEvent", source: "perstack", name: event.type, data: { skillName, command, args } },
        event,
      );
      return;
    }
    case "unknown":
      run.emit({ type: "foreignEvent", source: "perstack", name: event.name, data: event.data }, event);
      return;
    default:
      assertNever(event);
  }
}

export function isRuntimeEvent(event: PerstackEvent): event is RuntimeEvent {
  return event.type === "unknown" || /^skill[A-Z]/u.test(event.type);
}
