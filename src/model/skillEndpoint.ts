/** Where an MCP server may be reached: over https anywhere, over plain http on this machine only. */

/** What is wrong with the address, a sentence; `undefined` where nothing is. */
export function endpointFault(endpoint: string): string | undefined {
  if (!URL.canParse(endpoint)) return "It must be an address, as in “https://example.com/mcp”.";
  const { protocol, hostname, username, password } = new URL(endpoint);
  if (username !== "" || password !== "") return "It must not hold a user name or a password.";
  if (protocol === "https:") return undefined;
  if (protocol !== "http:") return "It must begin with https://.";
  if (isThisMachine(hostname)) return undefined;
  return "It must begin with https://: plain http is for servers on this machine only.";
}

function isThisMachine(hostname: string): boolean {
  return /^(?:(?:.+\.)?localhost|127(?:\.\d+){3}|\[::1\])$/u.test(hostname);
}
