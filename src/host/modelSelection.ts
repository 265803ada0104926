/** The model that the user chose for new runs in this workspace; it wins over what a definition says. */
import * as vscode from "vscode";
import { isRecord } from "../model/toolText";
import type { ChosenModel } from "./modelNames";

const key = "runtrail.model";

export class ModelSelection implements vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChange = this.changed.event;

  constructor(private readonly workspaceState: vscode.Memento) {}

  /** `undefined`: what the definition says. */
  get current(): ChosenModel | undefined {
    const value = this.workspaceState.get<unknown>(key);
    if (!isRecord(value) || typeof value.provider !== "string" || typeof value.label !== "string") return undefined;
    const { provider, label, model, name } = value;
    return {
      provider,
      label,
      ...(typeof model === "string" && { model }),
      ...(typeof name === "string" && { name }),
    };
  }

  async choose(model: ChosenModel | undefined): Promise<void> {
    await this.workspaceState.update(key, model);
    this.changed.fire();
  }

  dispose(): void {
    this.changed.dispose();
  }
}
