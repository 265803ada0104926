import { describe, expect, it } from "vitest";
import { brokenRow, expertRow, fileRow } from "../../src/host/views/expertRows";
import {
  type ExpertNode,
  expertChildren,
  fileChildren,
  groupChildren,
  rootNodes,
} from "../../src/host/views/expertTree";
import { parseDefinition } from "../../src/model/definitionDocument";
import { eventsOf, failed, started, summaryOf } from "./sampleRuns";

const good = `[experts."lead"]
instruction = "Lead."
description = "Leads the work"
delegates = ["helper"]

[experts."helper"]
instruction = "Help."
[experts."helper".skills."@perstack/base"]
type = "mcpStdioSkill"
command = "npx"
packageName = "@perstack/base"
[experts."helper".skills."search"]
type = "mcpSseSkill"
endpoint = "https://search.example/sse"
`;
const document = parseDefinition("/work/perstack.toml", good);
const none = new Set<string>();
const kinds = (nodes: readonly ExpertNode[]) => nodes.map(({ kind }) => kind);

function entryOf(key: string, of = document) {
  const entry = of.experts.find((each) => each.key === key);
  if (!entry) throw new Error(`There is no expert ${key}.`);
  return entry;
}

describe("the tree of experts", () => {
  it("begins with the experts of the only file, and with the files where there are several", () => {
    expect(kinds(rootNodes([document]))).toEqual(["expert", "expert"]);
    expect(kinds(rootNodes([document, { ...document, path: "/work/b/perstack.toml" }]))).toEqual(["file", "file"]);
    expect(rootNodes([])).toEqual([]);
  });

  it("shows delegates and skills, the built-in skill too where none is named", () => {
    expect(kinds(expertChildren(document.path, entryOf("lead")))).toEqual(["delegates", "skills"]);
    const delegates = groupChildren("delegates", document.path, entryOf("lead"));
    expect(delegates.map((node) => node.kind === "delegate" && node.delegate)).toEqual(["helper"]);
    const skills = groupChildren("skills", document.path, entryOf("lead"));
    expect(skills.map((node) => node.kind === "skill" && node.name)).toEqual(["@perstack/base"]);
    expect(groupChildren("skills", document.path, entryOf("helper"))).toHaveLength(2);
  });

  it("has one id for each node", () => {
    const walk = (nodes: ExpertNode[]): ExpertNode[] =>
      nodes.flatMap((node) => [
        node,
        ...(node.kind === "expert" ? walk(expertChildren(node.file, entryOf(node.key))) : []),
        ...(node.kind === "skills" || node.kind === "delegates"
          ? groupChildren(node.kind, node.file, entryOf(node.key))
          : []),
      ]);
    const ids = walk(rootNodes([document])).map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.length).toBe(9);
  });

  it("shows a file that is no TOML as an error row with its place", () => {
    const broken = parseDefinition("/work/perstack.toml", '[experts."x\n');
    const [row] = fileChildren(broken);
    if (row?.kind !== "broken") throw new Error("There is no error row.");
    expect(brokenRow(row.problem).description).toBe("line 1");
    expect(fileRow(broken, "perstack.toml").description).toContain("1 error");
  });

  it("shows an expert that cannot be run, and why, beside those that can", () => {
    const mixed = parseDefinition("/work/perstack.toml", `${good}\n[experts."bad"]\ndescription = "No instruction"\n`);
    const bad = expertRow(entryOf("bad", mixed), undefined, none);
    expect(bad.context).toEqual(["expert", "broken", "definition"]);
    expect(bad.description).toContain("instruction");
    expect(kinds(expertChildren(mixed.path, entryOf("bad", mixed)))).toContain("broken");
    expect(expertRow(entryOf("helper", mixed), undefined, none).context).toContain("runnable");
  });
});

describe("an expert's row", () => {
  it("carries how its last run went, in words as well", () => {
    const run = summaryOf(eventsOf([started, failed]));
    const row = expertRow(entryOf("lead"), run, none);
    expect(row.icon.id).toBe("error");
    expect(row.description).toBe("Leads the work");
    expect(row.spoken).toContain("last run failed");
    expect(row.context).toEqual(["expert", "runnable", "definition", "hasRun", "failed"]);
  });

  it("says that it was never run", () => {
    expect(expertRow(entryOf("lead"), undefined, none).spoken).toContain("never run");
  });
});
