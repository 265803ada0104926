/** The version of this program, as the package says it. */
import manifest from "../../package.json";

export const runtimeVersion: string = manifest.version;
