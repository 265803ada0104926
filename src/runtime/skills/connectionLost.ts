/** The end of a connection over a call: the message says in a sentence or two why. */
export class ConnectionLost extends Error {
  override readonly name = "ConnectionLost";
}
