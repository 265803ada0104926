/** The providers, in the order in which the first usable one is looked for: by key, then on this machine, in the editor, in recordings. */
import { amazonBedrock } from "./amazonBedrock";
import { anthropic } from "./anthropic";
import { azureOpenai } from "./azureOpenai";
import { deepseek } from "./deepseek";
import { google } from "./google";
import { googleVertex } from "./googleVertex";
import { ollama } from "./ollama";
import { openai } from "./openai";
import type { Provider } from "./provider";
import { replay } from "./replay";
import { vscodeLm } from "./vscodeLm";

export const providers: readonly Provider[] = [
  anthropic,
  openai,
  google,
  deepseek,
  azureOpenai,
  amazonBedrock,
  googleVertex,
  ollama,
  vscodeLm,
  replay,
];
