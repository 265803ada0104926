/** Folding, outline and links of a run's log. */
import * as vscode from "vscode";
import { workspaceOf } from "../../app/workspaceOf";
import { DisposableStore } from "../../base/disposable";
import { definitionPath } from "../../model/definitionPath";
import { type Block, foldsOf, outlineOf } from "./logOutline";
import { findPartLinks, type PartLink } from "./logPart";
import type { RunDocuments } from "./runDocuments";
import { runLinksIn } from "./runLinks";

export const logLanguage = "runtrail-log";

export function registerLogLanguage(documents: RunDocuments): vscode.Disposable {
  const own = new DisposableStore();
  const selector = { language: logLanguage };
  own.add(
    vscode.languages.registerFoldingRangeProvider(selector, {
      provideFoldingRanges: ({ uri }) =>
        foldsOf(outlineOf(documents.logOf(uri)?.lines ?? [])).map(
          ({ start, end }) => new vscode.FoldingRange(start, end),
        ),
    }),
  );
  own.add(
    vscode.languages.registerDocumentSymbolProvider(selector, {
      provideDocumentSymbols: (document) =>
        outlineOf(documents.logOf(document.uri)?.lines ?? [])
          .filter(({ line }) => line.kind !== "run" || line.seq !== undefined)
          .map((block) => symbolOf(document, block)),
    }),
  );
  own.add(
    vscode.languages.registerDocumentLinkProvider(selector, {
      provideDocumentLinks: (document) => linksIn(document, documents),
    }),
  );
  return own;
}

function symbolOf(document: vscode.TextDocument, block: Block): vscode.DocumentSymbol {
  const own = document.lineAt(Math.min(block.start, document.lineCount - 1)).range;
  const end = document.lineAt(Math.min(block.end, document.lineCount - 1)).range.end;
  const [name = "", ...details] = block.line.text.trim().split(" · ");
  const symbol = new vscode.DocumentSymbol(
    name || "(empty)",
    details.join(" · "),
    block.line.kind === "step" ? vscode.SymbolKind.Namespace : vscode.SymbolKind.Event,
    new vscode.Range(own.start, end),
    own,
  );
  symbol.children = block.children.map((child) => symbolOf(document, child));
  return symbol;
}

/** The definition, where a line names it with its line: `/…/perstack.toml:28`. */
function definitionLinks(
  document: vscode.TextDocument,
  index: number,
  file: string | undefined,
): vscode.DocumentLink[] {
  const { text } = document.lineAt(index);
  const start = file === undefined ? -1 : text.indexOf(file);
  if (file === undefined || start === -1) return [];
  const end = start + file.length;
  const [place = "", line] = /^:(\d+)/u.exec(text.slice(end)) ?? [];
  const target = vscode.Uri.file(file).with({ fragment: line ? `L${line}` : "" });
  const link = new vscode.DocumentLink(new vscode.Range(index, start, index, end + place.length), target);
  link.tooltip = "Open definition";
  return [link];
}

/** The words of the first line that show another part of a long run. */
function partLink(
  { start, end, to, text }: PartLink & { start: number; end: number },
  dir: string,
): vscode.DocumentLink {
  const command = to === "timeline" ? "openTimeline" : to === "search" ? "searchEvents" : "showMore";
  const argument = command === "showMore" ? { kind: "logPart", dir, to } : dir;
  const target = vscode.Uri.parse(`command:runtrail.${command}?${encodeURIComponent(JSON.stringify([argument]))}`);
  const link = new vscode.DocumentLink(new vscode.Range(0, start, 0, end), target);
  link.tooltip = text;
  return link;
}

/** The path that a line is about, where the line names it. */
function linksIn(document: vscode.TextDocument, documents: RunDocuments): vscode.DocumentLink[] {
  const log = documents.logOf(document.uri);
  if (!log) return [];
  const root = vscode.Uri.file(workspaceOf(log.dir));
  const links: vscode.DocumentLink[] = log.part
    ? findPartLinks(document.lineAt(0).text, log.part).map((link) => partLink(link, log.dir))
    : [];
  const definition = log.run.definition && definitionPath(log.run.definition.uri);
  for (const [index, { path }] of log.lines.entries()) {
    if (index >= document.lineCount) continue;
    links.push(...definitionLinks(document, index, definition));
    if (!path) continue;
    const start = document.lineAt(index).text.indexOf(path);
    if (start === -1) continue;
    const target = vscode.Uri.joinPath(root, path);
    // What the model named is data: nothing outside the workspace becomes a link.
    if (!target.path.startsWith(`${root.path}/`)) continue;
    const link = new vscode.DocumentLink(new vscode.Range(index, start, index, start + path.length), target);
    link.tooltip = "Open file";
    links.push(link);
  }
  for (const { line, start, end, ...other } of runLinksIn(log.run, log.lines)) {
    const target = line < document.lineCount ? documents.logUriOf(other, log.dir) : undefined;
    if (!target) continue;
    const link = new vscode.DocumentLink(new vscode.Range(line, start, line, end), target);
    link.tooltip = "Open its log";
    links.push(link);
  }
  return links;
}
