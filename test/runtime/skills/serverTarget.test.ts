import { describe, expect, it } from "vitest";
import { serverTarget } from "../../../src/runtime/skills/serverTarget";

function argsOf(command: string, rest: { packageName?: string; args?: string[] }): readonly string[] {
  const target = serverTarget("x", { type: "mcpStdioSkill", command, ...rest }, {});
  return target.kind === "command" ? target.args : [];
}

describe("the command of a skill", () => {
  it("is npx with -y, which nobody could answer otherwise", () => {
    expect(argsOf("npx", { packageName: "a-server" })).toEqual(["-y", "a-server"]);
    expect(argsOf("/usr/bin/npx", { args: ["a-server", "--root", "."] })).toEqual(["-y", "a-server", "--root", "."]);
    expect(argsOf("npx", { args: ["-y", "a-server"] })).toEqual(["-y", "a-server"]);
  });

  it("is any other one as it stands", () => {
    expect(argsOf("uvx", { packageName: "a-server" })).toEqual(["a-server"]);
    expect(argsOf("node", { args: ["server.js"] })).toEqual(["server.js"]);
    expect(argsOf("a-server", { args: [] })).toEqual([]);
  });

  it("has more time where it may download its server", () => {
    const isDownload = (command: string) => {
      const target = serverTarget("x", { type: "mcpStdioSkill", command, args: [] }, {});
      return target.kind === "command" && target.isDownload;
    };
    expect(["npx", "uvx", "npx.cmd", "node", "./server"].map(isDownload)).toEqual([true, true, true, false, false]);
  });
});

describe("the endpoint of a skill", () => {
  it.each(["https://example.com/mcp", "http://127.0.0.1:3000/mcp", "http://localhost:3000", "http://[::1]:3000/sse"])(
    "may be %s",
    (endpoint) => {
      expect(serverTarget("x", { type: "mcpSseSkill", endpoint }, {})).toEqual({
        kind: "address",
        url: new URL(endpoint),
      });
    },
  );

  it.each([
    ["http://example.com/mcp", "plain http is for servers on this machine only"],
    ["http://localhost.example.com/mcp", "plain http is for servers on this machine only"],
    ["http://10.0.0.1/mcp", "plain http is for servers on this machine only"],
    ["file:///etc/passwd", "It must begin with https://."],
    ["https://her:secret@example.com/mcp", "It must not hold a user name or a password."],
    ["nowhere", "It must be an address"],
  ])("may not be %s", (endpoint, words) => {
    expect(() => serverTarget("x", { type: "mcpSseSkill", endpoint }, {})).toThrow(words);
  });
});
