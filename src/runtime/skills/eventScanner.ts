/** Follows a stream of server-sent events without keeping it: how large the event under way is, and whether events have ids. */

export class EventScanner {
  /** An event had an id: the stream can be gone on with after it. */
  hasIds = false;
  private size = 0;
  private lineLength = 0;
  private lineHead = "";

  /** The bytes of the largest event that the chunk is part of. */
  push(chunk: Uint8Array): number {
    let largest = 0;
    for (let index = 0; index < chunk.length; index += 1) {
      const byte = chunk[index] ?? 0;
      this.size += 1;
      if (this.size > largest) largest = this.size;
      if (byte === lineFeed) this.endLine();
      else if (byte !== carriageReturn) {
        this.lineLength += 1;
        if (this.lineLength <= idField.length) this.readField(byte);
      }
    }
    return largest;
  }

  private readField(byte: number): void {
    this.lineHead += String.fromCharCode(byte);
    if (this.lineHead === idField) this.hasIds = true;
  }

  private endLine(): void {
    // An empty line ends the event.
    if (this.lineLength === 0) this.size = 0;
    this.lineLength = 0;
    this.lineHead = "";
  }
}

const lineFeed = 10;
const carriageReturn = 13;
const idField = "id:";
