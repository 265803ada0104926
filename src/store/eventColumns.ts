/** The index of one log in memory: its columns as typed arrays, in blocks that are filled one after the other. */
import type { EventType } from "../model/events";
import type { EventIndex } from "./eventIndex";
import { eventTypes } from "./eventScanner";
import type { JournalProblem } from "./readJournal";

/** What is kept of an event. */
export interface EventEntry {
  /** Place in `eventTypes`. */
  type: number;
  seq: number;
  step: number;
  /** Unix ms. */
  timestamp: number;
  isFailure: boolean;
}

const blockBits = 14;
export const eventsPerBlock = 1 << blockBits;
const placeMask = eventsPerBlock - 1;
const bytesPerEvent = 29;
export const bytesPerBlock = eventsPerBlock * bytesPerEvent;

/** The columns of so many events, in one piece of memory that can be written and read as it is. */
interface Block {
  memory: Uint8Array;
  offsets: Float64Array;
  timestamps: Float64Array;
  seqs: Uint32Array;
  steps: Uint32Array;
  lengths: Uint32Array;
  /** The type; its highest bit says that it is a failure. */
  kinds: Uint8Array;
}

/** What does not fit into 32 bits stands in a map. */
const wide = 0xffff_ffff;
const failureBit = 0x80;
const mostProblems = 1000;

export class EventColumns implements EventIndex {
  count = 0;
  bytes = 0;
  /** Whole ones, whatever is in them. */
  lines = 0;
  /** Bytes behind the last LF, when it was looked. */
  tornBytes = 0;
  readonly failures: number[] = [];
  readonly told: JournalProblem[] = [];
  private readonly blocks: Block[] = [];
  /** The last one. */
  private current: Block = makeBlock(0);
  private readonly wideSeqs = new Map<number, number>();
  private readonly wideSteps = new Map<number, number>();
  private lastSeq = -1;
  private lastStep = 0;
  private stepCount = 0;
  private areSeqsOrdered = true;
  /** The different steps, once one came after a later one: until then they need only be counted. */
  private stepsSeen: Set<number> | undefined;

  constructor(private readonly file: string) {}

  get steps(): number {
    return this.stepsSeen?.size ?? this.stepCount;
  }

  get problems(): readonly JournalProblem[] {
    if (this.tornBytes === 0) return this.told;
    const reason = `The last record is torn (${this.tornBytes} bytes).`;
    return [...this.told, { file: this.file, line: this.lines + 1, reason }];
  }

  /** Whether its blocks hold all that is known: nothing in it needed a map. */
  get isPlain(): boolean {
    return this.wideSeqs.size === 0 && this.wideSteps.size === 0;
  }

  push(offset: number, length: number, { type, seq, step, timestamp, isFailure }: EventEntry): void {
    const at = this.count;
    const place = at & placeMask;
    const block = place === 0 ? this.addBlock() : this.current;
    block.offsets[place] = offset;
    block.lengths[place] = length;
    block.timestamps[place] = timestamp;
    block.seqs[place] = seq < wide ? seq : this.keepWide(this.wideSeqs, at, seq);
    block.steps[place] = step < wide ? step : this.keepWide(this.wideSteps, at, step);
    block.kinds[place] = isFailure ? type | failureBit : type;
    this.count = at + 1;
    this.learn(at, seq, step, isFailure);
  }

  addProblem(reason: string): void {
    if (this.told.length < mostProblems) this.told.push({ file: this.file, line: this.lines, reason });
  }

  /** Empty blocks to be filled from outside; `count` and what follows from them is learned by `adopt`. */
  makeBlocks(count: number): Uint8Array[] {
    const blocks: Uint8Array[] = [];
    while (blocks.length * eventsPerBlock < count) blocks.push(this.addBlock().memory);
    return blocks;
  }

  adopt(count: number): void {
    for (let at = 0; at < count; at += 1) {
      this.count = at + 1;
      this.learn(at, this.seqOf(at), this.stepOf(at), this.isFailure(at));
    }
  }

  /** As they stand now: what is pushed later does not change them. */
  copyBlocks(): Uint8Array[] {
    const full = Math.floor(this.count / eventsPerBlock);
    return this.blocks.map(({ memory }, index) => (index < full ? memory : memory.slice()));
  }

  offsetOf(at: number): number {
    return this.blockOf(at).offsets[at & placeMask] ?? 0;
  }

  lengthOf(at: number): number {
    return this.blockOf(at).lengths[at & placeMask] ?? 0;
  }

  typeOf(at: number): EventType {
    return eventTypes[this.kindOf(at) & ~failureBit] ?? "foreignEvent";
  }

  seqOf(at: number): number {
    const seq = this.blockOf(at).seqs[at & placeMask] ?? 0;
    return seq === wide ? (this.wideSeqs.get(at) ?? seq) : seq;
  }

  stepOf(at: number): number {
    const step = this.blockOf(at).steps[at & placeMask] ?? 0;
    return step === wide ? (this.wideSteps.get(at) ?? step) : step;
  }

  timestampOf(at: number): number {
    return this.blockOf(at).timestamps[at & placeMask] ?? 0;
  }

  isFailure(at: number): boolean {
    return this.kindOf(at) >= failureBit;
  }

  find(seq: number): number | undefined {
    const at = this.areSeqsOrdered
      ? this.firstFrom((each) => this.seqOf(each) >= seq)
      : this.firstWhere((each) => this.seqOf(each) === seq);
    return at < this.count && this.seqOf(at) === seq ? at : undefined;
  }

  rangeOf(step: number): { from: number; to: number } | undefined {
    const isOrdered = this.stepsSeen === undefined;
    const from = isOrdered
      ? this.firstFrom((each) => this.stepOf(each) >= step)
      : this.firstWhere((each) => this.stepOf(each) === step);
    if (from >= this.count || this.stepOf(from) !== step) return undefined;
    if (isOrdered) return { from, to: this.firstFrom((each) => this.stepOf(each) > step) };
    let to = this.count;
    while (this.stepOf(to - 1) !== step) to -= 1;
    return { from, to };
  }

  private learn(at: number, seq: number, step: number, isFailure: boolean): void {
    if (isFailure) this.failures.push(at);
    if (seq <= this.lastSeq) this.areSeqsOrdered = false;
    this.lastSeq = seq;
    if (step === this.lastStep) return;
    if (step < this.lastStep) this.stepsSeen ??= this.collectSteps();
    if (step > 0) this.stepsSeen?.add(step);
    this.stepCount += 1;
    this.lastStep = step;
  }

  /** Of all but the last event. */
  private collectSteps(): Set<number> {
    const seen = new Set<number>();
    for (let at = 0; at < this.count - 1; at += 1) seen.add(this.stepOf(at));
    seen.delete(0);
    return seen;
  }

  /** The first position for which it holds, where it holds for all behind it too; else `count`. */
  private firstFrom(holds: (at: number) => boolean): number {
    let [from, to] = [0, this.count];
    while (from < to) {
      const middle = Math.floor((from + to) / 2);
      if (holds(middle)) to = middle;
      else from = middle + 1;
    }
    return from;
  }

  private firstWhere(holds: (at: number) => boolean): number {
    let at = 0;
    while (at < this.count && !holds(at)) at += 1;
    return at;
  }

  private keepWide(values: Map<number, number>, at: number, value: number): number {
    values.set(at, value);
    return wide;
  }

  private kindOf(at: number): number {
    return this.blockOf(at).kinds[at & placeMask] ?? 0;
  }

  private blockOf(at: number): Block {
    const block = at < this.count ? this.blocks[at >>> blockBits] : undefined;
    if (!block) throw new RangeError(`There is no event ${at} in an index of ${this.count}.`);
    return block;
  }

  private addBlock(): Block {
    this.current = makeBlock(eventsPerBlock);
    this.blocks.push(this.current);
    return this.current;
  }
}

function makeBlock(events: number): Block {
  const buffer = new ArrayBuffer(bytesPerEvent * events);
  let offset = 0;
  const take = (bytes: number) => {
    const start = offset;
    offset += bytes * events;
    return start;
  };
  return {
    memory: new Uint8Array(buffer),
    offsets: new Float64Array(buffer, take(8), events),
    timestamps: new Float64Array(buffer, take(8), events),
    seqs: new Uint32Array(buffer, take(4), events),
    steps: new Uint32Array(buffer, take(4), events),
    lengths: new Uint32Array(buffer, take(4), events),
    kinds: new Uint8Array(buffer, take(1), events),
  };
}
