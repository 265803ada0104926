/** Commands about definitions: open one at its line, create the first one. */
import * as vscode from "vscode";
import { isRecord } from "../../model/toolText";
import { openPlace } from "../openPlace";
import type { ExpertNode } from "../views/expertTree";
import type { CommandParts, Commands } from "./commandParts";
import { pickExpert } from "./pickExpert";

export function definitionCommands({ app, definitions, expertsView }: CommandParts): Commands {
  return {
    async openDefinition(argument) {
      if (isExpertNode(argument)) {
        const { line = 1, column = 1 } = expertsView.rangeOf(argument) ?? {};
        await openPlace({ path: argument.file, line, column });
        return;
      }
      const picked = await pickExpert(definitions, app.runs.list());
      if (picked?.broken) await openPlace(picked.broken);
      if (!picked?.choice) return;
      const { definitionPath, expertKey } = picked.choice;
      const line = definitions.expert(definitionPath, expertKey)?.range.line ?? 1;
      await openPlace({ path: definitionPath, line });
    },
    async createDefinition() {
      const folders = vscode.workspace.workspaceFolders ?? [];
      const folder = folders.length > 1 ? await vscode.window.showWorkspaceFolderPick() : folders[0];
      if (!folder) return;
      const uri = vscode.Uri.joinPath(folder.uri, "perstack.toml");
      const exists = await Promise.resolve(vscode.workspace.fs.stat(uri)).then(
        () => true,
        () => false,
      );
      if (!exists) await vscode.workspace.fs.writeFile(uri, new TextEncoder().encode(firstDefinition));
      await vscode.window.showTextDocument(uri);
    },
  };
}

function isExpertNode(argument: unknown): argument is ExpertNode {
  return isRecord(argument) && typeof argument.file === "string" && typeof argument.kind === "string";
}

const firstDefinition = `# The experts of this workspace. Run one with “Runtrail: Run Expert…”.
#
# Without a provider the first usable one is taken: one with an API key (“Runtrail: Set API Key…”,
# the environment or .env), else a model on this machine. To choose:
#
# model = "claude-sonnet-4-5"
# [provider]
# providerName = "anthropic"

maxSteps = 20

[experts."reviewer"]
description = "Reads the files it is asked about and says what it would change"
instruction = """
You review the code of this workspace.
Read the files you are asked about before you judge them, and name file and line for everything you say.
When you are done, call attemptCompletion, then answer with a short list, the most important point first.
"""
`;
