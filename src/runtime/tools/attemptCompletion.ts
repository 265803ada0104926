/** `attemptCompletion`: the model says that it is done; open todos speak against it. */
import * as z from "zod";
import { openTodos } from "../../model/todos";
import { defineTool, jsonResult } from "./tool";

export const attemptCompletion = defineTool({
  name: "attemptCompletion",
  description: `Say that the task is done. Call it alone, as the last call, when everything asked for has been done and checked.
If todos are still open it answers with them as remainingTodos and the task goes on: do them, mark them completed with
todo, or drop them with clearTodo. After an empty answer, write the final reply to the user.`,
  schema: z.object({}),
  effect: "none",
  async execute(_args, { todos }) {
    const remainingTodos = openTodos(todos);
    return jsonResult(remainingTodos.length > 0 ? { remainingTodos } : {});
  },
});
