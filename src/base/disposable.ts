/** Ownership: who creates a thing disposes it, and a store that is gone disposes late arrivals at once. */

export interface Disposable {
  dispose(): void;
}

export class DisposableStore implements Disposable {
  private items: Disposable[] | undefined = [];

  add<T extends Disposable>(item: T): T {
    if (this.items) this.items.push(item);
    else item.dispose();
    return item;
  }

  dispose(): void {
    const items = this.items;
    this.items = undefined;
    for (const item of items?.reverse() ?? []) item.dispose();
  }
}
