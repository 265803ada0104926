/** The addresses of the read-only documents of a run: its log, and each step, item and checkpoint of it. */
import type { RunSummary } from "../../app/runIndex";

export const runScheme = "runtrail";

export type RunAddress =
  | { view: "log"; dir: string }
  | { view: "run"; dir: string }
  | { view: "step"; dir: string; step: number }
  | { view: "checkpoint"; dir: string; step: number }
  | { view: "item"; dir: string; step: number; seq: number };

/** What a `vscode.Uri` is made of: the path is the tab's title, the query says what is meant. */
export interface AddressParts {
  scheme: string;
  path: string;
  query: string;
}

/** @param subject what the document is about beyond its run, such as a tool's name. */
export function partsOfAddress(
  address: RunAddress,
  run: Pick<RunSummary, "expertKey" | "runId">,
  subject = "",
): AddressParts {
  const { view, dir } = address;
  const name =
    view === "log" ? `${run.expertKey} · ${shortId(run.runId)}.runlog` : `${titleOf(address, run, subject)}.md`;
  const query = new URLSearchParams({ view, dir });
  if ("step" in address) query.set("step", String(address.step));
  if ("seq" in address) query.set("seq", String(address.seq));
  return { scheme: runScheme, path: `/${name.replace(/[\\/:*?"<>|#]/gu, "_")}`, query: query.toString() };
}

/** `undefined` where it is no address of ours. */
export function parseAddress({ scheme, query }: { scheme: string; query: string }): RunAddress | undefined {
  if (scheme !== runScheme) return undefined;
  const params = new URLSearchParams(query);
  const [view, dir] = [params.get("view"), params.get("dir")];
  const [step, seq] = [numberOf(params.get("step")), numberOf(params.get("seq"))];
  if (!dir) return undefined;
  if (view === "log" || view === "run") return { view, dir };
  if (step === undefined) return undefined;
  if (view === "step" || view === "checkpoint") return { view, dir, step };
  return view === "item" && seq !== undefined ? { view, dir, step, seq } : undefined;
}

/** Enough of an id to tell runs apart in a title. */
export function shortId(id: string): string {
  return id.slice(0, 4);
}

function titleOf(address: RunAddress, run: Pick<RunSummary, "expertKey" | "runId">, subject: string): string {
  switch (address.view) {
    case "step":
      return `${address.step === 0 ? "Preparation" : `Step ${address.step}`} · ${run.expertKey}`;
    case "checkpoint":
      return `Checkpoint ${address.step} · ${run.expertKey}`;
    case "item":
      return `${subject || "event"} · step ${address.step}`;
    default:
      return `${run.expertKey} · ${shortId(run.runId)}`;
  }
}

function numberOf(text: string | null): number | undefined {
  return text !== null && /^\d+$/u.test(text) ? Number(text) : undefined;
}
