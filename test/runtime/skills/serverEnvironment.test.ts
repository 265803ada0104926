import { describe, expect, it } from "vitest";
import { serverEnvironment } from "../../../src/runtime/skills/serverEnvironment";
import { skillBench, stdioSkill } from "./skillBench";

const own = {
  ...{ PATH: process.env.PATH, HOME: "/home/her", SHELL: "/bin/sh", TERM: "dumb", NODE_PATH: "/lib" },
  ...{ HTTP_PROXY: "http://a", HTTPS_PROXY: "http://b", NO_PROXY: "c" },
  ...{ http_proxy: "http://d", https_proxy: "http://e", no_proxy: "f" },
  ...{ PERSTACK_PROXY_URL: "http://g", NPM_CONFIG_PROXY: "http://h", NPM_CONFIG_HTTPS_PROXY: "http://i" },
};
const others = {
  ...{ ANTHROPIC_API_KEY: "secret", AWS_SECRET_ACCESS_KEY: "secret", LANG: "C", USER: "her", EDITOR: "vi" },
  ...{ NODE_OPTIONS: "--inspect", LD_PRELOAD: "/evil.so", DYLD_INSERT_LIBRARIES: "/evil.dylib", PYTHONPATH: "/evil" },
};

describe("the environment of a server", () => {
  it("is the fixed list and the variables that its skill asks for, and nothing else", async () => {
    const env = { ...own, ...others, TOKEN: "t", OTHER: "o" };
    const bench = await skillBench({ files: stdioSkill([], { requiredEnv: ["TOKEN"] }) }, { env });
    expect(JSON.parse(await bench.text("env"))).toEqual({ ...own, TOKEN: "t" });
  });

  it("takes no variable that would make a program run other code, even where the skill asks for it", async () => {
    const asked = ["NODE_OPTIONS", "LD_PRELOAD", "DYLD_INSERT_LIBRARIES", "PYTHONPATH", "PATH", "TOKEN"];
    const env = { PATH: own.PATH, TOKEN: "t", ...others };
    const bench = await skillBench({ files: stdioSkill([], { requiredEnv: asked }) }, { env });
    expect(JSON.parse(await bench.text("env"))).toEqual({ PATH: own.PATH, TOKEN: "t" });
    expect(bench.lines()).toContain("LD_PRELOAD is not passed on to a server, although requiredEnv names it.");
  });

  it("counts an empty variable as missing", () => {
    expect(serverEnvironment({ A: "", B: "b" }, ["A", "B", "C", "LD_AUDIT"])).toEqual({
      env: { B: "b" },
      missing: ["A", "C"],
      refused: ["LD_AUDIT"],
    });
  });
});
