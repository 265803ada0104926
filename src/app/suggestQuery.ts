/** The query a recording was made with: what to offer for an expert that replays one. */
import { dirname } from "node:path";
import { readDefinition } from "./findDefinitions";
import { createRecordingSource } from "./recordings";

/** `undefined` where the expert does not replay, or there is no recording. */
export async function suggestQuery(
  definitionPath: string,
  expertKey: string,
  workspaceRoot = dirname(definitionPath),
): Promise<string | undefined> {
  const { definition } = await readDefinition(definitionPath);
  if (definition?.provider?.providerName !== "replay") return undefined;
  const definitionFolder = dirname(definitionPath);
  const source = createRecordingSource({ workspaceRoot, definitionFolder, expertKey });
  const recording = await source.find(definition.model);
  return recording?.events.flatMap((event) => (event.type === "startRun" ? [event.query] : []))[0];
}
