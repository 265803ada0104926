/** `todo` and `clearTodo`: the list of what the model means to do in this run. */
import * as z from "zod";
import { updateTodos } from "../../model/todos";
import { defineTool, jsonResult } from "./tool";

export const todo = defineTool({
  name: "todo",
  description: `Keep a list of the steps of a longer task. newTodos adds titles to the end of the list; completedTodos marks todos as
done by their id. Both may be given in one call. Answers with the whole list; ids count from 0.
attemptCompletion is held up while todos are open.`,
  schema: z.object({ newTodos: z.array(z.string()).optional(), completedTodos: z.array(z.number()).optional() }),
  effect: "none",
  async execute(change, context) {
    const todos = updateTodos(context.todos, change);
    context.setTodos(todos);
    return jsonResult({ todos });
  },
});

export const clearTodo = defineTool({
  name: "clearTodo",
  description:
    "Remove all todos, open and completed. Use it when the plan has changed so much that a new list is better.",
  schema: z.object({}),
  effect: "none",
  async execute(_args, context) {
    context.setTodos([]);
    return jsonResult({ todos: [] });
  },
});
