/** The formats that can be read, in the order in which they are asked. */
import type { Format } from "./format";
import { perstack } from "./perstack/perstack";

export const formats: readonly Format[] = [perstack];
