/** The skills of a run in Perstack's words: there they are connected anew for each part of it, and let go after its end. */
import { baseSkillName } from "../../model/baseSkill";
import type { EventOf, RunEvent } from "../../model/events";
import type { ExpertToWrite } from "../format";
import type { Source, ToldRun } from "./toldRun";

type SkillEvent = EventOf<"connectSkill" | "logSkill" | "disconnectSkill">;

export class SkillTeller {
  /** Connected for all parts of the run. */
  private readonly known = new Map<string, EventOf<"connectSkill">>();
  /** Told as connected in this part. */
  private readonly connected = new Set<string>();
  private readonly waiting: SkillEvent[] = [];
  private isBegun = false;

  constructor(
    private readonly told: ToldRun,
    public expert: ExpertToWrite | undefined,
  ) {}

  /** @param canTell whether the part has been announced; until then the event waits */
  take(event: RunEvent, canTell: boolean): boolean {
    if (event.type !== "connectSkill" && event.type !== "logSkill" && event.type !== "disconnectSkill") return false;
    if (canTell) this.tell(event);
    else this.waiting.push(event);
    return true;
  }

  begin(source: Source, { tools = [], runtimeVersion = "" }: EventOf<"startRun">): void {
    this.isBegun = true;
    if (tools.includes("attemptCompletion")) this.connectBase(source, runtimeVersion);
    for (const event of this.known.values()) this.connect(event, source);
  }

  /** What was heard before the part could begin. */
  catchUp(): void {
    for (const event of this.waiting.splice(0)) this.tell(event);
  }

  /** The part is over. */
  end(source: Source): void {
    this.isBegun = false;
    for (const skillName of this.connected) this.told.tellRuntime("skillDisconnected", source, { skillName });
    this.connected.clear();
  }

  /** The run ends here, or what comes connects anew. */
  forget(): void {
    this.known.clear();
  }

  private tell(event: SkillEvent): void {
    if (event.type === "logSkill") {
      this.told.tellRuntime("skillStderr", event, { skillName: event.skill, message: event.line });
    }
    // Told after the end, as Perstack does.
    if (event.type === "disconnectSkill") this.known.delete(event.skill);
    if (event.type !== "connectSkill") return;
    this.known.set(event.skill, event);
    if (this.isBegun) this.connect(event, event);
  }

  /** Perstack serves these tools as a skill that it connects; ours are built in. */
  private connectBase(source: Source, version: string): void {
    this.connected.add(baseSkillName);
    this.told.tellRuntime("skillConnected", source, {
      skillName: baseSkillName,
      serverInfo: { name: baseSkillName, version },
      ...{ connectDurationMs: 0, totalDurationMs: 0 },
    });
  }

  private connect({ skill: skillName, transport, server, durationMs }: EventOf<"connectSkill">, source: Source): void {
    if (transport === "stdio") {
      const { command = "", args = [] } = this.programOf(skillName);
      this.told.tellRuntime("skillStarting", source, { skillName, command, args: [...args] });
    }
    this.connected.add(skillName);
    // As the server says it: the version is the last word.
    const parts = /^(?<name>.*) (?<version>\S+)$/u.exec(server ?? "")?.groups;
    const { name = server ?? "", version = "" } = parts ?? {};
    this.told.tellRuntime("skillConnected", source, {
      skillName,
      ...(server !== undefined && { serverInfo: { name, version } }),
      ...{ connectDurationMs: durationMs, totalDurationMs: durationMs },
    });
  }

  private programOf(skill: string): { command?: string | undefined; args?: readonly string[] | undefined } {
    const { type, command, packageName, args } = this.expert?.skills?.[skill] ?? { type: "" };
    if (type !== "mcpStdioSkill") return {};
    return { command, args: args ?? (packageName === undefined ? [] : [packageName]) };
  }
}
