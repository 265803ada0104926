/** The contract of a provider: what it needs to be usable, and how to open one of its models. */
import type { RunEvent } from "../../model/events";
import type { Message } from "../../model/message";
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
  /** The models that the editor offers; absent where there is no editor. */
  languageModels?: EditorModels | undefined;
}

export interface RecordedAnswers {
  events: RunEvent[];
  /** The conversation that the run went on from; empty where it began from nothing. */
  base: readonly Message[];
  /** By which it is found again. */
  label: string;
}

export interface RecordingSource {
  /**
   * The events of a recorded run: by path (relative to the definition, inside the workspace; in a folder of recordings
   * the one of the same expert, with the same query where there is one) or run id; without a
   * reference the newest recorded run of the same expert and query. `undefined` where there is none.
   */
  find(reference: string | undefined): Promise<RecordedAnswers | undefined>;
  /** The workspace folder of the run that is to be played. */
  workspaceRoot: string;
  /** The newest recorded runs, by id, for a person to choose from: there where no run is wanted yet. */
  list?(): Promise<ProviderModel[]>;
}

/** A model as a person chooses it. */
export interface ProviderModel {
  /** What a definition's `model` would say; absent: the provider chooses by itself. */
  id?: string;
  /** Where it is not the id. */
  name?: string;
  /** One line more. */
  detail?: string;
}

/** A model that the editor offers. */
export interface EditorModel {
  /** `vendor/model`. */
  id: string;
  name: string;
  vendor: string;
  family: string;
  maxInputTokens: number;
}

export interface EditorModels {
  /** Never rejects; may take as long as the extensions that bring the models take to start. */
  list(): Promise<EditorModel[]>;
  /** @param id as `list` gives it. Throws `ModelError`. */
  open(id: string, modelOptions?: ProviderSetting): Promise<LanguageModel>;
}

/** `fix` says what to do, in a sentence: "Set ANTHROPIC_API_KEY or run “Runtrail: Set API Key…”." */
export type Usability = { usable: true } | { usable: false; reason: string; fix: string };

export interface Provider {
  readonly name: string;
  readonly label: string;
  readonly defaultModel?: string;
  /** Environment variables that hold its keys, for the key command and for redaction. */
  readonly keyNames: readonly string[];
  /** Its models are those that it lists; of the others' any can be named. */
  readonly isClosed?: true;
  /** Answers without loading an SDK, within 500 ms; only a provider on this machine may ask its port. */
  check(context: ProviderContext): Promise<Usability>;
  /** What can be chosen, the default first; only called where it is usable. Within 500 ms; may reject. */
  listModels?(context: ProviderContext): Promise<readonly ProviderModel[]>;
  /** Loads the SDK. Throws `ModelError` where the model cannot be opened. `model` absent: the default. */
  open(model: string | undefined, context: ProviderContext): Promise<LanguageModel>;
}
