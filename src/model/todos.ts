/** The todo list of a run: plain data and the two changes Perstack's `todo` and `clearTodo` make. */
import { parseJson } from "../base/lines";
import type { Message } from "./message";

export interface Todo {
  id: number;
  title: string;
  completed: boolean;
}

export function updateTodos(
  todos: readonly Todo[],
  change: { newTodos?: string[] | undefined; completedTodos?: number[] | undefined },
): Todo[] {
  const added = (change.newTodos ?? []).map((title, index) => ({ id: todos.length + index, title, completed: false }));
  return [...todos, ...added].map((todo) =>
    change.completedTodos?.includes(todo.id) ? { ...todo, completed: true } : todo,
  );
}

/**
 * The list as the conversation tells it: every answer of the `todo` tools names all of it, so the last one counts. What
 * comes from a file of someone else may be anything: what is no list is none.
 */
export function todosOf(messages: readonly Message[]): Todo[] {
  for (const message of messages.toReversed()) {
    if (message.type !== "toolMessage") continue;
    for (const { toolName, contents } of message.contents.toReversed()) {
      const [part] = contents;
      if ((toolName !== "todo" && toolName !== "clearTodo") || part?.type !== "textPart") continue;
      const value = parseJson(part.text);
      if (typeof value !== "object" || value === null || !("todos" in value) || !Array.isArray(value.todos)) continue;
      return value.todos.filter(isTodo);
    }
  }
  return [];
}

function isTodo(value: unknown): value is Todo {
  if (typeof value !== "object" || value === null) return false;
  const { id, title, completed } = value as Partial<Todo>;
  return typeof id === "number" && typeof title === "string" && typeof completed === "boolean";
}

export function openTodos(todos: readonly Todo[]): Todo[] {
  return todos.filter(({ completed }) => !completed);
}
