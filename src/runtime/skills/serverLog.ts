/** What a server says beside its messages: lines for the record, as many as are bearable, and its last words. */
import { linesOf, oneLine } from "../../model/plainText";
import { LineSplitter } from "./lineSplitter";

export class ServerLog {
  private readonly lines = new LineSplitter(longestLine, (line, isCut) => this.keep(isCut ? `${line}…` : line));
  /** Lines that have come and are to be told, together. */
  private heard: string[] = [];
  private told = 0;
  private tail = Buffer.alloc(0);

  /** @param tell hears the lines that came at once. Must not throw. */
  constructor(
    private readonly limit: number,
    private readonly tell: (lines: readonly string[]) => void,
  ) {}

  /** Bytes of its standard error. */
  push(chunk: Buffer): void {
    this.tail = Buffer.concat([this.tail, chunk.subarray(-tailBytes)]).subarray(-tailBytes);
    if (this.told <= this.limit) this.lines.push(chunk);
    this.tellHeard();
  }

  add(line: string): void {
    this.keep(line);
    this.tellHeard();
  }

  end(): void {
    this.lines.end();
    this.tellHeard();
  }

  private keep(line: string): void {
    if (line.trim() === "" || this.told > this.limit) return;
    this.heard.push(this.told < this.limit ? line : "… more lines left out");
    this.told += 1;
  }

  private tellHeard(): void {
    const { heard } = this;
    this.heard = [];
    if (heard.length > 0) this.tell(heard);
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
