/** The version of this program, as the package says it. */
import { version } from "../../package.json";

export const runtimeVersion: string = version;
