/** Hints opened one by one: the next one can be opened once the one before it has been; a reload changes nothing. */

export function mountHints(list: HTMLElement, storage: Storage, place: string): void {
  const hints = [...list.querySelectorAll<HTMLDetailsElement>("details")];
  const key = `jaxercise:hints:${place}`;
  const opened = new Set(read(storage, key));
  hints.forEach((hint, index) => {
    if (opened.has(index)) hint.open = true;
    if (index > 0) hint.hidden = !hints[index - 1]?.open && !hint.open;
    hint.addEventListener("toggle", () => {
      const next = hints[index + 1];
      if (hint.open && next) next.hidden = false;
      if (hint.open) opened.add(index);
      else opened.delete(index);
      write(storage, key, [...opened]);
    });
  });
}

function read(storage: Storage, key: string): number[] {
  try {
    const stored = JSON.parse(storage.getItem(key) ?? "[]") as unknown;
    return Array.isArray(stored) ? stored.filter((index): index is number => typeof index === "number") : [];
  } catch {
    return [];
  }
}

function write(storage: Storage, key: string, opened: number[]): void {
  try {
    storage.setItem(key, JSON.stringify(opened));
  } catch {
    // They are closed again after a reload.
  }
}
