/** The contract of a provider: what it needs to be usable, and how to open one of its models. */
import type { RunEvent } from "../../model/events";
import type { LanguageModel } from "../ports";

/** `[provider.setting]` of `perstack.toml`, checked by the provider that reads it. */
export type ProviderSetting = Readonly<Record<string, unknown>>;

/** What a provider may look at; nothing else of the environment is read. */
export interface ProviderContext {
  setting: ProviderSetting;
  /** API keys and base URLs: stored secrets first, then the environment, then the `.env` files. */
  env: Readonly<Record<string, string | undefined>>;
  /** Recorded runs, for `replay`. */
  recordings: RecordingSource;
}

export interface RecordingSource {
  /**
   * The events of a recorded run: by path (relative to the definition, inside the workspace; in a folder of recordings
   * the one of the same expert, with the same query where there is one) or run id; without a
   * reference the newest recorded run of the same expert and query. `undefined` where there is none.
   */
  find(reference: string | undefined): Promise<{ events: RunEvent[]; label: string } | undefined>;
  /** The workspace folder of the run that is to be played. */
  workspaceRoot: string;
}

/** `fix` says what to do, in a sentence: "Set ANTHROPIC_API_KEY or run “Runtrail: Set API Key…”." */
export type Usability = { usable: true } | { usable: false; reason: string; fix: string };

export interface Provider {
  readonly name: string;
  readonly label: string;
  readonly defaultModel?: string;
  /** Environment variables that hold its keys, for the key command and for redaction. */
  readonly keyNames: readonly string[];
  /** Answers without loading an SDK, within 500 ms; only a provider on this machine may ask its port. */
  check(context: ProviderContext): Promise<Usability>;
  /** Loads the SDK. Throws `ModelError` where the model cannot be opened. `model` absent: the default. */
  open(model: string | undefined, context: ProviderContext): Promise<LanguageModel>;
}
