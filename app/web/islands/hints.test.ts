import { expect, test } from "vitest";

import { mountHints } from "./hints";

function hints(): HTMLDetailsElement[] {
  document.body.innerHTML = "<div><details></details><details></details><details></details></div>";
  mountHints(document.querySelector("div") as HTMLElement);
  return [...document.querySelectorAll("details")];
}

function open(hint: HTMLDetailsElement | undefined): void {
  if (!hint) throw new Error("no such hint");
  hint.open = true;
  hint.dispatchEvent(new Event("toggle"));
}

test("only the first hint can be opened at first", () => {
  expect(hints().map((hint) => hint.hidden)).toEqual([false, true, true]);
});

test("opening a hint offers the next one, and closing it takes none back", () => {
  const [first, second, third] = hints();
  open(first);
  expect([second?.hidden, third?.hidden]).toEqual([false, true]);
  if (first) first.open = false;
  first?.dispatchEvent(new Event("toggle"));
  expect(second?.hidden).toBe(false);
});
