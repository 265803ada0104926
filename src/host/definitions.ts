/** The definitions of the workspace: as on disk, and as typed where one is being edited. */
import * as path from "node:path";
import * as vscode from "vscode";
import type { App } from "../app/app";
import type { DefinitionDocument, ExpertEntry } from "../model/definition";

const typingPause = 150;

export class Definitions implements vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  /** Fires when any definition came, went or changed. */
  readonly onDidChange = this.changed.event;
  private onDisk: DefinitionDocument[] = [];
  private readonly typed = new Map<string, DefinitionDocument>();
  private readonly timers = new Map<string, NodeJS.Timeout>();
  private readonly disposables: vscode.Disposable[];
  private reading: AbortController | undefined;
  loaded = false;

  constructor(
    private readonly app: App,
    private readonly reportError: (error: unknown, context: string) => void,
  ) {
    this.disposables = [
      vscode.workspace.onDidOpenTextDocument((document) => this.parseSoon(document, 0)),
      vscode.workspace.onDidChangeTextDocument(({ document }) => this.parseSoon(document, typingPause)),
      vscode.workspace.onDidCloseTextDocument((document) => this.forget(document)),
    ];
    for (const document of vscode.workspace.textDocuments) this.parseSoon(document, 0);
  }

  /** Sorted by path. */
  list(): DefinitionDocument[] {
    const byPath = new Map(this.onDisk.map((document) => [document.path, document]));
    for (const [file, document] of this.typed) byPath.set(file, document);
    return [...byPath.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
  }

  get(file: string): DefinitionDocument | undefined {
    return this.typed.get(file) ?? this.onDisk.find((document) => document.path === file);
  }

  expert(file: string, key: string): ExpertEntry | undefined {
    return this.get(file)?.experts.find((entry) => entry.key === key);
  }

  /** Reads the disk again; a reading that is still going on is dropped. */
  async reload(): Promise<void> {
    this.reading?.abort();
    const reading = new AbortController();
    this.reading = reading;
    try {
      const documents = await this.app.readDefinitions(reading.signal);
      if (reading.signal.aborted) return;
      this.onDisk = documents;
      this.loaded = true;
      this.changed.fire();
    } catch (error) {
      if (!reading.signal.aborted) this.reportError(error, "Reading the definitions");
    }
  }

  dispose(): void {
    this.reading?.abort();
    for (const timer of this.timers.values()) clearTimeout(timer);
    for (const disposable of this.disposables) disposable.dispose();
    this.changed.dispose();
  }

  private parseSoon(document: vscode.TextDocument, delay: number): void {
    if (!isDefinition(document)) return;
    const file = document.uri.fsPath;
    clearTimeout(this.timers.get(file));
    this.timers.set(
      file,
      setTimeout(() => {
        this.parse(document).catch((error: unknown) => this.reportError(error, `Checking ${file}`));
      }, delay),
    );
  }

  private async parse(document: vscode.TextDocument): Promise<void> {
    const { parseDefinition, readEnvFiles } = await import("../app/deferred");
    const file = document.uri.fsPath;
    const files = await readEnvFiles(path.dirname(file)).catch(() => ({}));
    if (document.isClosed) return;
    this.typed.set(file, parseDefinition(file, document.getText(), { env: { ...files, ...process.env } }));
    this.changed.fire();
  }

  private forget(document: vscode.TextDocument): void {
    const file = document.uri.fsPath;
    clearTimeout(this.timers.get(file));
    this.timers.delete(file);
    if (this.typed.delete(file)) void this.reload();
  }
}

export function isDefinition(document: vscode.TextDocument): boolean {
  return document.uri.scheme === "file" && path.basename(document.uri.fsPath) === "perstack.toml";
}
