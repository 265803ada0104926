/** The todo list of a run: plain data and the two changes Perstack's `todo` and `clearTodo` make. */

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

export function openTodos(todos: readonly Todo[]): Todo[] {
  return todos.filter(({ completed }) => !completed);
}
