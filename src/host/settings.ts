/** The settings a user can change, read when they are needed and checked before they are believed. */
import * as vscode from "vscode";
import type { ApprovalMode, FlushMode } from "../app/app";
import { type WrittenFormatName, writtenFormatNames } from "../formats/format";
import type { Price } from "../model/prices";
import { isRecord } from "../model/toolText";
import type { JobLimits } from "./jobLimits";

export type NotifySetting = "all" | "failures" | "needsInput" | "none";
type Prices = Record<string, Price>;

const section = "runtrail";

export function readApprovalMode(): ApprovalMode {
  switch (vscode.workspace.getConfiguration(section).get("approval")) {
    case "allow":
      return "all";
    case "readOnly":
      return "read-only";
    default:
      return "ask";
  }
}

export function readNotify(): NotifySetting {
  const value = vscode.workspace.getConfiguration(section).get("notify");
  return value === "all" || value === "needsInput" || value === "none" ? value : "failures";
}

export async function writeNotify(value: NotifySetting): Promise<void> {
  await vscode.workspace.getConfiguration(section).update("notify", value, vscode.ConfigurationTarget.Global);
}

export function readMaxConcurrentRuns(): number {
  return Math.floor(amount(vscode.workspace.getConfiguration(section).get("maxConcurrentRuns")) ?? 4);
}

/** As they stand in the setting. */
export function readRunFolders(): unknown {
  return vscode.workspace.getConfiguration(section).get("runFolders");
}

/** What is no system that runs are written for is left out. */
export function readAlsoWrite(folder: vscode.Uri): WrittenFormatName[] {
  const names: unknown = vscode.workspace.getConfiguration(section, folder).get("alsoWrite");
  return Array.isArray(names) ? writtenFormatNames.filter((name) => names.includes(name)) : [];
}

export function readFlush(): FlushMode {
  const value = vscode.workspace.getConfiguration(section).get("flush");
  return value === "event" || value === "never" ? value : "step";
}

/** 0 is no limit. */
export function readJobLimits(): JobLimits {
  const settings = vscode.workspace.getConfiguration(section);
  const [maxTokens, maxCost] = [amount(settings.get("maxTokensPerJob")), amount(settings.get("maxCostPerJob"))];
  return { ...(maxTokens && { maxTokens: Math.floor(maxTokens) }), ...(maxCost && { maxCost }) };
}

/** Entries that are no price are left out. */
export function readPrices(): Prices {
  const prices: Prices = {};
  const value: unknown = vscode.workspace.getConfiguration(section).get("prices");
  for (const [model, price] of Object.entries(isRecord(value) ? value : {})) {
    if (!isRecord(price)) continue;
    const [input, output] = [amount(price.input), amount(price.output)];
    const [cachedInput, cacheWrite] = [amount(price.cachedInput), amount(price.cacheWrite)];
    if (input === undefined || output === undefined) continue;
    prices[model] = {
      ...{ input, output },
      ...(cachedInput !== undefined && { cachedInput }),
      ...(cacheWrite !== undefined && { cacheWrite }),
    };
  }
  return prices;
}

export interface Retention {
  /** 0: everything is kept. */
  olderThanDays: number;
  keepFailed: boolean;
}

export function readRetention(folder: vscode.Uri): Retention {
  const settings = vscode.workspace.getConfiguration(section, folder);
  return {
    olderThanDays: amount(settings.get("retention.olderThanDays")) ?? 0,
    keepFailed: settings.get("retention.keepFailed") !== false,
  };
}

function amount(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : undefined;
}
