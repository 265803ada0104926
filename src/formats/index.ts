/** The formats that can be read, in the order in which they are asked. */

import { claudeCode } from "./claudeCode/claudeCode";
import { codex } from "./codex/codex";
import { conductor } from "./conductor/conductor";
import type { Format } from "./format";
import { gemini } from "./gemini/gemini";
import { openexpertise } from "./openexpertise/openexpertise";
import { otel } from "./otel/otel";
import { perstack } from "./perstack/perstack";
import { runner } from "./runner/runner";

export const formats: readonly Format[] = [perstack, conductor, openexpertise, runner, otel, claudeCode, codex, gemini];
