/** Types of chromium.mjs, for the tests. */

/** The executable's path, if Chromium is installed. */
export function findChromium(): string | undefined;

/** Installs Chromium where it is missing; throws an error that says what to install where it cannot. */
export function ensureChromium(): Promise<void>;
