/** The models that VS Code itself offers, such as Copilot's: no key, but the user's consent, which VS Code asks for. */
import * as z from "zod";
import { raceAbort } from "../../base/raceAbort";
import { ModelError } from "../ports";
import type { EditorModel, Provider } from "./provider";
import { providerOptions } from "./providerOptions";
import { readSetting } from "./readSetting";

const Setting = z.strictObject({ providerOptions });

const patience = 400;

const noEditor = {
  reason: "it is there inside VS Code only",
  fix: "Run the expert in VS Code, or choose another provider.",
};
const noModel = {
  reason: "VS Code offers no language model",
  fix: "Sign in to GitHub Copilot, or install another extension that offers models.",
};
const notYet = { reason: "VS Code has not said yet which models it has", fix: "Try again in a moment." };

export const vscodeLm: Provider = {
  name: "vscode-lm",
  label: "VS Code",
  keyNames: [],
  isClosed: true,
  async check({ languageModels }) {
    if (!languageModels) return { usable: false, ...noEditor };
    const models = await raceAbort(languageModels.list(), AbortSignal.timeout(patience)).catch(() => undefined);
    if (models === undefined) return { usable: false, ...notYet };
    return models.length > 0 ? { usable: true } : { usable: false, ...noModel };
  },
  async listModels({ languageModels }) {
    const models = (await languageModels?.list()) ?? [];
    return models.map(({ id, name, maxInputTokens }) => ({
      id,
      name,
      detail: `reads ${maxInputTokens.toLocaleString("en-US")} tokens`,
    }));
  },
  async open(model, context) {
    const setting = readSetting(Setting, context);
    const { languageModels } = context;
    if (!languageModels) throw unusable(noEditor);
    // Whoever names this provider waits for the extensions that bring the models.
    const models = await languageModels.list();
    if (models.length === 0) throw unusable(noModel);
    const found = model === undefined ? models[0] : findModel(models, model);
    if (!found) {
      const known = models.map(({ id }) => id).join(", ");
      const message = `VS Code has no model “${model}”. It offers: ${known}.`;
      throw new ModelError(message, { class: "provider_bad_request", isRetryable: false });
    }
    return await languageModels.open(found.id, setting.providerOptions);
  },
};

/** By its whole name, its name at the vendor, or its family. */
function findModel(models: readonly EditorModel[], wanted: string): EditorModel | undefined {
  return (
    models.find(({ id }) => id === wanted) ??
    models.find(({ id, vendor }) => id === `${vendor}/${wanted}`) ??
    models.find(({ family }) => family === wanted)
  );
}

function unusable({ reason, fix }: { reason: string; fix: string }): ModelError {
  return new ModelError(`VS Code is not usable: ${reason}. ${fix}`, { class: "provider_auth", isRetryable: false });
}
