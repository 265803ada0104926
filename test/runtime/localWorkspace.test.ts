import { execFileSync, spawn } from "node:child_process";
import { chmod, link, lstat, readdir, readFile, rm, stat, symlink } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { openWorkspace } from "../../src/runtime/localWorkspace";
import { type Workspace, WorkspaceError } from "../../src/runtime/ports";
import { temporaryWorkspace } from "./temporaryWorkspace";

async function refusal(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(WorkspaceError);
  return error instanceof Error ? error.message : "";
}

describe("a workspace", () => {
  it("resolves a root that is a link, and takes absolute paths by either name", async () => {
    const { outer } = await temporaryWorkspace({ "ws/a.txt": "here" });
    await symlink(join(outer, "ws"), join(outer, "alias"));
    const workspace = await openWorkspace(join(outer, "alias"));
    expect(workspace.root).toBe(join(outer, "ws"));
    for (const path of [join(outer, "alias/a.txt"), join(outer, "ws/a.txt"), "a.txt", "./x/../a.txt"]) {
      expect((await workspace.readFile(path)).toString()).toBe("here");
    }
  });

  it("cannot be opened where there is no folder", async () => {
    const { outer } = await temporaryWorkspace({ "ws/a.txt": "here" });
    expect(await refusal(openWorkspace(join(outer, "nothing")))).toMatch(/does not exist/);
    expect(await refusal(openWorkspace(join(outer, "ws/a.txt")))).toMatch(/not a folder/);
  });

  it.each([
    ["..", "../secret.txt"],
    ["an absolute path", "/etc/passwd"],
    ["the home folder", "~/.profile"],
    ["the home folder itself", "~"],
    ["a link to a file", "linkFile"],
    ["a link to a folder", "linkFolder/secret.txt"],
    ["a chain of links", "chain"],
    ["a dangling link", "dangling"],
    ["a new file below a linked folder", "linkFolder/new.txt"],
    ["new folders below a linked folder", "linkFolder/x/y/new.txt"],
    ["a link out of a folder", "sub/up/secret.txt"],
  ])("refuses to leave by %s, for reading and writing", async (_how, path) => {
    const { outer, workspace } = await temporaryWorkspace({ "secret.txt": "secret", "ws/sub/a.txt": "a" });
    const { root } = workspace;
    await symlink("../secret.txt", join(root, "linkFile"));
    await symlink(outer, join(root, "linkFolder"));
    await symlink("linkFile", join(root, "chain"));
    await symlink(join(outer, "new.txt"), join(root, "dangling"));
    await symlink("../..", join(root, "sub/up"));
    const works: ((path: string) => Promise<unknown>)[] = [
      (at) => workspace.resolve(at),
      (at) => workspace.resolve(at, "keep"),
      (at) => workspace.stat(at),
      (at) => workspace.readFile(at),
      (at) => workspace.writeFile(at, "x"),
      (at) => workspace.appendFile(at, "x"),
      (at) => workspace.deleteFile(at),
      (at) => workspace.list(at),
      (at) => workspace.createDirectory(at),
      (at) => workspace.deleteDirectory(at, { recursive: true }),
      (at) => workspace.rename(at, "there"),
      (at) => workspace.rename("sub/a.txt", at),
      (at) => workspace.exec(command("true", { cwd: at })),
    ];
    for (const work of works) expect(await refusal(work(path))).toMatch(/leads out of the workspace folder/);
    expect((await readdir(outer)).sort()).toEqual(["secret.txt", "ws"]);
    expect(await readFile(join(outer, "secret.txt"), "utf8")).toBe("secret");
  });

  it("refuses perstack in any case and through links, and leaves it out of the list", async () => {
    const { workspace } = await temporaryWorkspace({ "ws/perstack/jobs/j.json": "{}", "ws/sub/perstack/a": "a" });
    await symlink("perstack", join(workspace.root, "link"));
    for (const path of [
      "perstack",
      "PERSTACK/jobs/j.json",
      "./perstack/new",
      "sub/../perstack/jobs",
      "link/jobs/j.json",
    ]) {
      expect(await refusal(workspace.readFile(path))).toMatch(/holds the records of runs/);
      expect(await refusal(workspace.writeFile(path, "x"))).toMatch(/holds the records of runs/);
    }
    expect(await refusal(workspace.rename("sub", "Perstack"))).toMatch(/holds the records of runs/);
    expect((await workspace.list(".")).map(({ name, stat: { type } }) => [name, type])).toEqual([
      ["link", "other"],
      ["sub", "directory"],
    ]);
    expect((await workspace.readFile("sub/perstack/a")).toString()).toBe("a");
  });

  it("takes ~ for the home folder where that is the workspace", async () => {
    const workspace = await openWorkspace(homedir());
    expect(await workspace.resolve("~")).toBe(workspace.root);
    expect(await workspace.resolve("~/no-such-file")).toBe(join(workspace.root, "no-such-file"));
  });

  it("words every bad path for the model", async () => {
    const { workspace } = await temporaryWorkspace({ "ws/file.txt": "x", "ws/full/a": "a" });
    await symlink("loop", join(workspace.root, "loop"));
    expect(await refusal(workspace.readFile(""))).toMatch(/empty/);
    expect(await refusal(workspace.readFile("a\0b"))).toMatch(/NUL/);
    expect(await refusal(workspace.readFile("x".repeat(5_000)))).toMatch(/too long/);
    expect((await refusal(workspace.readFile("y/".repeat(500_000)))).length).toBeLessThan(400);
    expect(await refusal(workspace.readFile("nothing.txt"))).toBe("“nothing.txt” does not exist.");
    expect(await refusal(workspace.readFile("full"))).toMatch(/is a folder, not a file/);
    expect(await refusal(workspace.readFile("file.txt/x"))).toMatch(/“file.txt”, which is not a folder/);
    expect(await refusal(workspace.readFile("loop"))).toMatch(/in a circle/);
    expect(await refusal(workspace.writeFile("no/such/x.txt", "x"))).toMatch(/Create it with createDirectory/);
    expect(await refusal(workspace.writeFile(".", "x"))).toMatch(/the workspace folder itself/);
    expect(await refusal(workspace.rename("file.txt", "no/x.txt"))).toMatch(/folder of “no\/x.txt” does not exist/);
    expect(await refusal(workspace.rename("nothing", "x"))).toBe("“nothing” does not exist.");
    expect(await refusal(workspace.deleteFile("full"))).toMatch(/deleteDirectory/);
    expect(await refusal(workspace.deleteDirectory("file.txt", { recursive: true }))).toMatch(/deleteFile/);
    expect(await refusal(workspace.deleteDirectory("full", { recursive: false }))).toMatch(/set recursive to true/);
    expect(await refusal(workspace.deleteDirectory(".", { recursive: true }))).toMatch(/the workspace folder itself/);
    expect(await refusal(workspace.createDirectory("full"))).toBe("“full” already exists.");
    expect(await refusal(workspace.list("file.txt"))).toMatch(/not a folder/);
    expect(await workspace.stat("nothing.txt")).toBeUndefined();
  });

  it("does not open pipes, which would wait for ever", async () => {
    const { workspace } = await temporaryWorkspace();
    execFileSync("mkfifo", [join(workspace.root, "pipe")]);
    expect(await refusal(workspace.readFile("pipe"))).toMatch(/not a regular file/);
    expect(await refusal(workspace.writeFile("pipe", "x"))).toMatch(/not a regular file/);
    expect(await refusal(workspace.appendFile("pipe", "x"))).toMatch(/not a regular file/);
    expect((await workspace.list("."))[0]?.stat.type).toBe("other");
    await workspace.deleteFile("pipe");
  });

  it("says so when its folder has vanished", async () => {
    const { outer, workspace } = await temporaryWorkspace();
    await rm(workspace.root, { recursive: true });
    await symlink(outer, workspace.root);
    const works = [() => workspace.stat("a"), () => workspace.list("."), () => workspace.writeFile("a", "x")];
    for (const work of works) {
      expect(await refusal(work())).toMatch(/The workspace folder .* is no longer there/);
    }
    await rm(workspace.root);
    expect(await refusal(workspace.exec(command("true")))).toMatch(/is no longer there/);
  });

  it("replaces a file and keeps its mode, its other names and links to it", async () => {
    const { workspace } = await temporaryWorkspace({ "ws/run.sh": "old", "ws/two.txt": "old" });
    const at = (path: string) => join(workspace.root, path);
    await chmod(at("run.sh"), 0o750);
    await link(at("two.txt"), at("twin.txt"));
    await symlink("run.sh", at("link.sh"));
    await workspace.writeFile("link.sh", "new");
    await workspace.writeFile("two.txt", "new");
    expect(await readFile(at("run.sh"), "utf8")).toBe("new");
    expect((await stat(at("run.sh"))).mode & 0o777).toBe(0o750);
    expect((await lstat(at("link.sh"))).isSymbolicLink()).toBe(true);
    expect(await readFile(at("twin.txt"), "utf8")).toBe("new");
    expect((await readdir(workspace.root)).sort()).toEqual(["link.sh", "run.sh", "twin.txt", "two.txt"]);
  });

  it("leaves the old content whole where the new one does not fit", async () => {
    const { workspace } = await temporaryWorkspace({ "ws/a.txt": "old", "ws/b.txt": "start" });
    // A limit on the size of files fails in the middle of a write, as a full disk does.
    limitFileSize(String(64 * 1024));
    onTestFinished(() => limitFileSize("unlimited"));
    const large = "x".repeat(1_000_000);
    expect(await refusal(workspace.writeFile("a.txt", large))).toMatch(/too large for this disk/);
    expect(await refusal(workspace.writeFile("new.txt", large))).toMatch(/too large for this disk/);
    expect(await refusal(workspace.appendFile("b.txt", large))).toMatch(/too large for this disk/);
    expect((await workspace.list(".")).map(({ name }) => name)).toEqual(["a.txt", "b.txt"]);
    expect((await workspace.readFile("a.txt")).toString()).toBe("old");
    expect((await workspace.readFile("b.txt")).toString()).toBe("start");
  });

  it("deletes and moves a link, not what it points to", async () => {
    const { workspace } = await temporaryWorkspace({ "ws/target.txt": "kept", "ws/folder/a.txt": "kept" });
    await symlink("target.txt", join(workspace.root, "link"));
    await symlink("folder", join(workspace.root, "folderLink"));
    expect(await refusal(workspace.deleteDirectory("folderLink", { recursive: true }))).toMatch(/symbolic link/);
    await workspace.rename("link", "moved");
    await workspace.deleteFile("moved");
    await workspace.deleteFile("folderLink");
    expect((await workspace.list(".")).map(({ name }) => name)).toEqual(["folder", "target.txt"]);
    expect((await workspace.readFile("folder/a.txt")).toString()).toBe("kept");
  });

  it("deletes a folder with links in it without following them", async () => {
    const { outer, workspace } = await temporaryWorkspace({ "keep/a.txt": "kept", "ws/folder/sub/b.txt": "b" });
    await symlink(join(outer, "keep"), join(workspace.root, "folder/sub/link"));
    await workspace.deleteDirectory("folder", { recursive: true });
    expect(await readFile(join(outer, "keep/a.txt"), "utf8")).toBe("kept");
    expect(await workspace.list(".")).toEqual([]);
  });

  it("creates the folders above a new one", async () => {
    const { workspace } = await temporaryWorkspace();
    await workspace.createDirectory("a/b/c");
    expect((await workspace.stat("a/b/c"))?.type).toBe("directory");
  });

  it("works with names in any script", async () => {
    const { workspace } = await temporaryWorkspace();
    const path = "Ünï/日本語 🎉\u2028.txt";
    await workspace.createDirectory("Ünï");
    await workspace.writeFile(path, "— ✓");
    await workspace.appendFile(path, "\u{1f600}");
    expect((await workspace.readFile(path)).toString()).toBe("— ✓\u{1f600}");
    expect((await workspace.list("Ünï")).map(({ name }) => name)).toEqual([basename(path)]);
  });
});

describe.runIf(process.platform === "linux")("a folder that is swapped for a link to the outside meanwhile", () => {
  it("gives away nothing and lets nothing be changed there", async () => {
    const { outer, workspace } = await temporaryWorkspace({
      ...{
        "out/a.txt": "SECRET",
        "out/b.txt": "SECRET",
        "out/folder/a.txt": "SECRET",
        "out/gone/a.txt": "SECRET",
        "out/SECRET.txt": "",
      },
      ...{ "ws/d/a.txt": "inside", "ws/d/b.txt": "inside", "ws/d/folder/a.txt": "inside", "ws/d/gone/a.txt": "inside" },
    });
    await symlink(join(outer, "out"), join(workspace.root, "l"));
    const swapper = spawn(process.execPath, ["-e", swapScript], { cwd: workspace.root, stdio: "ignore" });
    onTestFinished(async () => {
      const gone = new Promise((resolve) => swapper.once("exit", resolve));
      if (swapper.kill("SIGKILL")) await gone;
    });
    const counts = { refused: 0, done: 0 };
    const tally = async (work: Promise<unknown>) => {
      try {
        const value = await work;
        const seen = Buffer.isBuffer(value) ? value.toString() : JSON.stringify(value ?? null);
        expect(seen).not.toContain("SECRET");
        counts.done += 1;
      } catch (error) {
        if (!(error instanceof WorkspaceError)) throw error;
        counts.refused += 1;
      }
    };
    // Until both the real folder and the link have been met many times.
    while (counts.done < 300 || counts.refused < 300) {
      expect(swapper.exitCode).toBeNull();
      await tally(workspace.readFile("d/a.txt"));
      await tally(workspace.writeFile("d/new.txt", "written"));
      await tally(workspace.deleteFile("d/new.txt"));
      await tally(workspace.appendFile("d/a.txt", "+"));
      await tally(workspace.list("d"));
      await tally(workspace.readFile("d/folder/a.txt"));
      await tally(workspace.writeFile("d/folder/a.txt", "written"));
      await tally(workspace.writeFile("d/folder/new.txt", "written"));
      await tally(workspace.deleteFile("d/folder/new.txt"));
      await tally(workspace.rename("d/b.txt", "b.txt"));
      if (await workspace.stat("b.txt")) await tally(workspace.readFile("b.txt"));
      await tally(workspace.rename("b.txt", "d/b.txt"));
      await tally(workspace.deleteDirectory("d/gone", { recursive: true }));
    }
    expect((await readdir(join(outer, "out"))).sort()).toEqual(["SECRET.txt", "a.txt", "b.txt", "folder", "gone"]);
    expect(await readdir(join(outer, "out/folder"))).toEqual(["a.txt"]);
    for (const path of ["a.txt", "b.txt", "folder/a.txt", "gone/a.txt"]) {
      expect(await readFile(join(outer, "out", path), "utf8")).toBe("SECRET");
    }
  });
});

/** `d` is by turns the folder and the link. */
const swapScript = `const { renameSync } = require("node:fs");
for (;;) { renameSync("d", "real"); renameSync("l", "d"); renameSync("d", "l"); renameSync("real", "d"); }`;

/** The soft limit of this very process; the signal that comes with it is ignored by Node. */
function limitFileSize(bytes: string): void {
  execFileSync("prlimit", ["--pid", String(process.pid), `--fsize=${bytes}:`]);
}

function command(name: string, rest: Partial<Parameters<Workspace["exec"]>[0]> = {}): Parameters<Workspace["exec"]>[0] {
  const signal = new AbortController().signal;
  return { command: name, args: [], env: {}, cwd: ".", timeoutMs: 60_000, outputLimit: 100_000, signal, ...rest };
}
