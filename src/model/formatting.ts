/** Numbers as people read them: durations, token counts, money and times. Unknown is "", never 0. */

/** "850 ms", "12.3 s", "4 min 05 s", "2 h 03 min". A clock that went back counts as 0; "" where it is unknown. */
export function formatDuration(ms: number | undefined): string {
  if (ms === undefined) return "";
  const whole = Math.round(Math.max(0, Number.isFinite(ms) ? ms : 0));
  if (whole < 1000) return `${whole} ms`;
  // 59.95 s and more would round up to "60.0 s".
  if (whole < 59_950) return `${(whole / 1000).toFixed(1)} s`;
  const seconds = Math.round(whole / 1000);
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${pad(seconds % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${pad(minutes % 60)} min`;
}

/** "950", "12.3k", "123k", "1.2M". */
export function formatTokens(count: number): string {
  if (count < 1000) return String(Math.round(count));
  if (count < 99_950) return `${(count / 1000).toFixed(1)}k`;
  if (count < 999_500) return `${Math.round(count / 1000)}k`;
  return `${(count / 1_000_000).toFixed(1)}M`;
}

/** "$0.0123", "$1.23"; "" where it is unknown. */
export function formatCost(usd: number | undefined): string {
  if (usd === undefined || !Number.isFinite(usd)) return "";
  if (usd === 0) return "$0";
  if (usd < 0.0001) return "<$0.0001";
  return `$${usd.toFixed(usd < 0.99995 ? 4 : 2)}`;
}

/** Other systems may not have recorded when something was: that is 0. */
export function isKnownTime(unixMs: number | undefined): unixMs is number {
  return unixMs !== undefined && unixMs > 0;
}

/** "2026-02-03 14:05:06" in local time; "" where it is no time, or unknown. */
export function formatTime(unixMs: number): string {
  if (!isKnownTime(unixMs)) return "";
  const date = new Date(unixMs);
  if (Number.isNaN(date.getTime())) return "";
  const day = [date.getFullYear(), pad(date.getMonth() + 1), pad(date.getDate())].join("-");
  return `${day} ${[date.getHours(), date.getMinutes(), date.getSeconds()].map(pad).join(":")}`;
}

/** "812 B", "12.3 kB", "1.2 MB". */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${Math.round(bytes)} B`;
  if (bytes < 999_950) return `${(bytes / 1000).toFixed(1)} kB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/** "1 step", "4 steps". */
export function formatCount(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

function pad(value: number): string {
  return String(value).padStart(2, "0");
}
