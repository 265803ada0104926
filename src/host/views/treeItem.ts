/** Makes the editor's tree item of a row. */
import * as vscode from "vscode";
import type { Row, RowIcon } from "./row";

export function treeItemOf(id: string, row: Row): vscode.TreeItem {
  const item = new vscode.TreeItem(row.label, collapsible(row.children));
  item.id = id;
  item.iconPath = themeIconOf(row.icon);
  item.contextValue = row.context.join(" ");
  item.accessibilityInformation = { label: row.spoken };
  if (row.description) item.description = row.description;
  return item;
}

export function themeIconOf({ id, color }: RowIcon): vscode.ThemeIcon {
  return new vscode.ThemeIcon(id, color === undefined ? undefined : new vscode.ThemeColor(color));
}

/** Words from a run or a definition are data: shown as they are, never as markup. */
export function tooltipOf(rows: readonly (readonly string[])[]): vscode.MarkdownString {
  const text = new vscode.MarkdownString();
  for (const [name = "", value = ""] of rows) {
    text.appendMarkdown(`**${name}**: `);
    text.appendText(value);
    text.appendMarkdown("\n\n");
  }
  return text;
}

function collapsible(children: Row["children"]): vscode.TreeItemCollapsibleState {
  if (children === "none") return vscode.TreeItemCollapsibleState.None;
  return children === "expanded" ? vscode.TreeItemCollapsibleState.Expanded : vscode.TreeItemCollapsibleState.Collapsed;
}
