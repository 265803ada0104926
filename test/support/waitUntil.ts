/** Waiting for a condition of something outside this process. */

/** Asks until the answer is neither undefined nor false; after `timeoutMs` fails with `what` and what was seen last. */
export async function waitUntil<T>(
  what: string,
  ask: () => T | Promise<T>,
  options: { timeoutMs?: number; describe?: () => unknown } = {},
): Promise<NonNullable<Exclude<T, false>>> {
  const { timeoutMs = 40_000, describe } = options;
  const deadline = performance.now() + timeoutMs;
  let failure: unknown;
  for (;;) {
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== null && answer !== false) return answer as NonNullable<Exclude<T, false>>;
      failure = undefined;
    } catch (error) {
      failure = error;
    }
    if (performance.now() > deadline) break;
    await new Promise((resolve) => {
      setTimeout(resolve, 50);
    });
  }
  const seen = describe === undefined ? "" : `\nSeen instead: ${JSON.stringify(await describe(), undefined, 1)}`;
  throw new Error(`Waited ${timeoutMs} ms in vain for ${what}.${seen}`, { cause: failure });
}
