/** The output channel: every event of every run, at the level that fits it, in order. */
import type * as vscode from "vscode";
import type { App } from "../app/app";
import type { AnyEvent } from "../model/events";
import { describeEvent, type EventText } from "../model/eventText";

/** The first event is written at once; those that follow within this time are written together. */
const pause = 50;

/** As `vscode.LogLevel` counts them; it begins with 0 for "off". */
const ranks: Record<EventText["level"], number> = { trace: 1, debug: 2, info: 3, warn: 4, error: 5 };

type Log = Pick<vscode.LogOutputChannel, "logLevel" | EventText["level"]>;

export function writeEvents(app: Pick<App, "onEvents">, log: Log): vscode.Disposable {
  let waiting: EventText[] = [];
  let timer: NodeJS.Timeout | undefined;
  const flush = () => {
    timer = undefined;
    if (waiting.length === 0) return;
    const lines = waiting;
    waiting = [];
    writeLines(log, lines, new Date());
    timer = setTimeout(flush, pause);
  };
  const subscription = app.onEvents((events) => {
    for (const event of events) waiting.push(lineOf(event));
    if (timer === undefined) flush();
  });
  return {
    dispose() {
      subscription.dispose();
      clearTimeout(timer);
      try {
        flush();
      } catch {
        // The channel was closed before.
      }
      clearTimeout(timer);
    },
  };
}

function lineOf(event: AnyEvent): EventText {
  const { level, text } = describeEvent(event);
  return { level, text: `[${event.runId.slice(0, 4)}] ${text}` };
}

/**
 * Each call of a channel is a message to the window and a write to its file: at thousands of events a second they would hold
 * up everything else. So there is one call for all lines; those after the first say themselves what the channel says
 * before the first.
 */
function writeLines(log: Log, lines: readonly EventText[], now: Date): void {
  const [first, ...more] = lines.filter(({ level }) => log.logLevel > 0 && ranks[level] >= log.logLevel);
  if (!first) return;
  const moment = stampOf(now);
  const texts = more.map(({ level, text }) => `${moment} [${level === "warn" ? "warning" : level}] ${text}`);
  log[first.level]([first.text, ...texts].join("\n"));
}

/** As the channel writes it, in local time: "2026-02-02 08:20:00.123". */
function stampOf(time: Date): string {
  const local = new Date(time.getTime() - time.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 23).replace("T", " ");
}
