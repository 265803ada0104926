/** An action that never runs twice at once: who asks while it runs gets the next run, together with all others who asked. */
export function oneAtATime(action: () => Promise<void>): () => Promise<void> {
  let going: Promise<void> = Promise.resolve();
  let next: Promise<void> | undefined;
  return () => {
    next ??= going
      .catch(() => undefined)
      .then(() => {
        next = undefined;
        going = action();
        return going;
      });
    return next;
  };
}
