/** API keys in the editor's secret storage, by the name of the environment variable they stand for. */
import type * as vscode from "vscode";

const namesKey = "runtrail.apiKeyNames";

export class ApiKeys {
  private readonly seen = new Map<string, string>();

  /** @param memento remembers which names are stored: the secret storage of older editors cannot list them. */
  constructor(
    private readonly secrets: vscode.SecretStorage,
    private readonly memento: vscode.Memento,
  ) {}

  storedNames(): readonly string[] {
    return this.memento.get<string[]>(namesKey, []);
  }

  async read(names: readonly string[]): Promise<Record<string, string>> {
    const found: Record<string, string> = {};
    for (const name of names) {
      const value = await this.secrets.get(secretKey(name));
      if (value) found[name] = value;
    }
    for (const [name, value] of Object.entries(found)) this.seen.set(name, value);
    return found;
  }

  /** The keys that were read or stored since the editor started, for what must not show them. */
  known(): ReadonlyMap<string, string> {
    return this.seen;
  }

  async set(name: string, value: string): Promise<void> {
    this.seen.set(name, value);
    await this.secrets.store(secretKey(name), value);
    await this.memento.update(namesKey, [...new Set([...this.storedNames(), name])].sort());
  }

  async remove(name: string): Promise<void> {
    await this.secrets.delete(secretKey(name));
    const left = this.storedNames().filter((each) => each !== name);
    await this.memento.update(namesKey, left);
  }
}

function secretKey(name: string): string {
  return `runtrail.apiKey.${name}`;
}
