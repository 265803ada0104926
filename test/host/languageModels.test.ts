/** VS Code's own language models as models of a run: what is sent to them, what comes back, and how they refuse. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as vscode from "vscode";
import type { RunOutcome } from "../../src/app/app";
import type { EventOf, RunEvent } from "../../src/model/events";
import { waitUntil } from "../support/waitUntil";
import { openApp } from "./editorParts";
import { suite } from "./suite";

interface ScriptedRequest {
  model: vscode.LanguageModelChatInformation;
  messages: readonly vscode.LanguageModelChatRequestMessage[];
  options: vscode.ProvideLanguageModelChatResponseOptions;
  progress: vscode.Progress<vscode.LanguageModelResponsePart>;
  token: vscode.CancellationToken;
}

/** What the extension test/host/chatModels exports. */
interface ScriptedModels {
  models: vscode.LanguageModelChatInformation[];
  respond(request: ScriptedRequest): Promise<void>;
  countTokens(text: string): number;
}

async function scriptedModels(): Promise<ScriptedModels> {
  const extension = vscode.extensions.getExtension<ScriptedModels>("runtrail-test.chat-models");
  assert.ok(extension, "The extension with the chat models is not there.");
  return await extension.activate();
}

const say = (text: string) => new vscode.LanguageModelTextPart(text);
const call = (name: string, input: object, id = `call-${name}`) =>
  new vscode.LanguageModelToolCallPart(id, name, input);

/** One answer after the other; what was asked is kept. */
async function script(
  ...answers: ((request: ScriptedRequest) => unknown[] | Promise<unknown[]>)[]
): Promise<ScriptedRequest[]> {
  const models = await scriptedModels();
  const requests: ScriptedRequest[] = [];
  models.countTokens = (text) => text.length;
  models.respond = async (request) => {
    const answer = answers[requests.push(request) - 1];
    assert.ok(answer, `There is no answer ${requests.length}.`);
    for (const part of await answer(request)) request.progress.report(part as vscode.LanguageModelResponsePart);
  };
  return requests;
}

interface Finished {
  outcome: RunOutcome;
  events: readonly RunEvent[];
}

async function runWith(
  workspace: string,
  model: string | undefined,
  onStart: (cancel: () => void) => void = () => undefined,
): Promise<Finished> {
  const app = await openApp();
  const folder = join(workspace, "language-models");
  const definitionPath = join(folder, "perstack.toml");
  await vscode.workspace.fs.createDirectory(vscode.Uri.file(folder));
  await writeFile(join(folder, "picture.png"), Buffer.from("iVBORw0KGgoAAAANSUhEUg==", "base64"));
  const named = model === undefined ? "" : `model = "${model}"\n`;
  const expert = '[experts."talker"]\ninstruction = "You talk to VS Code."\n';
  await writeFile(definitionPath, `${named}maxRetries = 0\n[provider]\nproviderName = "vscode-lm"\n${expert}`);
  const request = { definitionPath, expertKey: "talker", query: "What is here?", approval: "all" } as const;
  const handle = await app.start({ ...request, workspaceRoot: folder });
  onStart(() => handle.cancel());
  const outcome = await handle.done;
  return { outcome, events: (await app.runs.load(handle.dir)).events };
}

function generations(events: readonly RunEvent[]): EventOf<"finishGeneration">[] {
  return events.filter((event) => event.type === "finishGeneration");
}

function textOf({ content }: vscode.LanguageModelChatRequestMessage): string {
  return content.map((part) => (part instanceof vscode.LanguageModelTextPart ? part.value : "")).join("");
}

function resultsOf({ messages }: ScriptedRequest): vscode.LanguageModelToolResultPart[] {
  const parts = messages.flatMap(({ content }) => content);
  return parts.filter((part) => part instanceof vscode.LanguageModelToolResultPart);
}

export default suite("the models of VS Code", {
  "can be chosen without a key, each by its name": async () => {
    await script();
    const app = await openApp();
    // The first time the extensions that bring the models start.
    const choice = await waitUntil("the models", async () =>
      (await app.listModels()).find(({ provider, usable }) => provider === "vscode-lm" && usable),
    );
    const offered = choice.models.filter(({ id }) => id?.startsWith("scripted/"));
    assert.deepEqual(
      offered.map(({ id, name }) => [id, name]),
      [
        ["scripted/tortoise", "Tortoise"],
        ["scripted/hare", "Hare"],
      ],
    );
  },

  "run an expert: streamed text, tool calls and their results, tokens counted": async ({ workspace }) => {
    const requests = await script(
      () => [say("Let me "), say("look."), call("listDirectory", { path: "." })],
      () => [say("A picture.")],
    );
    const { outcome, events } = await runWith(workspace, "scripted/hare");
    assert.equal(outcome.status, "finished", outcome.error?.message);
    assert.equal(outcome.text, "A picture.");
    const [first, second] = generations(events);
    assert.equal(first?.text, "Let me look.");
    assert.deepEqual(
      first?.toolCalls.map(({ tool, args }) => [tool, args]),
      [["listDirectory", { path: "." }]],
    );
    assert.ok((second?.usage?.inputTokens ?? 0) > (first?.usage?.inputTokens ?? 0));
    const start = events[0];
    assert.ok(start?.type === "startRun" && start.provider === "vscode-lm" && start.model === "scripted/hare");

    const [asked, askedAgain] = requests;
    assert.ok(asked && askedAgain);
    assert.equal(asked.model.id, "hare");
    assert.ok(asked.options.tools?.some(({ name, inputSchema }) => name === "listDirectory" && inputSchema));
    assert.match(textOf(asked.messages[0] ?? assert.fail()), /You talk to VS Code\./u);
    assert.equal(textOf(asked.messages[1] ?? assert.fail()), "What is here?");
    assert.ok(asked.messages.every(({ role }) => role === vscode.LanguageModelChatMessageRole.User));
    const [result] = resultsOf(askedAgain);
    assert.equal(result?.callId, "call-listDirectory");
    assert.match(JSON.stringify(result?.content), /picture\.png/u);
  },

  "tell what they think": async ({ workspace }) => {
    const { LanguageModelThinkingPart: Thought } = vscode as unknown as {
      LanguageModelThinkingPart: new (value: string) => unknown;
    };
    await script(() => [new Thought("Let me "), new Thought("see."), say("Hello.")]);
    const { events } = await runWith(workspace, "scripted/hare");
    const [generation] = generations(events);
    assert.equal(generation?.text, "Hello.");
    assert.deepEqual(generation?.reasoning, [{ text: "Let me see." }]);
  },

  "are found by their name at the vendor, and the first one without a name": async ({ workspace }) => {
    const requests = await script(
      () => [say("Slow and steady.")],
      () => [say("The first.")],
    );
    await runWith(workspace, "tortoise");
    const { outcome } = await runWith(workspace, undefined);
    assert.equal(outcome.status, "finished", outcome.error?.message);
    assert.equal(requests[0]?.model.id, "tortoise");
  },

  "see a picture that a tool read, where this VS Code can show one": async ({ workspace, version }) => {
    const requests = await script(
      () => [call("readImageFile", { path: "picture.png" })],
      () => [say("Done.")],
    );
    const { outcome } = await runWith(workspace, "scripted/hare");
    assert.equal(outcome.status, "finished", outcome.error?.message);
    const content = JSON.stringify(resultsOf(requests[1] ?? assert.fail())[0]?.content);
    if (version.startsWith("1.104.")) assert.match(content, /image\/png: this model cannot read it/u);
    else assert.match(content, /"mimeType":"image\/png"/u);
  },

  "tell no tokens where the extension cannot count them": async ({ workspace }) => {
    await script(() => [say("Hello.")]);
    (await scriptedModels()).countTokens = () => {
      throw new Error("No tokenizer");
    };
    const { events } = await runWith(workspace, "scripted/hare");
    assert.equal(generations(events)[0]?.usage, undefined);
  },

  "are stopped in the middle of an answer": async ({ workspace, version }) => {
    let isCancelled = false;
    const requests = await script(async ({ progress, token }) => {
      progress.report(say("One moment"));
      await new Promise<void>((resolve) => void token.onCancellationRequested(() => resolve()));
      isCancelled = true;
      return [];
    });
    const { outcome } = await runWith(workspace, "scripted/hare", (cancel) => {
      void waitUntil("the request", () => requests.length > 0).then(cancel);
    });
    assert.equal(outcome.stopReason, "cancelled");
    // VS Code 1.104 itself does not pass it on once the answer has begun.
    if (!version.startsWith("1.104.")) await waitUntil("the model to hear of it", () => isCancelled);
  },

  "that may not be used end the run as a matter of consent": async ({ workspace }) => {
    await script(() => {
      throw vscode.LanguageModelError.NoPermissions("The user said no");
    });
    const { outcome } = await runWith(workspace, "scripted/hare");
    assert.equal(outcome.error?.class, "provider_auth");
    assert.match(outcome.error?.message ?? "", /^Consent refused: .*scripted\/hare/u);
    assert.match(outcome.error?.cause ?? "", /The user said no/u);
  },

  "whose quota is used up are not asked again": async ({ workspace }) => {
    await script(() => {
      throw vscode.LanguageModelError.Blocked("You have exceeded your premium request allowance.");
    });
    const { outcome } = await runWith(workspace, "scripted/hare");
    assert.equal(outcome.error?.class, "provider_rate_limit");
    assert.equal(outcome.error?.isRetryable, false);
    assert.match(outcome.error?.message ?? "", /quota for “scripted\/hare” is used up/u);
  },

  "that block a request say why": async ({ workspace }) => {
    await script(() => {
      throw vscode.LanguageModelError.Blocked("Filtered by policy");
    });
    const { outcome } = await runWith(workspace, "scripted/hare");
    assert.equal(outcome.error?.class, "provider_bad_request");
    assert.match(outcome.error?.message ?? "", /Filtered by policy/u);
  },

  "that fail in some other way are told as what they say": async ({ workspace }) => {
    await script(() => {
      throw new Error("Too many requests, try again in a minute");
    });
    const { outcome } = await runWith(workspace, "scripted/hare");
    assert.equal(outcome.error?.class, "provider_rate_limit");
    assert.match(outcome.error?.message ?? "", /Too many requests/u);
  },

  "that are not there are named beside those that are": async ({ workspace }) => {
    await script();
    const { outcome } = await runWith(workspace, "scripted/achilles");
    assert.equal(outcome.error?.class, "provider_bad_request");
    assert.match(outcome.error?.message ?? "", /no model “scripted\/achilles”.*scripted\/tortoise, scripted\/hare/u);
  },
});
