/** How long to wait before trying again: 2, 4, 8, 16, 32 s with jitter, or longer where the provider asks for it. */

const first = 2_000;
const ceiling = 32_000;

/**
 * @param attempt the attempt that failed, counted from 1
 * @param random 0 to 1; the delay lies between half of the step and all of it
 */
export function retryDelay(attempt: number, random: number, retryAfterMs: number | undefined): number {
  const step = Math.min(ceiling, first * 2 ** (attempt - 1));
  const delay = Math.round(step * (0.5 + random / 2));
  return Math.max(delay, retryAfterMs ?? 0);
}
