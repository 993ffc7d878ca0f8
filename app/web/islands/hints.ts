/** Hints opened one by one: the next one can be opened once the one before it has been. */

export function mountHints(list: HTMLElement): void {
  const hints = [...list.querySelectorAll<HTMLDetailsElement>("details")];
  hints.forEach((hint, index) => {
    if (index > 0) hint.hidden = !hints[index - 1]?.open;
    hint.addEventListener("toggle", () => {
      const next = hints[index + 1];
      if (hint.open && next) next.hidden = false;
    });
  });
}
