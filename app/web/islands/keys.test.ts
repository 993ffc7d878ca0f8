import { beforeEach, expect, test } from "vitest";

import { sayKeys } from "./keys";

beforeEach(() => {
  document.body.innerHTML = `<button name="mode" value="run"></button><button name="mode" value="submit"></button>
    <span data-keys hidden><kbd data-mod-key>Ctrl</kbd></span>`;
});

const said = (): (string | null | undefined)[] => [
  document.querySelector("kbd")?.textContent,
  document.querySelector("[value=submit]")?.getAttribute("aria-keyshortcuts"),
];

test("a Mac has Command", () => {
  sayKeys(document, "MacIntel");
  expect(said()).toEqual(["⌘", "Meta+Shift+Enter"]);
});

test("other machines have Control", () => {
  sayKeys(document, "Linux x86_64");
  expect(said()).toEqual(["Ctrl", "Control+Shift+Enter"]);
  expect(document.querySelector<HTMLElement>("[data-keys]")?.hidden).toBe(false);
});
