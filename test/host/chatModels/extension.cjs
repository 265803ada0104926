/**
 * An extension beside Runtrail's that offers chat models to VS Code, as Copilot does. Tests set `respond` on what it
 * exports; until then its models say who they are.
 */
const vscode = require("vscode");

const models = [
  { id: "tortoise", name: "Tortoise", family: "tortoise", maxInputTokens: 64_000 },
  { id: "hare", name: "Hare", family: "hare", maxInputTokens: 128_000 },
].map((model) => ({
  ...model,
  version: "1.0.0",
  maxOutputTokens: 4_096,
  capabilities: { toolCalling: true, imageInput: true },
}));

exports.activate = ({ subscriptions }) => {
  const scripted = {
    models,
    /** @param request {{ model, messages, options, progress, token }} */
    respond: async ({ model, progress }) => progress.report(new vscode.LanguageModelTextPart(`I am ${model.name}.`)),
    countTokens: (text) => text.length,
  };
  subscriptions.push(
    vscode.lm.registerLanguageModelChatProvider("scripted", {
      provideLanguageModelChatInformation: async () => scripted.models,
      provideLanguageModelChatResponse: async (model, messages, options, progress, token) =>
        await scripted.respond({ model, messages, options, progress, token }),
      provideTokenCount: async (_model, text) => scripted.countTokens(typeof text === "string" ? text : textOf(text)),
    }),
  );
  return scripted;
};

function textOf(message) {
  return JSON.stringify(message.content);
}
