/** Events as functions: `event(listener)` returns what ends the subscription; a listener that throws harms nobody. */
import type { Disposable } from "./disposable";

export type Event<T> = (listener: (value: T) => void) => Disposable;

export class Emitter<T> implements Disposable {
  private readonly listeners = new Set<(value: T) => void>();

  /** @param onListenerError hears of listeners that throw (or reject); must not throw itself. */
  constructor(private readonly onListenerError: (error: unknown) => void) {}

  readonly event: Event<T> = (listener) => {
    // A wrapper of its own, so that one function may listen twice.
    const entry = (value: T): unknown => listener(value);
    this.listeners.add(entry);
    return { dispose: () => this.listeners.delete(entry) };
  };

  fire(value: T): void {
    for (const listener of [...this.listeners]) {
      try {
        const returned: unknown = listener(value);
        if (returned instanceof Promise) returned.catch(this.onListenerError);
      } catch (error) {
        this.onListenerError(error);
      }
    }
  }

  dispose(): void {
    this.listeners.clear();
  }
}
