/** The heads of the columns, with the time axis above the bars. */
import { element } from "./element";
import { ticksOf } from "./timeTexts";

const ticksAtMost = 5;

export class ColumnHeader {
  private readonly track = element("span", { class: "cell track", role: "columnheader", "aria-label": "Time axis" });
  readonly root = element(
    "div",
    { class: "columns", role: "row", "aria-rowindex": 1 },
    head("run", "Run"),
    head("time", "Time"),
    head("step", "Step"),
    head("event", "Event"),
    head("duration", "Duration"),
    head("tokens", "Tokens"),
    head("cost", "Cost"),
    this.track,
  );
  private length = -1;

  show(lengthMs: number): void {
    if (lengthMs === this.length) return;
    this.length = lengthMs;
    const { step, labels } = lengthMs > 0 ? ticksOf(lengthMs, ticksAtMost) : { step: 0, labels: [] };
    const share = lengthMs > 0 ? step / lengthMs : 0;
    document.body.style.setProperty("--tick", `${(share * 100).toFixed(3)}%`);
    this.track.replaceChildren(
      ...labels.map((label, index) => {
        const place = index * share;
        const mark = element("span", { class: "tick", "aria-hidden": "true" }, label);
        mark.style.left = `${(place * 100).toFixed(3)}%`;
        // A label that would leave the column is not written.
        mark.hidden = place > 0.93;
        return mark;
      }),
    );
  }
}

function head(name: string, label: string): HTMLElement {
  return element("span", { class: `cell ${name}`, role: "columnheader" }, label);
}
