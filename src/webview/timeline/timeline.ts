/** The page of a timeline: what the editor tells becomes the list, what the user does is told to the editor. */
import { formatCount } from "../../model/formatting";
import { isFiltering, isSameFilter, noFilter } from "../../model/timelineFilter";
import type { TimelineFilter, TimelineList, TimelineSubject, ToPage } from "../../model/timelineMessages";
import { ColumnHeader } from "./columnHeader";
import { element } from "./element";
import { EmptyState, type EmptyStateContent } from "./emptyState";
import { EventList } from "./eventList";
import { connectHost } from "./hostLink";
import { Toolbar } from "./toolbar";

/** A screen reader is told of counts when they stand still. */
const sayPause = 1000;

const examples = [
  { text: "status:failed", meaning: "what failed" },
  { text: "tool:exec", meaning: "calls of a tool" },
  { text: "type:errorRun", meaning: "events of a type" },
  { text: "duration:>10s", meaning: "what took long" },
  { text: "after:-1h timeout", meaning: "a word, in the last hour" },
] as const;

class TimelinePage {
  private readonly host = connectHost((message) => this.hear(message));
  private readonly header = new ColumnHeader();
  private readonly empty = new EmptyState((text) => this.lookFor(text));
  private readonly spoken = element("div", { class: "spoken", "aria-live": "polite" });
  private readonly list: EventList;
  private readonly toolbar: Toolbar;
  private subject: TimelineSubject | undefined;
  private state: TimelineList | undefined;
  private filter: TimelineFilter;
  private isFollowing: boolean;
  /** Whether it was decided if the end of the run is followed. */
  private hasBegun: boolean;
  /** Where in the log the event is that is to be selected as soon as the list has it. */
  private awaited: number | undefined;
  /** What is to be said besides the count, until the next move. */
  private note: string | undefined;
  private saying: number | undefined;

  constructor() {
    const { before } = this.host;
    this.filter = before?.filter ?? noFilter;
    this.isFollowing = before?.isFollowing ?? false;
    this.hasBegun = before !== undefined;
    this.awaited = before?.at;
    this.list = new EventList(this.header.root, {
      ask: (from, to) => this.state && this.host.say({ kind: "rows", epoch: this.state.epoch, from, to }),
      onOpen: (index) => this.state && this.host.say({ kind: "open", epoch: this.state.epoch, index }),
      onSelect: () => this.selected(),
      onScroll: (isAtEnd) => this.scrolled(isAtEnd),
    });
    this.toolbar = new Toolbar({
      onFilter: (filter) => this.setFilter(filter),
      onEscape: () => this.escape(),
      onLeave: () => this.enterList(),
      onFailure: (direction) => this.findFailure(direction),
      onFollow: () => this.toggleFollow(),
      onMore: () => this.state && this.host.say({ kind: "more", epoch: this.state.epoch }),
    });
    this.toolbar.setFilter(this.filter);
    document.body.append(this.toolbar.root, this.list.grid, this.empty.root, this.spoken);
    this.list.grid.addEventListener("keydown", (event) => this.pressed(event));
    document.addEventListener("keydown", (event) => this.pressedAnywhere(event));
    this.host.say({ kind: "ready", filter: this.filter, ...atOf(before?.at) });
  }

  private hear(message: ToPage): void {
    switch (message.kind) {
      case "subject":
        this.subject = message;
        if (!this.hasBegun && message.status !== undefined) {
          this.hasBegun = true;
          this.isFollowing = message.status === "running";
        }
        this.show();
        this.keep();
        return;
      case "list":
        this.takeList(message);
        return;
      case "rows":
        if (message.epoch !== this.state?.epoch) return;
        this.list.take(message.from, message.rows);
        this.keep();
        return;
      case "failure":
        if (message.epoch !== this.state?.epoch) return;
        this.list.select(message.index);
        this.tellNote(message.isWrapped ? "No more failures: around the end." : undefined);
        return;
      case "noFailure":
        this.tellNote("Nothing failed here.");
        return;
      case "show":
        this.showPlace(message);
        return;
      default:
        message satisfies never;
    }
  }

  private takeList(list: TimelineList): void {
    if (list.epoch !== this.state?.epoch) this.list.reset();
    this.state = list;
    this.show();
    if (list.anchor !== undefined && this.list.selected === undefined) {
      this.list.select(list.anchor);
      this.isFollowing &&= this.list.isAtEnd;
    }
    this.saySoon();
  }

  /** Everything but the rows. */
  private show(): void {
    const { subject, state } = this;
    if (!subject) return;
    const axis = subject.axis;
    document.body.classList.toggle("of-all", subject.dir === undefined);
    document.body.classList.toggle("no-axis", axis === undefined);
    this.header.show(axis ? axis.to - axis.from : 0);
    const isLive = subject.status === "running" && !isFiltering(this.filter);
    this.list.followEnd(isLive && this.isFollowing);
    this.list.set({ dir: subject.dir, axis, count: state?.count ?? 0 });
    this.toolbar.show({
      title: subject.title,
      description: subject.description,
      placeholder: subject.dir === undefined ? "Search the events of all runs" : "Search the events of this run",
      countText: this.note ?? this.countText(),
      isBusy: state?.isBusy === true,
      hasMore: state?.hasMore === true,
      failures: subject.failures,
      canWalk: (state?.count ?? 0) > 0 && subject.failures !== 0,
      kinds: subject.kinds,
      isFollowing: isLive ? this.isFollowing : undefined,
      problem: state?.problem,
    });
    this.empty.show(this.emptyContent());
    this.list.grid.classList.toggle("unused", !this.empty.root.hidden);
  }

  private countText(): string {
    const { subject, state, filter } = this;
    if (!subject || !state) return "";
    const { count, isBusy, hasMore } = state;
    const shown = count.toLocaleString("en");
    if (subject.dir === undefined) {
      if (!isFiltering(filter)) return "";
      const found = `${hasMore ? `First ${shown}` : shown} ${count === 1 ? "event" : "events"} found`;
      return isBusy ? `${found} so far` : `${found} in ${formatCount(subject.total, "run")}`;
    }
    if (!isFiltering(filter)) return `${shown} ${count === 1 ? "event" : "events"}`;
    return `${shown} of ${subject.total.toLocaleString("en")}${isBusy ? "…" : ""}`;
  }

  private emptyContent(): EmptyStateContent | undefined {
    const { subject, state, filter } = this;
    if (!subject) return undefined;
    if (subject.problem !== undefined) return { text: subject.problem };
    if (!state || state.count > 0) return undefined;
    if (isFiltering(filter)) {
      if (state.isBusy) return { text: "Searching…" };
      const clear = { label: "Show All Events", run: () => this.lookFor("") };
      return { text: "No event matches.", ...(subject.dir !== undefined && { action: clear }) };
    }
    if (subject.dir !== undefined) return { text: "No events yet. They show here as they happen." };
    return { text: `Type what to look for in the events of ${formatCount(subject.total, "run")}.`, examples };
  }

  private lookFor(text: string): void {
    this.toolbar.change({ ...noFilter, text });
    this.toolbar.focusSearch();
  }

  private setFilter(filter: TimelineFilter): void {
    if (isSameFilter(filter, this.filter)) return;
    // The event that one looks at stays in sight, whatever else is shown.
    const at = this.selectedAt;
    this.awaited = at;
    this.filter = filter;
    this.note = undefined;
    this.host.say({ kind: "filter", filter, ...atOf(at) });
    this.keep();
  }

  /** Of a single run: where in its log the selected event is. */
  private get selectedAt(): number | undefined {
    if (this.subject?.dir === undefined) return undefined;
    if (this.awaited !== undefined) return this.awaited;
    return this.list.selectedRow?.at ?? (isFiltering(this.filter) ? undefined : this.list.selected);
  }

  private escape(): void {
    if (this.state?.isBusy) this.host.say({ kind: "stop", epoch: this.state.epoch });
    else if (isFiltering(this.toolbar.filter)) this.toolbar.change(noFilter);
    else this.enterList();
  }

  private enterList(): void {
    this.list.focus();
    if (this.list.selected === undefined) this.list.move(1);
  }

  private findFailure(direction: 1 | -1): void {
    if (!this.state) return;
    const from = this.list.selected ?? (direction === 1 ? -1 : this.list.count);
    this.host.say({ kind: "findFailure", epoch: this.state.epoch, from, direction });
  }

  private toggleFollow(): void {
    this.isFollowing = !this.isFollowing;
    this.show();
    this.keep();
  }

  private selected(): void {
    this.awaited = undefined;
    if (this.isFollowing && !this.list.isAtEnd) this.isFollowing = false;
    this.note = undefined;
    this.show();
    this.keep();
  }

  private scrolled(isAtEnd: boolean): void {
    if (this.isFollowing === isAtEnd || this.subject?.status !== "running") return;
    this.isFollowing = isAtEnd;
    this.show();
    this.keep();
  }

  private showPlace({ at, isSearch }: Extract<ToPage, { kind: "show" }>): void {
    if (isSearch) this.toolbar.focusSearch();
    else this.list.focus();
    if (at === undefined) return;
    if (!isFiltering(this.filter)) {
      this.list.select(at);
      return;
    }
    this.filter = noFilter;
    this.toolbar.setFilter(noFilter);
    this.host.say({ kind: "filter", filter: noFilter, at });
  }

  private pressed(event: KeyboardEvent): void {
    if (!this.move(event)) return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** Gives whether the key was one of the list's. */
  private move({ key, ctrlKey, metaKey, altKey }: KeyboardEvent): boolean {
    const { list, state } = this;
    if (altKey || !state) return false;
    if ((ctrlKey || metaKey) && key === "c" && list.selected !== undefined) {
      this.host.say({ kind: "copy", epoch: state.epoch, index: list.selected });
      return true;
    }
    if (ctrlKey || metaKey) return false;
    switch (key) {
      case "ArrowDown":
        list.move(1);
        return true;
      case "ArrowUp":
        list.move(-1);
        return true;
      case "PageDown":
        list.movePage(1);
        return true;
      case "PageUp":
        list.movePage(-1);
        return true;
      case "Home":
        list.select(0);
        return true;
      case "End":
        list.select(list.count - 1);
        return true;
      case "Enter":
        if (list.selected !== undefined) this.host.say({ kind: "open", epoch: state.epoch, index: list.selected });
        return true;
      case "Escape":
        if (!state.isBusy) return false;
        this.host.say({ kind: "stop", epoch: state.epoch });
        return true;
      default:
        return false;
    }
  }

  private pressedAnywhere(event: KeyboardEvent): void {
    const isTyping = event.target === this.toolbar.search;
    const isFind = event.key === "f" && (event.ctrlKey || event.metaKey);
    if (isFind || (event.key === "/" && !isTyping)) this.toolbar.focusSearch();
    else if (event.key === "F8") this.findFailure(event.shiftKey ? -1 : 1);
    else return;
    event.preventDefault();
  }

  private tellNote(note: string | undefined): void {
    this.note = note;
    this.show();
    if (note !== undefined) this.spoken.textContent = note;
  }

  private saySoon(): void {
    clearTimeout(this.saying);
    this.saying = setTimeout(() => {
      // A run that goes on would never be silent.
      if (this.state?.isBusy || (this.subject?.status === "running" && !isFiltering(this.filter))) return;
      this.spoken.textContent = this.countText();
    }, sayPause);
  }

  /** At once: nobody says when the window is loaded again. */
  private keep(): void {
    const { subject, filter, isFollowing } = this;
    if (!subject) return;
    const dir = subject.dir === undefined ? {} : { dir: subject.dir };
    this.host.keep({ ...dir, filter, isFollowing, ...atOf(this.selectedAt) });
  }
}

function atOf(at: number | undefined): { at?: number } {
  return at === undefined ? {} : { at };
}

new TimelinePage();
