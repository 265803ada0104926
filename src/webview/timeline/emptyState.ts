/** What stands in place of the list while it has nothing to show, and why. */
import { element } from "./element";

export interface EmptyStateContent {
  text: string;
  /** What can be done about it. */
  action?: { label: string; run(): void };
  /** Texts to look for, to begin with. */
  examples?: readonly { text: string; meaning: string }[];
}

export class EmptyState {
  readonly root = element("div", { class: "empty", hidden: true });
  private shown = "";

  constructor(private readonly onExample: (text: string) => void) {}

  show(content: EmptyStateContent | undefined): void {
    this.root.hidden = content === undefined;
    const key = JSON.stringify(content);
    if (content === undefined || key === this.shown) return;
    this.shown = key;
    this.root.replaceChildren(element("p", {}, content.text));
    const { action, examples = [] } = content;
    if (action) {
      const button = element("button", { type: "button", class: "action" }, action.label);
      button.addEventListener("click", action.run);
      this.root.append(button);
    }
    if (examples.length === 0) return;
    const list = element("ul", { class: "examples", "aria-label": "Examples" });
    for (const { text, meaning } of examples) {
      const button = element("button", { type: "button", class: "link" }, text);
      button.addEventListener("click", () => this.onExample(text));
      list.append(element("li", {}, button, element("span", {}, meaning)));
    }
    this.root.append(list);
  }
}
