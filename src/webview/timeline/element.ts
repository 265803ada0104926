/** Elements in a line: what they are, what they say, what is in them. Text never becomes markup. */

type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

export function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[Name] {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === true) made.setAttribute(key, "");
    else if (value !== undefined && value !== false) made.setAttribute(key, String(value));
  }
  made.append(...children);
  return made;
}

/** A codicon; what it means stands beside it in words. */
export function icon(id: string): HTMLElement {
  return element("span", { class: `codicon codicon-${id}`, "aria-hidden": "true" });
}

export function iconButton(id: string, title: string, onClick: () => void): HTMLButtonElement {
  const button = element("button", { type: "button", class: "icon-button", title, "aria-label": title }, icon(id));
  button.addEventListener("click", onClick);
  return button;
}
