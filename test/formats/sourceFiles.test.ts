/** What anyone may have put into a folder: read within limits, never waited for, never followed out of it. */
import { execFile } from "node:child_process";
import { appendFile, mkdir, mkdtemp, open, realpath, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { openSourceFiles, type SourceFiles, type SourceLine } from "../../src/formats/sourceFiles";

const isWindows = process.platform === "win32";

async function emptyFolder(): Promise<string> {
  return await realpath(await mkdtemp(join(tmpdir(), "runtrail-source-")));
}

async function linesOf(source: SourceFiles, file: string): Promise<SourceLine[]> {
  const lines: SourceLine[] = [];
  for await (const line of source.lines(file)) lines.push(line);
  return lines;
}

async function textsOf(
  content: string | Buffer,
): Promise<{ texts: string[]; lines: SourceLine[]; problems: object[] }> {
  const file = join(await emptyFolder(), "log.jsonl");
  await writeFile(file, content);
  const source = openSourceFiles(file);
  const lines = await linesOf(source, file);
  return {
    lines,
    texts: lines.map(({ text }) => text),
    problems: source.problems.map(({ line, reason }) => ({ line, reason })),
  };
}

describe("what is no file", () => {
  it.skipIf(isWindows)("is not waited for: pipes, sockets and devices", async () => {
    const root = await emptyFolder();
    await promisify(execFile)("mkfifo", [join(root, "pipe")]);
    const server = createServer().listen(join(root, "socket"));
    await symlink("/dev/zero", join(root, "zero"));
    await symlink("pipe", join(root, "to-pipe"));
    const source = openSourceFiles(root);
    expect(await source.list(root)).toEqual([]);
    for (const name of ["pipe", "socket", "zero", "to-pipe"]) {
      const path = join(root, name);
      expect([await source.text(path), await source.look(path), await linesOf(source, path)]).toEqual([
        undefined,
        undefined,
        [],
      ]);
    }
    expect(source.problems).toEqual([]);
    server.close();
  });

  it.skipIf(isWindows)("is said to be none where it is what was to be read", async () => {
    const root = await emptyFolder();
    await promisify(execFile)("mkfifo", [join(root, "pipe")]);
    for (const [path, reason] of [
      [join(root, "pipe"), "Not a file."],
      ["/dev/zero", "Not a file."],
      [join(root, "nothing"), "There is no such file."],
    ] as const) {
      const source = openSourceFiles(path);
      expect(await source.text(path)).toBeUndefined();
      expect(source.problems).toEqual([{ file: path, reason }]);
    }
  });
});

describe.skipIf(isWindows)("links", () => {
  it("that lead out of the root are not followed, wherever on the way they stand", async () => {
    const outside = await emptyFolder();
    await writeFile(join(outside, "secret.txt"), "secret");
    const root = await emptyFolder();
    await symlink(outside, join(root, "folder"));
    await symlink(join(outside, "secret.txt"), join(root, "file.txt"));
    const source = openSourceFiles(root);
    expect(await source.list(root)).toEqual([]);
    expect(await source.list(join(root, "folder"))).toEqual([]);
    for (const path of [join(root, "file.txt"), join(root, "folder", "secret.txt")]) {
      expect([await source.text(path), await source.look(path), await linesOf(source, path)]).toEqual([
        undefined,
        undefined,
        [],
      ]);
    }
    expect(source.problems).toEqual([]);
  });

  it("to files inside are read; folders are listed in their own place only, and no circle is gone round", async () => {
    const root = await emptyFolder();
    await mkdir(join(root, "a"));
    await writeFile(join(root, "a", "one.txt"), "1");
    await symlink(join("a", "one.txt"), join(root, "two.txt"));
    await symlink("..", join(root, "a", "up"));
    await symlink("b", join(root, "c"));
    await symlink("c", join(root, "b"));
    const source = openSourceFiles(root);
    expect(await source.list(root)).toEqual([
      { name: "a", kind: "folder" },
      { name: "two.txt", kind: "file" },
    ]);
    expect(await source.list(join(root, "a"))).toEqual([{ name: "one.txt", kind: "file" }]);
    expect(await source.text(join(root, "two.txt"))).toBe("1");
    expect(await source.text(join(root, "b"))).toBeUndefined();
    expect(source.problems).toEqual([]);
  });

  it("are followed where they are the root itself", async () => {
    const folder = await emptyFolder();
    await writeFile(join(folder, "one.txt"), "1");
    const links = await emptyFolder();
    await symlink(folder, join(links, "folder"));
    await symlink(join(folder, "one.txt"), join(links, "file"));
    const ofFolder = openSourceFiles(join(links, "folder"));
    expect(await ofFolder.list(join(links, "folder"))).toEqual([{ name: "one.txt", kind: "file" }]);
    expect(await ofFolder.text(join(links, "folder", "one.txt"))).toBe("1");
    expect(await openSourceFiles(join(links, "file")).text(join(links, "file"))).toBe("1");
  });
});

describe("the lines of a file", () => {
  it("end with LF or CRLF, begin after a BOM, and keep U+2028", async () => {
    const { lines, problems } = await textsOf("\ufeffone\r\n\u2028two\n\nlast");
    expect(lines).toEqual([
      { text: "one", number: 1, offset: 0, isTorn: false },
      { text: "\u2028two", number: 2, offset: 8, isTorn: false },
      { text: "", number: 3, offset: 15, isTorn: false },
      { text: "last", number: 4, offset: 16, isTorn: true },
    ]);
    expect(problems).toEqual([]);
  });

  it("are the same wherever the pieces end that they are read in", async () => {
    const many = Array.from({ length: 3000 }, (_, index) => `${index} ${"☂é".repeat(index % 90)}`);
    const { texts, lines, problems } = await textsOf(`${many.join("\n")}\n`);
    expect(texts).toEqual(many);
    expect(lines.at(-1)?.offset).toBe(Buffer.byteLength(`${many.slice(0, -1).join("\n")}\n`));
    expect(problems).toEqual([]);
  });

  it("are told to be damaged where they are not UTF-8, but not where the cut is in a character", async () => {
    const whole = Buffer.from("a ☂");
    const { texts, problems } = await textsOf(
      Buffer.concat([Buffer.from([0xff, 0x41, 0x0a]), Buffer.from("\ufffd\n"), whole.subarray(0, -1)]),
    );
    expect(texts.slice(0, 2)).toEqual(["\ufffdA", "\ufffd"]);
    expect(problems).toEqual([{ line: 1, reason: expect.stringContaining("Not valid UTF-8") }]);
  });

  it("may be a thousand megabytes long without being held", async () => {
    const file = join(await emptyFolder(), "log.jsonl");
    await writeFile(file, "first\n");
    await truncate(file, 1024 ** 3);
    await appendFile(file, "\nlast\n");
    const source = openSourceFiles(file);
    const before = process.memoryUsage().rss;
    let most = 0;
    let delay = 0;
    let at = performance.now();
    const watch = setInterval(() => {
      most = Math.max(most, process.memoryUsage().rss - before);
      delay = Math.max(delay, performance.now() - at);
      at = performance.now();
    }, 10);
    const lines = await linesOf(source, file);
    clearInterval(watch);
    expect(lines.map(({ text, number }) => [number, text])).toEqual([
      [1, "first"],
      [3, "last"],
    ]);
    expect(source.problems).toMatchObject([{ line: 2, reason: expect.stringMatching(/^A line of 1073741818 bytes/u) }]);
    expect(most).toBeLessThan(200 * 1024 ** 2);
    expect(delay).toBeLessThan(1000);
  });

  it("stop where the signal is aborted in the middle, and the file is let go", async () => {
    const file = join(await emptyFolder(), "log.jsonl");
    await writeFile(file, `${"x".repeat(99)}\n`.repeat(10_000));
    const controller = new AbortController();
    const source = openSourceFiles(file, controller.signal);
    let count = 0;
    const read = async () => {
      for await (const _ of source.lines(file)) {
        count += 1;
        if (count === 10) controller.abort(new Error("enough"));
      }
    };
    await expect(read()).rejects.toThrow("enough");
    expect(count).toBeLessThan(10_000);
    await expect(source.text(file)).rejects.toThrow("enough");
    await expect(source.list(file)).rejects.toThrow("enough");
  });

  it("are read to the end that the file has then, and outlive it", async () => {
    const file = join(await emptyFolder(), "log.jsonl");
    const block = `${"x".repeat(99)}\n`.repeat(5000);
    await writeFile(file, block);
    const source = openSourceFiles(file);
    let count = 0;
    for await (const _ of source.lines(file)) {
      count += 1;
      if (count === 1) {
        await appendFile(file, "more\n");
        await rm(file);
      }
    }
    expect(count).toBe(5001);
    expect(source.problems).toEqual([]);
  });
});

describe("the text of a file", () => {
  it("is without a BOM, and told to be damaged where it is not UTF-8", async () => {
    const root = await emptyFolder();
    await writeFile(join(root, "bom.txt"), "\ufeffhello\r\n");
    await writeFile(join(root, "bad.txt"), Buffer.from([0x41, 0xc3, 0x28]));
    const source = openSourceFiles(root);
    expect(await source.text(join(root, "bom.txt"))).toBe("hello\r\n");
    expect(await source.text(join(root, "bad.txt"))).toBe("A\ufffd(");
    expect(source.problems).toMatchObject([{ file: join(root, "bad.txt") }]);
  });

  it("is left out where it is too large, even where the file grows while it is read", async () => {
    const root = await emptyFolder();
    const file = join(root, "large.txt");
    await writeFile(file, "x".repeat(101));
    const source = openSourceFiles(root, undefined, { fileBytes: 100, lineBytes: 100 });
    expect(await source.text(file)).toBeUndefined();
    expect(source.problems).toEqual([{ file, reason: "Too large to be read: 101 bytes, the limit is 100." }]);
    await writeFile(file, "x".repeat(100));
    expect(await source.text(file)).toHaveLength(100);
    const grown = await open("/proc/self/maps", "r").catch(() => undefined);
    await grown?.close();
    // Its size is said to be 0.
    if (grown) expect(await openSourceFiles("/proc/self").text("/proc/self/status")).toContain("Name:");
  });
});

describe("where it looked", () => {
  it("is remembered, whether something was there or not", async () => {
    const root = await emptyFolder();
    await writeFile(join(root, "a.txt"), "a");
    const source = openSourceFiles(root);
    await source.list(root);
    await source.text(join(root, "a.txt"));
    await source.look(join(root, "b.txt"));
    await linesOf(source, join(root, "c.txt"));
    await source.text(join(root, "a.txt"));
    expect(source.files).toEqual([root, ...["a.txt", "b.txt", "c.txt"].map((name) => join(root, name))]);
  });

  it("may be several files at once", async () => {
    const root = await emptyFolder();
    const names = Array.from({ length: 40 }, (_, index) => join(root, `${index}.txt`));
    for (const name of names) await writeFile(name, name);
    const source = openSourceFiles(root);
    const texts = new Map<string, string | undefined>();
    let atOnce = 0;
    let most = 0;
    await source.each(names, async (file) => {
      atOnce += 1;
      most = Math.max(most, atOnce);
      texts.set(file, await source.text(file));
      atOnce -= 1;
    });
    expect([...texts].every(([file, text]) => file === text)).toBe(true);
    expect(texts.size).toBe(40);
    expect(most).toBeGreaterThan(4);
  });
});
