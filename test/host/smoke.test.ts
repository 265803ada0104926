/** The extension as VS Code sees it: found, activated, and every command of its manifest there. */

import assert from "node:assert/strict";
import * as vscode from "vscode";
import { suite } from "./suite";

const id = "runtrail.runtrail";

function extension(): vscode.Extension<unknown> {
  const found = vscode.extensions.getExtension(id);
  assert.ok(found, `VS Code does not know the extension ${id}.`);
  return found;
}

export default suite("the extension", {
  "is found under its name": () => {
    assert.equal(extension().id, id);
  },

  "activates without an error": async () => {
    await extension().activate();
    assert.equal(extension().isActive, true);
  },

  "has registered every command of its manifest": async () => {
    await extension().activate();
    const manifest = extension().packageJSON as { contributes: { commands: { command: string }[] } };
    const contributed = manifest.contributes.commands.map(({ command }) => command);
    assert.ok(contributed.length > 0, "The manifest contributes no commands.");
    const registered = new Set(await vscode.commands.getCommands(true));
    assert.deepEqual(
      contributed.filter((command) => !registered.has(command)),
      [],
    );
  },
});
