/** The way to the editor: what is said there and back, and the little that outlives the page. */
import type { TimelineState, ToHost, ToPage } from "../../model/timelineMessages";

interface EditorApi {
  postMessage(message: ToHost): void;
  getState(): TimelineState | undefined;
  setState(state: TimelineState): void;
}

declare function acquireVsCodeApi(): EditorApi;

export interface HostLink {
  say(message: ToHost): void;
  /** What the page showed before it was loaded again. */
  readonly before: TimelineState | undefined;
  keep(state: TimelineState): void;
}

export function connectHost(hear: (message: ToPage) => void): HostLink {
  const api = acquireVsCodeApi();
  window.addEventListener("message", ({ data }: MessageEvent<unknown>) => {
    // Only the editor can reach this page; what it says is typed at the other end.
    if (typeof data === "object" && data !== null && "kind" in data) hear(data as ToPage);
  });
  return {
    say: (message) => api.postMessage(message),
    before: api.getState() ?? undefined,
    keep: (state) => api.setState(state),
  };
}
