/** The head of the page: search box, filters, counts, the ways to the failures, and following. */
import { nameOfKind, type RowKind, rowKinds } from "../../model/eventRowKinds";
import { noFilter } from "../../model/timelineFilter";
import type { TimelineFilter } from "../../model/timelineMessages";
import { element, icon, iconButton } from "./element";

/** Typing goes on for about this long between two letters. */
const typingPause = 200;

export interface ToolbarParts {
  onFilter(filter: TimelineFilter): void;
  /** Escape in the search box. */
  onEscape(): void;
  /** Down, or Enter, in the search box. */
  onLeave(): void;
  onFailure(direction: 1 | -1): void;
  onFollow(): void;
  onMore(): void;
}

export interface ToolbarState {
  title: string;
  description: string;
  placeholder: string;
  /** "12 of 1,000,000 events" */
  countText: string;
  isBusy: boolean;
  hasMore: boolean;
  failures: number | undefined;
  /** Whether there may be a failure to go to. */
  canWalk: boolean;
  kinds: Partial<Record<RowKind, number>> | undefined;
  /** Absent where the run does not go on. */
  isFollowing: boolean | undefined;
  problem: string | undefined;
}

export class Toolbar {
  readonly root: HTMLElement;
  readonly search = element("input", {
    type: "search",
    class: "search",
    spellcheck: "false",
    autocomplete: "off",
    "aria-label": "Search events",
    "aria-describedby": "problem",
  });
  private readonly clear = iconButton("close", "Clear the Search (Escape)", () => {
    this.change({ ...this.filter, text: "" });
    this.search.focus();
  });
  private readonly title = element("h1", { class: "title" });
  private readonly description = element("span", { class: "description" });
  private readonly failures = chip("Failures", "warning");
  private readonly kinds: ReadonlyMap<RowKind, HTMLButtonElement>;
  private readonly count = element("span", { class: "count" });
  private readonly busy = element("span", {
    class: "busy codicon codicon-loading",
    "aria-hidden": "true",
    hidden: true,
  });
  private readonly more = element("button", { type: "button", class: "link", hidden: true }, "Find More");
  private readonly follow = element(
    "button",
    {
      type: "button",
      class: "chip follow",
      "aria-pressed": "false",
      title: "Keep the newest event in sight",
      hidden: true,
    },
    icon("arrow-circle-down"),
    "Follow",
  );
  private readonly problem = element("div", { class: "problem", id: "problem", role: "status", hidden: true });
  private readonly walk: HTMLElement;
  private shown: TimelineFilter = noFilter;
  private timer: number | undefined;

  constructor(private readonly parts: ToolbarParts) {
    this.kinds = new Map(rowKinds.map((kind) => [kind, chip(nameOfKind(kind))]));
    this.walk = element(
      "span",
      { class: "walk", role: "group", "aria-label": "Failures" },
      iconButton("arrow-up", "Previous Failure (Shift+F8)", () => parts.onFailure(-1)),
      iconButton("arrow-down", "Next Failure (F8)", () => parts.onFailure(1)),
    );
    const chips = element("div", { class: "chips", role: "group", "aria-label": "Show only" }, this.failures);
    for (const [kind, button] of this.kinds) {
      chips.append(button);
      button.addEventListener("click", () => this.toggleKind(kind));
    }
    this.failures.addEventListener("click", () =>
      this.change({ ...this.shown, isFailuresOnly: !this.shown.isFailuresOnly }),
    );
    this.clear.hidden = true;
    this.follow.addEventListener("click", () => parts.onFollow());
    this.more.addEventListener("click", () => parts.onMore());
    this.search.addEventListener("input", () => this.typed());
    this.search.addEventListener("keydown", (event) => this.pressed(event));
    this.root = element(
      "header",
      { class: "toolbar", role: "toolbar", "aria-label": "Timeline" },
      element("div", { class: "heading" }, this.title, this.description),
      element(
        "div",
        { class: "line" },
        element("div", { class: "search-box" }, icon("search"), this.search, this.clear),
        element("span", { class: "counts" }, this.busy, this.count, this.more),
        this.walk,
        this.follow,
      ),
      chips,
      this.problem,
    );
  }

  get filter(): TimelineFilter {
    return { ...this.shown, text: this.search.value };
  }

  /** Shows a filter without telling of it. */
  setFilter(filter: TimelineFilter): void {
    clearTimeout(this.timer);
    this.search.value = filter.text;
    this.shown = filter;
    this.clear.hidden = filter.text === "";
    this.showChips();
  }

  change(filter: TimelineFilter): void {
    this.setFilter(filter);
    this.parts.onFilter(filter);
  }

  show(state: ToolbarState): void {
    this.title.textContent = state.title;
    this.description.textContent = state.description;
    this.search.placeholder = state.placeholder;
    this.count.textContent = state.countText;
    this.busy.hidden = !state.isBusy;
    this.more.hidden = !state.hasMore || state.isBusy;
    this.problem.hidden = state.problem === undefined;
    this.problem.textContent = state.problem ?? "";
    this.follow.hidden = state.isFollowing === undefined;
    this.follow.setAttribute("aria-pressed", String(state.isFollowing === true));
    const { failures } = state;
    write(this.failures, failures === undefined ? "Failures" : `Failures ${failures.toLocaleString("en")}`);
    this.failures.hidden = failures === 0 && !this.shown.isFailuresOnly;
    this.walk.hidden = !state.canWalk;
    for (const [kind, button] of this.kinds) {
      button.hidden = state.kinds !== undefined && !state.kinds[kind] && !this.shown.kinds.includes(kind);
    }
  }

  focusSearch(): void {
    this.search.focus();
    this.search.select();
  }

  private typed(): void {
    clearTimeout(this.timer);
    this.clear.hidden = this.search.value === "";
    this.timer = setTimeout(() => this.change(this.filter), typingPause);
  }

  private pressed(event: KeyboardEvent): void {
    if (event.key === "Enter" || event.key === "ArrowDown") {
      event.preventDefault();
      if (this.search.value !== this.shown.text) this.change(this.filter);
      this.parts.onLeave();
    } else if (event.key === "Escape") {
      event.preventDefault();
      this.parts.onEscape();
    }
  }

  private toggleKind(kind: RowKind): void {
    const { kinds } = this.shown;
    const next = kinds.includes(kind) ? kinds.filter((each) => each !== kind) : [...kinds, kind];
    this.change({ ...this.filter, kinds: next });
  }

  private showChips(): void {
    const { kinds, isFailuresOnly } = this.shown;
    this.failures.setAttribute("aria-pressed", String(isFailuresOnly));
    for (const [kind, button] of this.kinds) button.setAttribute("aria-pressed", String(kinds.includes(kind)));
  }
}

function chip(label: string, iconId?: string): HTMLButtonElement {
  const text = element("span", { class: "label" }, label);
  return element(
    "button",
    { type: "button", class: "chip", "aria-pressed": "false" },
    ...(iconId === undefined ? [] : [icon(iconId)]),
    text,
  );
}

function write(button: HTMLElement, text: string): void {
  const label = button.querySelector(".label");
  if (label) label.textContent = text;
}
