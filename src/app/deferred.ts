/**
 * What the application loads after its start, in one piece: a loader takes longer for twenty small files than for one of
 * their size. Always import this module dynamically; the SDKs of providers are still loaded only when a model is opened.
 */
export { formats } from "../formats/index";
export { parseDefinition } from "../model/definitionDocument";
export { formatDetails } from "../model/itemText";
export { formatRunLog } from "../model/runLog";
export { providers } from "../runtime/providers/index";
export { createReaper } from "../runtime/reaper";
export { isAlive } from "../store/isAlive";
export { readJournal } from "../store/readJournal";
export { recoverRuns } from "../store/recovery";
export { removeFolder } from "../store/removeFolder";
export { planPrune, prune } from "../store/retention";
export { listRunsOfJob } from "../store/runFolders";
export { createRunQueue } from "./createRunQueue";
export { readEnvFiles } from "./envFiles";
export { findDefinitionFiles, readDefinitions } from "./findDefinitions";
export { listModels } from "./listModels";
export { createLiveExports } from "./liveExports";
export { createLogTasks } from "./logTasks";
export { readCheckpointOf } from "./readCheckpointOf";
export { findSources, readForeignJob, readSource } from "./readForeign";
export { openForeignRunReader } from "./readForeignRun";
export { resumeRun, startRun } from "./startRun";
export { suggestQuery } from "./suggestQuery";
