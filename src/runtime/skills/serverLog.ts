/** What a server says beside its messages: lines for the record, as many as are bearable, and its last words. */
import { linesOf, oneLine } from "../../model/plainText";
import { LineSplitter } from "./lineSplitter";

export class ServerLog {
  private readonly lines = new LineSplitter(longestLine, (line, isCut) => this.add(isCut ? `${line}…` : line));
  private told = 0;
  private tail = Buffer.alloc(0);

  /** @param tell hears each line. Must not throw. */
  constructor(
    private readonly limit: number,
    private readonly tell: (line: string) => void,
  ) {}

  /** Bytes of its standard error. */
  push(chunk: Buffer): void {
    this.tail = Buffer.concat([this.tail, chunk.subarray(-tailBytes)]).subarray(-tailBytes);
    if (this.told <= this.limit) this.lines.push(chunk);
  }

  add(line: string): void {
    if (line.trim() === "" || this.told > this.limit) return;
    this.tell(this.told < this.limit ? line : "… more lines left out");
    this.told += 1;
  }

  end(): void {
    this.lines.end();
  }

  /** A sentence to put behind another one, or nothing. */
  lastWords(): string {
    const lines = [...linesOf(this.tail.toString("utf8"))].filter((line) => line.trim() !== "");
    const words = lines.slice(-lastLines).map((line) => oneLine(line, 200));
    return words.length > 0 ? ` Its last words: “${words.join(" / ")}”.` : "";
  }
}

const longestLine = 2_000;
const tailBytes = 4_096;
const lastLines = 4;
