/**
 * Where rows of one height lie in a list of any length. A browser's elements end at some 33 million pixels: a longer list
 * is scaled, so that its scroll bar reaches everything, while the wheel still moves it pixel by pixel.
 */

/** Far below where elements end, and where a number of 32 bits still tells pixels apart. */
export const tallest = 8_000_000;

export class ScrollSpace {
  private count = 0;
  private view = 0;
  /** How far the list is scrolled, in pixels of the whole list. */
  private top = 0;
  /** How far its element is, as was last seen or wished. */
  private elementTop = 0;

  constructor(readonly rowHeight: number) {}

  /** Of the element that holds the rows. */
  get height(): number {
    return Math.min(this.whole, tallest);
  }

  get isScaled(): boolean {
    return this.whole > tallest;
  }

  get isAtEnd(): boolean {
    return this.top >= this.last - 1;
  }

  /** Where the element is to be scrolled to. */
  get scrollTop(): number {
    return this.elementTop;
  }

  resize(count: number, view: number): void {
    this.count = count;
    this.view = view;
    this.moveTo(this.top);
  }

  /** The element was scrolled. A long way is one of the scroll bar's, and goes through the whole list. */
  scrolled(scrollTop: number): void {
    const way = scrollTop - this.elementTop;
    if (Math.abs(way) < 1) return;
    if (!this.isScaled || Math.abs(way) > this.view) {
      this.elementTop = scrollTop;
      this.top = this.clamp(scrollTop * this.scale);
    } else this.moveTo(this.top + way);
  }

  moveBy(pixels: number): void {
    this.moveTo(this.top + pixels);
  }

  moveTo(top: number): void {
    this.top = this.clamp(top);
    this.elementTop = this.top / this.scale;
  }

  /** Scrolls no further than needed; to the middle where the row was not to be seen. */
  reveal(index: number): void {
    const start = index * this.rowHeight;
    const end = start + this.rowHeight;
    const isNear = end > this.top - this.rowHeight && start < this.top + this.view + this.rowHeight;
    if (!isNear) this.moveTo(start - (this.view - this.rowHeight) / 2);
    else if (start < this.top) this.moveTo(start);
    else if (end > this.top + this.view) this.moveTo(end - this.view);
  }

  /** The rows that can be seen. */
  range(): { from: number; to: number } {
    const from = Math.min(this.count, Math.floor(this.top / this.rowHeight));
    return { from, to: Math.min(this.count, Math.ceil((this.top + this.view) / this.rowHeight)) };
  }

  /** Of a row, in its element. */
  yOf(index: number): number {
    return index * this.rowHeight - this.top + this.elementTop;
  }

  /** Whole rows that can be seen at once; at least one. */
  get pageRows(): number {
    return Math.max(1, Math.floor(this.view / this.rowHeight));
  }

  private get whole(): number {
    return this.count * this.rowHeight;
  }

  /** How far the list can be scrolled. */
  private get last(): number {
    return Math.max(0, this.whole - this.view);
  }

  private get scale(): number {
    return this.isScaled ? this.last / (tallest - this.view) : 1;
  }

  private clamp(top: number): number {
    return Math.min(Math.max(0, top), this.last);
  }
}
