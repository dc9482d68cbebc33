// Makes and changes the elements of a scoreboard.

/** An element with the same word as its class and its part, and what is in it. */
export function make<Tag extends keyof HTMLElementTagNameMap> (
  tag: Tag,
  name: string,
  ...content: (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag)
  if (name !== '') {
    element.className = name
    element.part = name
  }
  element.append(...content)
  return element
}

/** Leaves a text alone that has not changed, so that a selection in it stays. */
export function setText (element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text
}
