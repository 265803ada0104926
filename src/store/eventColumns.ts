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
const bytesPerEvent = 15;
const bytesPerBase = 32;
export const bytesPerBlock = bytesPerBase + bytesPerEvent * eventsPerBlock;

/** The columns of so many events, in one piece of memory that can be written and read as it is. */
interface Block {
  memory: Uint8Array;
  /** Of its first event: offset, timestamp, seq and step. Those of all are told by how much more they are. */
  base: Float64Array;
  offsets: Uint32Array;
  timestamps: Uint32Array;
  lengths: Uint16Array;
  seqs: Uint16Array;
  steps: Uint16Array;
  /** The type; its highest bit says that it is a failure. */
  kinds: Uint8Array;
}

/** By position, what does not fit into its column: there stands the largest number that does. */
export interface WideValues {
  offsets: Map<number, number>;
  timestamps: Map<number, number>;
  lengths: Map<number, number>;
  seqs: Map<number, number>;
  steps: Map<number, number>;
}

const [most16, most32] = [0xffff, 0xffff_ffff] as const;
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
  /** Of logs as they mostly are nothing is in them but long lines. */
  readonly wide: WideValues = {
    offsets: new Map(),
    timestamps: new Map(),
    lengths: new Map(),
    seqs: new Map(),
    steps: new Map(),
  };
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

  push(offset: number, length: number, { type, seq, step, timestamp, isFailure }: EventEntry): void {
    const at = this.count;
    const place = at & placeMask;
    const { wide } = this;
    if (place === 0) this.addBlock().base.set([offset, timestamp, seq, step]);
    const { base, offsets, timestamps, lengths, seqs, steps, kinds } = this.current;
    offsets[place] = narrow(wide.offsets, at, offset, base[0] ?? 0, most32);
    timestamps[place] = narrow(wide.timestamps, at, timestamp, base[1] ?? 0, most32);
    lengths[place] = narrow(wide.lengths, at, length, 0, most16);
    seqs[place] = narrow(wide.seqs, at, seq, base[2] ?? 0, most16);
    steps[place] = narrow(wide.steps, at, step, base[3] ?? 0, most16);
    kinds[place] = isFailure ? type | failureBit : type;
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
    this.count = count;
    for (let at = 0; at < count; at += 1) this.learn(at, this.seqOf(at), this.stepOf(at), this.isFailure(at));
  }

  /** As they stand now: what is pushed later does not change them. */
  copyBlocks(): Uint8Array[] {
    const full = Math.floor(this.count / eventsPerBlock);
    return this.blocks.map(({ memory }, index) => (index < full ? memory : memory.slice()));
  }

  offsetOf(at: number): number {
    const { offsets, base } = this.blockOf(at);
    return widen(this.wide.offsets, at, offsets[at & placeMask] ?? 0, base[0] ?? 0, most32);
  }

  lengthOf(at: number): number {
    return widen(this.wide.lengths, at, this.blockOf(at).lengths[at & placeMask] ?? 0, 0, most16);
  }

  typeOf(at: number): EventType {
    return eventTypes[this.kindOf(at) & ~failureBit] ?? "foreignEvent";
  }

  seqOf(at: number): number {
    const { seqs, base } = this.blockOf(at);
    return widen(this.wide.seqs, at, seqs[at & placeMask] ?? 0, base[2] ?? 0, most16);
  }

  stepOf(at: number): number {
    const { steps, base } = this.blockOf(at);
    return widen(this.wide.steps, at, steps[at & placeMask] ?? 0, base[3] ?? 0, most16);
  }

  timestampOf(at: number): number {
    const { timestamps, base } = this.blockOf(at);
    return widen(this.wide.timestamps, at, timestamps[at & placeMask] ?? 0, base[1] ?? 0, most32);
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
    if (step < this.lastStep) this.stepsSeen ??= this.collectSteps(at);
    if (step > 0) this.stepsSeen?.add(step);
    this.stepCount += 1;
    this.lastStep = step;
  }

  private collectSteps(upTo: number): Set<number> {
    const seen = new Set<number>();
    for (let at = 0; at < upTo; at += 1) seen.add(this.stepOf(at));
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
  const buffer = new ArrayBuffer(bytesPerBase + bytesPerEvent * events);
  let offset = bytesPerBase;
  const take = (bytes: number) => {
    const start = offset;
    offset += bytes * events;
    return start;
  };
  return {
    memory: new Uint8Array(buffer),
    base: new Float64Array(buffer, 0, 4),
    offsets: new Uint32Array(buffer, take(4), events),
    timestamps: new Uint32Array(buffer, take(4), events),
    lengths: new Uint16Array(buffer, take(2), events),
    seqs: new Uint16Array(buffer, take(2), events),
    steps: new Uint16Array(buffer, take(2), events),
    kinds: new Uint8Array(buffer, take(1), events),
  };
}

/** What stands in the column for a value: how much more than the base it is, where that gives it back exactly. */
function narrow(wide: Map<number, number>, at: number, value: number, base: number, most: number): number {
  const more = value - base;
  if (more >= 0 && more < most && Math.floor(more) === more && base + more === value) return more;
  wide.set(at, value);
  return most;
}

function widen(wide: Map<number, number>, at: number, more: number, base: number, most: number): number {
  return more === most ? (wide.get(at) ?? base + more) : base + more;
}
