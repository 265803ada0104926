/** The timeline of all runs: nothing, until something is looked for. */
import type { App } from "../../app/app";
import { formatCount } from "../../model/formatting";
import type { TimelineFilter, TimelineSubject } from "../../model/timelineMessages";
import { FoundList } from "./foundList";
import type { ShownList } from "./shownList";
import type { Timeline, TimelineListener } from "./timeline";

export class AllTimeline implements Timeline {
  readonly dir = undefined;
  readonly tabTitle = "Search Events";

  constructor(
    private readonly app: App,
    private readonly isRead: () => boolean,
    private readonly listener: TimelineListener,
  ) {}

  subject(): TimelineSubject {
    const total = this.app.runs.list().length;
    const nothing = this.isRead() ? "There are no runs in this workspace yet." : "Reading the runs of this workspace…";
    return {
      kind: "subject",
      title: "All runs",
      description: formatCount(total, "run"),
      total,
      ...(total === 0 && { problem: nothing }),
    };
  }

  list(filter: TimelineFilter, onChange: () => void): ShownList {
    const { logs, runs } = this.app;
    return new FoundList({ logs, runs: runs.list(), filter, now: Date.now(), onChange });
  }

  look(): void {
    this.listener.onChange();
  }

  find(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  dispose(): void {}
}
