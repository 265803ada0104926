/** Asserts a property that is checked at once: fast-check's own `assert` may answer with a promise, this one never does. */
import * as fc from "fast-check";

export function holds<T>(property: fc.IProperty<T>, parameters?: fc.Parameters<T>): void {
  void fc.assert(property, parameters);
}
