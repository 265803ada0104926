/** The formats that can be read, in the order in which they are asked. */
import type { Format } from "./format";
import { openexpertise } from "./openexpertise/openexpertise";
import { otel } from "./otel/otel";
import { perstack } from "./perstack/perstack";
import { runner } from "./runner/runner";

export const formats: readonly Format[] = [perstack, openexpertise, runner, otel];
