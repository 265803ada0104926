/** Reasoning and answers as they come in, in Perstack's words: a beginning, pieces, and an end with the whole. */
import type { EventOf, LiveEvent } from "../../model/events";
import type { Source, ToldRun } from "./toldRun";

type Kind = "Reasoning" | "RunResult";

export class StreamTeller {
  /** What is generated are the last words of a run that is done; Perstack streams no other text. */
  isResult = false;
  private open: { kind: Kind; text: string } | undefined;
  /** Kinds that were heard of the generation that is going on. */
  private readonly heard = new Set<Kind>();

  constructor(private readonly told: ToldRun) {}

  hear(event: LiveEvent): void {
    if (event.type === "streamReasoning") this.piece("Reasoning", event.delta, event);
    if (event.type === "streamText") {
      this.close(event);
      if (this.isResult) this.piece("RunResult", event.delta, event);
    }
  }

  /** The generation is over: what was not heard of it live is told whole. */
  finish(event: EventOf<"finishGeneration">): void {
    this.close(event);
    const reasoning = (event.reasoning ?? []).map(({ text }) => text).join("");
    this.whole("Reasoning", reasoning, event);
    if (this.isResult && !event.error) this.whole("RunResult", event.text ?? "", event);
    this.heard.clear();
  }

  close(source: Source): void {
    const { open, told } = this;
    if (!open) return;
    this.open = undefined;
    told.tell(`completeStreaming${open.kind}`, source, { text: open.text });
  }

  private whole(kind: Kind, text: string, source: Source): void {
    if (text === "" || this.heard.has(kind)) return;
    this.piece(kind, text, source);
    this.close(source);
  }

  private piece(kind: Kind, delta: string, source: Source): void {
    if (this.open?.kind !== kind) {
      this.close(source);
      this.told.tell(`startStreaming${kind}`, source, {});
      this.open = { kind, text: "" };
      this.heard.add(kind);
    }
    this.open.text += delta;
    this.told.tell(`stream${kind}`, source, { delta });
  }
}
