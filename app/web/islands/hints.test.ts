import { beforeEach, expect, test } from "vitest";

import { mountHints } from "./hints";

function hints(): HTMLDetailsElement[] {
  document.body.innerHTML = "<div><details></details><details></details><details></details></div>";
  mountHints(document.querySelector("div") as HTMLElement, sessionStorage, "vit");
  return [...document.querySelectorAll("details")];
}

beforeEach(() => sessionStorage.clear());

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

test("a reload leaves them as they were", () => {
  const before = hints();
  open(before[0]);
  open(before[1]);
  const after = hints();
  expect(after.map((hint) => hint.open)).toEqual([true, true, false]);
  expect(after.map((hint) => hint.hidden)).toEqual([false, false, false]);
});

test("without a place to remember they still open", () => {
  sessionStorage.setItem("jaxercise:hints:vit", "{broken");
  const list = hints();
  open(list[0]);
  expect(list[1]?.hidden).toBe(false);
});
