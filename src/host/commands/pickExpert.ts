/** Asks which expert to run, the most recently run first, and what for, earlier queries at hand. */
import * as vscode from "vscode";
import type { RunSummary } from "../../app/runIndex";
import { formatTime } from "../../model/formatting";
import { oneLine } from "../../model/plainText";
import type { Definitions } from "../definitions";
import { errorsOf } from "../views/expertTree";
import { lastRunOf, queriesOf } from "../views/lastRun";

export interface ExpertChoice {
  definitionPath: string;
  expertKey: string;
}

interface ExpertItem extends vscode.QuickPickItem {
  choice?: ExpertChoice;
  broken?: { path: string; line: number; column: number };
}

/** @param within only the experts of this file. A broken one is listed too: choosing it gives its place. */
export async function pickExpert(
  definitions: Definitions,
  runs: readonly RunSummary[],
  within?: string,
): Promise<ExpertItem | undefined> {
  const documents = definitions.list().filter((document) => within === undefined || document.path === within);
  const severalFiles = documents.length > 1;
  const listed = documents.flatMap((document) =>
    document.experts.map((entry) => ({ document, entry, last: lastRunOf(runs, document.path, entry.key) })),
  );
  listed.sort((a, b) => (b.last?.startedAt ?? 0) - (a.last?.startedAt ?? 0));
  const items = listed.map(({ document, entry, last }): ExpertItem => {
    const error = errorsOf(entry)[0];
    const file = severalFiles ? vscode.workspace.asRelativePath(document.path) : "";
    const when = last ? `last run ${formatTime(last.startedAt).slice(0, 16)}` : "";
    return {
      label: `$(${error ? "error" : "robot"}) ${entry.key}`,
      description: [file, when].filter(Boolean).join(" · "),
      detail: oneLine(error ? `Cannot be run: ${error.message}` : (entry.expert?.description ?? ""), 160),
      ...(error
        ? { broken: { path: document.path, line: error.range.line, column: error.range.column } }
        : { choice: { definitionPath: document.path, expertKey: entry.key } }),
    };
  });
  const recent = listed.filter(({ last }) => last !== undefined).length;
  const separator = (label: string): ExpertItem => ({ label, kind: vscode.QuickPickItemKind.Separator });
  const shown =
    recent === 0 || recent === items.length
      ? items
      : [separator("run before"), ...items.slice(0, recent), separator("other experts"), ...items.slice(recent)];
  return await vscode.window.showQuickPick(shown, {
    title: "Run Expert",
    placeHolder: "Choose an expert to run",
    matchOnDescription: true,
    matchOnDetail: true,
  });
}

interface QueryItem extends vscode.QuickPickItem {
  query?: string;
}

/**
 * What the expert is to do: typed, or chosen from the earlier queries.
 * @param suggestion what the field holds at first.
 */
export function askQuery(
  { expertKey, definitionPath }: ExpertChoice,
  runs: readonly RunSummary[],
  suggestion: string | undefined,
  title = `Run ${expertKey}`,
): Promise<string | undefined> {
  const pick = vscode.window.createQuickPick<QueryItem>();
  pick.title = title;
  pick.placeholder = "What is it to do? Type it and press Enter";
  pick.ignoreFocusOut = true;
  const earlier = queriesOf(runs, definitionPath, expertKey);
  const show = () => {
    const typed = pick.value.trim();
    const isTouched = pick.value !== (suggestion ?? "");
    const matches = earlier.filter(
      (query) => query !== typed && (!isTouched || query.toLowerCase().includes(typed.toLowerCase())),
    );
    const own: QueryItem[] = typed
      ? [{ label: `$(play) ${oneLine(typed, 200)}`, description: "run with this", query: typed, alwaysShow: true }]
      : [];
    const before: QueryItem[] = matches.map((query) => ({
      label: `$(history) ${oneLine(query, 200)}`,
      query,
      alwaysShow: true,
    }));
    const head: QueryItem[] =
      before.length > 0 ? [{ label: "earlier queries", kind: vscode.QuickPickItemKind.Separator }] : [];
    pick.items = [...own, ...head, ...before];
    const [first] = pick.items.filter(({ query }) => query !== undefined);
    if (first) pick.activeItems = [first];
  };
  return new Promise((resolve) => {
    pick.onDidChangeValue(show);
    pick.onDidAccept(() => {
      const query = pick.activeItems[0]?.query ?? pick.value.trim();
      if (!query) return;
      resolve(query);
      pick.hide();
    });
    pick.onDidHide(() => {
      resolve(undefined);
      pick.dispose();
    });
    pick.value = suggestion ?? "";
    show();
    pick.show();
  });
}
