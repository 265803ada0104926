/** `perstack.toml` in the editor: problems while one types, the fix for a typing error, and a lens over every expert. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as vscode from "vscode";
import { waitUntil } from "../support/waitUntil";
import { openApp } from "./editorParts";
import { suite } from "./suite";

const broken = `maxSteps = "many"

[experts."a"]
instruction = "Do it."
descripton = "Typed wrong"
delegates = ["nobody"]

[experts."b"]
instruction = "Do it too."
`;

async function openDefinition(workspace: string, name: string, text: string): Promise<vscode.TextDocument> {
  await openApp();
  const folder = vscode.Uri.file(join(workspace, name));
  await vscode.workspace.fs.createDirectory(folder);
  const uri = vscode.Uri.joinPath(folder, "perstack.toml");
  await writeFile(uri.fsPath, text);
  const document = await vscode.workspace.openTextDocument(uri);
  await vscode.window.showTextDocument(document);
  return document;
}

function problemsOf({ uri }: vscode.TextDocument) {
  return vscode.languages.getDiagnostics(uri).filter(({ source }) => source === "Runtrail");
}

function problem(document: vscode.TextDocument, code: string) {
  return waitUntil(`the problem ${code}`, () => problemsOf(document).find((each) => each.code === code), {
    describe: () => problemsOf(document).map((each) => [each.code, each.message]),
  });
}

export default suite("a definition in the editor", {
  "has its problems at their exact places": async ({ workspace }) => {
    const document = await openDefinition(workspace, "broken", broken);
    const at = async (code: string) => document.getText((await problem(document, code)).range);
    assert.equal(await at("wrong-type"), '"many"');
    assert.equal(await at("unknown-key"), "descripton");
    assert.equal(await at("unknown-delegate"), '"nobody"');
  },

  "loses a problem when it is typed away, before it is saved": async ({ workspace }) => {
    const document = await openDefinition(workspace, "typing", broken);
    const { range } = await problem(document, "wrong-type");
    const edit = new vscode.WorkspaceEdit();
    edit.replace(document.uri, range, "12");
    await vscode.workspace.applyEdit(edit);
    assert.equal(document.isDirty, true);
    await waitUntil("the problem to go", () => !problemsOf(document).some(({ code }) => code === "wrong-type"));
    await document.save();
  },

  "offers the name that was meant": async ({ workspace }) => {
    const document = await openDefinition(workspace, "fix", broken);
    const { range } = await problem(document, "unknown-key");
    const actions = await vscode.commands.executeCommand<vscode.CodeAction[]>(
      "vscode.executeCodeActionProvider",
      document.uri,
      range,
    );
    const fix = actions.find(({ title }) => title === "Change to “description”");
    assert.ok(fix?.edit, `There is no fix among: ${actions.map(({ title }) => title).join(", ")}`);
    await vscode.workspace.applyEdit(fix.edit);
    await waitUntil("the problem to go", () => !problemsOf(document).some(({ code }) => code === "unknown-key"));
    await document.save();
  },

  "has “Run” over every expert that can be run": async ({ workspace }) => {
    const document = await openDefinition(workspace, "lenses", broken.replace("nobody", "b"));
    const lenses = await waitUntil("the lenses", async () => {
      const found = await vscode.commands.executeCommand<vscode.CodeLens[]>(
        "vscode.executeCodeLensProvider",
        document.uri,
      );
      return found.length === 2 ? found : undefined;
    });
    const lines = lenses.map(({ range }) => document.lineAt(range.start.line).text);
    assert.deepEqual(lines, ['[experts."a"]', '[experts."b"]']);
    assert.ok(lenses.every(({ command }) => command?.command === "runtrail.runExpert"));
  },

  "is noticed when another program changes it": async ({ workspace }) => {
    const app = await openApp();
    const file = join(workspace, "outside", "perstack.toml");
    await vscode.workspace.fs.createDirectory(vscode.Uri.file(join(workspace, "outside")));
    await writeFile(file, "nonsense");
    const diagnostics = () => vscode.languages.getDiagnostics(vscode.Uri.file(file));
    await waitUntil("the syntax error", () => diagnostics().some(({ code }) => code === "syntax"));
    await writeFile(file, '[experts."x"]\ninstruction = "Do."\n');
    await waitUntil("the syntax error to go", () => diagnostics().length === 0);
    const keys = (await app.readDefinitions()).flatMap(({ experts }) => experts.map(({ key }) => key));
    assert.ok(keys.includes("x"));
  },
});
