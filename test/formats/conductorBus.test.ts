/** Message buses of Conductor Loop: what a message is, whatever its text looks like, and to which run it belongs. */
import { mkdtemp, realpath, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { assignNotes, type Note } from "../../src/formats/conductor/assignNotes";
import { readMessageBus } from "../../src/formats/conductor/messageBus";
import { readYaml } from "../../src/formats/conductor/readYaml";
import { formatMessage } from "../../src/formats/conductor/writtenMessage";
import { openSourceFiles } from "../../src/formats/sourceFiles";

async function readBus(text: string | Buffer) {
  const root = await realpath(await mkdtemp(join(tmpdir(), "runtrail-bus-")));
  const file = join(root, "TASK-MESSAGE-BUS.md");
  await writeFile(file, text);
  const source = openSourceFiles(root);
  const messages = await readMessageBus(source, file);
  return { messages, problems: source.problems.map(({ line, reason }) => ({ line, reason })) };
}

function entry(count: number, body: string, more = ""): string {
  const id = `MSG-20260301-10000${count}-000000001-PID04711-000${count}`;
  return `---\nmsg_id: ${id}\nts: 2026-03-01T10:00:0${count}.123456789Z\ntype: FACT\nrun_id: ""\n${more}---\n${body}\n`;
}

const bodiesOf = (messages: readonly { body: string }[]) => messages.map(({ body }) => body);

describe("a message bus", () => {
  it("has the messages between its headers, with all that a header says", async () => {
    const more =
      'issue_id: I-1\nparents:\n    - msg_id: MSG-0\n      kind: answers\nlinks:\n    - url: a.md\nmeta:\n    k: "1"\n';
    const { messages, problems } = await readBus(`${entry(1, "first\n\nsecond", more)}\n${entry(2, "last")}`);
    expect(problems).toEqual([]);
    expect(bodiesOf(messages)).toEqual(["first\n\nsecond", "last"]);
    expect(messages[0]).toMatchObject({
      id: "MSG-20260301-100001-000000001-PID04711-0001",
      ts: "2026-03-01T10:00:01.123456789Z",
      timestamp: Date.UTC(2026, 2, 1, 10, 0, 1, 123),
      type: "FACT",
      issueId: "I-1",
      parents: [{ msg_id: "MSG-0", kind: "answers" }],
      links: [{ url: "a.md" }],
      meta: { k: "1" },
      line: 1,
    });
    expect(messages[0]).not.toHaveProperty("runId");
  });

  it("keeps a text with rules in it whole", async () => {
    const body = "---\nkey: value that is no header\n---\nafter\n---\n---\nts: 1";
    const { messages, problems } = await readBus(`${entry(1, body)}\n${entry(2, "next\n---")}`);
    expect([bodiesOf(messages), problems]).toEqual([[body, "next\n---"], []]);
  });

  it("of an older version has lines, and parents that are ids", async () => {
    const lines = "# notes\n[2026-01-05 08:00:01] fact: first\n[2026-01-05T08:00:02+01:00] no type\n[when] nothing\n";
    const { messages, problems } = await readBus(`${lines}${entry(1, "new", "parents:\n    - OLD\n")}`);
    expect(problems).toEqual([]);
    expect(messages.map(({ id, type, body, timestamp }) => [id, type, body, timestamp])).toEqual([
      ["LEGACY-LINE-000000002", "FACT", "first", Date.UTC(2026, 0, 5, 8, 0, 1)],
      ["LEGACY-LINE-000000003", "INFO", "no type", Date.UTC(2026, 0, 5, 7, 0, 2)],
      [messages[2]?.id, "FACT", "new", Date.UTC(2026, 2, 1, 10, 0, 1, 123)],
    ]);
    expect(messages[2]?.parents).toEqual([{ msg_id: "OLD" }]);
  });

  it("says where a header is broken, and goes on behind it", async () => {
    const broken = "---\nmsg_id: [open\nts: x\n---\nlost\n\n";
    const endless = "---\nmsg_id: M\nts: 2026-03-01T10:00:00Z\n";
    const { messages, problems } = await readBus(`${broken}${endless}${entry(1, "kept")}`);
    expect(bodiesOf(messages)).toEqual(["kept"]);
    expect(problems).toEqual([
      { line: 3, reason: expect.stringContaining("Not YAML") },
      { line: 7, reason: "The header of a message has no end." },
    ]);
  });

  it("loses at most its last message wherever it is cut", async () => {
    const whole = Buffer.from(`${entry(1, "erste — größer")}\n${entry(2, "second\n---\nx")}\n${entry(3, "third")}`);
    const starts = [0, 1, 2].map((index) => whole.indexOf(`msg_id: MSG-20260301-10000${index + 1}`));
    for (let length = 0; length <= whole.length; length += 1) {
      const { messages } = await readBus(whole.subarray(0, length));
      const begun = starts.filter((start) => start < length).length;
      expect(messages.length, `cut at ${length}`).toBeGreaterThanOrEqual(begun - 1);
      expect(bodiesOf(messages.slice(0, begun - 1))).toEqual(
        ["erste — größer", "second\n---\nx"].slice(0, Math.max(0, begun - 1)),
      );
    }
  });

  it("is written so that no line of a text ends it, and read back as it was", async () => {
    const body = "a\n---\nmsg_id: MSG-FORGED\n---\n ---\nb";
    const header = {
      msg_id: "MSG-1",
      ts: "2026-03-01T10:00:00Z",
      type: "INFO",
      project_id: "",
      task_id: "t",
      run_id: "r: 1",
    };
    const text = formatMessage({ ...header, body });
    expect(text.split("\n").filter((line) => line === "---")).toHaveLength(2);
    const { messages, problems } = await readBus(`${text}\n${entry(1, "next")}`);
    expect([bodiesOf(messages), problems]).toEqual([[body, "next"], []]);
    expect(messages[0]).toMatchObject({ id: "MSG-1", taskId: "t", runId: "r: 1" });
    expect(messages[0]).not.toHaveProperty("meta");
  });
});

describe("a message without a run", () => {
  const runs = [
    { runId: "a", startedAt: 10_500 },
    { runId: "child", startedAt: 12_000, parentRunId: "a" },
    { runId: "b", startedAt: 20_500 },
  ];
  const note = (timestamp: number, body: string, runId?: string): Note => ({
    timestamp,
    body,
    runId,
    name: "INFO",
    data: {},
  });
  const runOf = (one: Note) => [...assignNotes([one], runs)].find(([, notes]) => notes.length > 0)?.[0].runId;

  it("that begins a run is the next one's, any other the last one's before it, and none is left out", () => {
    expect(runOf(note(10_000, "starting root agent (restart #0)"))).toBe("a");
    expect(runOf(note(19_000, "starting root agent (restart #1)"))).toBe("b");
    expect(runOf(note(19_000, "dependencies satisfied; starting task"))).toBe("b");
    expect(runOf(note(13_000, "root agent failed on restart #0: x"))).toBe("a");
    expect(runOf(note(5, "written before"))).toBe("a");
    expect(runOf(note(90_000, "starting root agent (restart #9)"))).toBe("b");
    expect(runOf(note(13_000, "of the child", "child"))).toBe("child");
    expect(runOf(note(21_000, "of one that is gone", "gone"))).toBe("b");
  });
});

describe("YAML of anyone", () => {
  it("is read to where it breaks", async () => {
    expect(readYaml('run_id: r\nstatus: "ru\n')).toEqual({
      value: { run_id: "r" },
      fault: { line: 2, reason: 'Not YAML: Missing closing "quote.' },
    });
  });

  it("is the same whether it needs a parser or not", async () => {
    const { value } = readYaml("a: 1\nb: x y\nc: \"\"\nd: 2026-01-01T00:00:00Z\ne: /a/b < c\nf: 'q'\n");
    const parsed = readYaml("a: 1\nb: x y\nc: \"\"\nd: 2026-01-01T00:00:00Z\ne: /a/b < c\nf: 'q'\ng: {}\n");
    expect({ ...value, g: {} }).toEqual(parsed.value);
  });

  it("cannot blow up, hold itself or be endless", async () => {
    const bomb = `a: &a [x]\n${"bcdefghij"
      .split("")
      .map((key, index) => `${key}: &${key} [${`*${"abcdefghi"[index]}, `.repeat(9)}]`)
      .join("\n")}\n`;
    expect(readYaml(bomb).fault?.reason).toContain("Not YAML");
    expect(readYaml("x: ".repeat(30_000)).fault?.reason).toContain("Too large");
    expect(readYaml("__proto__: evil\nrun_id: r\n").value.run_id).toBe("r");
    expect(({} as { evil?: unknown }).evil).toBeUndefined();
  });
});
