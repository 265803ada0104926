/** The Experts view: each definition file, its experts with how their last run went, their delegates and skills. */
import * as vscode from "vscode";
import type { App } from "../../app/app";
import type { RunSummary } from "../../app/runIndex";
import { DisposableStore } from "../../base/disposable";
import type { TextRange } from "../../model/definition";
import type { Approvals } from "../approvals";
import type { Definitions } from "../definitions";
import { nameOf } from "../modelNames";
import type { ModelSelection } from "../modelSelection";
import type { RunFacts } from "../runFacts";
import { brokenRow, delegateRow, expertRow, expertTooltip, fileRow, groupRow, skillRow } from "./expertRows";
import {
  type ExpertNode,
  expertChildren,
  expertNode,
  fileChildren,
  groupChildren,
  groupNode,
  rootNodes,
} from "./expertTree";
import { lastRunOf } from "./lastRun";
import type { Row } from "./row";
import { tooltipOf, treeItemOf } from "./treeItem";

export class ExpertsView implements vscode.TreeDataProvider<ExpertNode>, vscode.Disposable {
  private readonly own = new DisposableStore();
  private readonly changed = this.own.add(new vscode.EventEmitter<ExpertNode | undefined>());
  readonly onDidChangeTreeData = this.changed.event;
  /** The editor knows a row by its object: one for each id. */
  private nodes = new Map<string, ExpertNode>();
  private shown = new Map<string, string>();
  readonly view: vscode.TreeView<ExpertNode>;

  constructor(
    private readonly app: App,
    facts: RunFacts,
    private readonly definitions: Definitions,
    private readonly approvals: Approvals,
    private readonly models: ModelSelection,
  ) {
    this.view = this.own.add(
      vscode.window.createTreeView("runtrail.experts", { treeDataProvider: this, showCollapseAll: true }),
    );
    this.own.add(definitions.onDidChange(() => this.changed.fire(undefined)));
    this.own.add(facts.onDidChange(({ dirs, isStanding }) => isStanding && this.refreshExperts(dirs)));
    this.own.add(vscode.workspace.onDidGrantWorkspaceTrust(() => this.showTrust()));
    this.own.add(models.onDidChange(() => this.showModel()));
    this.showTrust();
    this.showModel();
  }

  getChildren(node?: ExpertNode): ExpertNode[] {
    return this.childrenOf(node).map((child) => this.keep(child));
  }

  getTreeItem(node: ExpertNode): vscode.TreeItem {
    const row = this.rowOf(node);
    const item = treeItemOf(node.id, row ?? { ...goneRow, label: node.kind });
    const range = this.rangeOf(node);
    if (row?.children === "none" && range) {
      item.command = { command: "runtrail.openDefinition", title: "Open Definition", arguments: [node] };
    }
    return item;
  }

  resolveTreeItem(item: vscode.TreeItem, node: ExpertNode): vscode.TreeItem {
    const entry = node.kind === "expert" ? this.definitions.expert(node.file, node.key) : undefined;
    if (entry) item.tooltip = tooltipOf(expertTooltip(entry, this.lastRun(node.file, entry.key)));
    else if (node.kind === "broken") item.tooltip = node.problem.message;
    return item;
  }

  getParent(node: ExpertNode): ExpertNode | undefined {
    const file = (): ExpertNode | undefined =>
      this.definitions.list().length > 1
        ? this.keep({ kind: "file", id: `file:${node.file}`, file: node.file })
        : undefined;
    switch (node.kind) {
      case "file":
        return undefined;
      case "expert":
        return file();
      case "skill":
        return this.keep(groupNode("skills", node.file, node.key));
      case "delegate":
        return this.keep(groupNode("delegates", node.file, node.key));
      default:
        return node.key === undefined ? file() : this.keep(expertNode(node.file, node.key));
    }
  }

  /** Where the node stands in its file. */
  rangeOf(node: ExpertNode): TextRange | undefined {
    if (node.kind === "file") return undefined;
    if (node.kind === "broken") return node.problem.range;
    const entry = this.definitions.expert(node.file, node.key);
    if (node.kind === "skill") return entry?.skills.find(({ name }) => name === node.name)?.range ?? entry?.range;
    if (node.kind === "delegate") return entry?.delegates.find(({ key }) => key === node.delegate)?.range;
    return entry?.range;
  }

  dispose(): void {
    this.own.dispose();
  }

  private childrenOf(node: ExpertNode | undefined): ExpertNode[] {
    if (!node) return rootNodes(this.definitions.list());
    if (node.kind === "file") {
      const document = this.definitions.get(node.file);
      return document ? fileChildren(document) : [];
    }
    const entry = node.key === undefined ? undefined : this.definitions.expert(node.file, node.key);
    if (!entry) return [];
    if (node.kind === "expert") return expertChildren(node.file, entry);
    return node.kind === "skills" || node.kind === "delegates" ? groupChildren(node.kind, node.file, entry) : [];
  }

  private rowOf(node: ExpertNode): Row | undefined {
    if (node.kind === "broken") return brokenRow(node.problem);
    if (node.kind === "file") {
      const document = this.definitions.get(node.file);
      return document && fileRow(document, vscode.workspace.asRelativePath(node.file));
    }
    const entry = this.definitions.expert(node.file, node.key);
    if (!entry) return undefined;
    switch (node.kind) {
      case "expert":
        return expertRow(entry, this.lastRun(node.file, node.key), this.approvals.waitingRuns());
      case "skill":
        return skillRow(node.name, entry.expert?.skills?.[node.name]);
      case "delegate":
        return delegateRow(node.delegate, this.definitions.expert(node.file, node.delegate));
      default:
        return groupRow(node.kind, groupChildren(node.kind, node.file, entry).length);
    }
  }

  private lastRun(file: string, key: string): RunSummary | undefined {
    return lastRunOf(this.app.runs.list(), file, key);
  }

  /** Fires only the experts whose row reads otherwise than before. */
  private refreshExperts(dirs: ReadonlySet<string>): void {
    const keys = new Set([...dirs].map((dir) => this.app.runs.get(dir)?.expertKey));
    for (const node of this.nodes.values()) {
      if (node.kind !== "expert" || !(keys.has(node.key) || keys.has(undefined))) continue;
      const row = JSON.stringify(this.rowOf(node));
      if (this.shown.get(node.id) === row) continue;
      this.shown.set(node.id, row);
      this.changed.fire(node);
    }
  }

  private keep<T extends ExpertNode>(node: T): T {
    const known = this.nodes.get(node.id);
    if (known) return Object.assign(known, node) as T;
    this.nodes.set(node.id, node);
    return node;
  }

  /** Beside the title, because it counts for all of them. */
  private showModel(): void {
    const chosen = this.models.current;
    this.view.description = chosen && nameOf(chosen);
  }

  private showTrust(): void {
    this.view.message = vscode.workspace.isTrusted
      ? undefined
      : "Restricted mode: experts can be read, not run. Trust the workspace to run them.";
  }
}

const goneRow: Row = { label: "", icon: { id: "circle-slash" }, context: ["gone"], children: "none", spoken: "Gone" };
