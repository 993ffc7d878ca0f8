import { expect, test, vi } from "vitest";

import { mountScrollers } from "./scrollers";

test("what is wider than its place is a stop of the Tab key, as long as it is", () => {
  let resized: (entries: { target: Element }[]) => void = () => undefined;
  vi.stubGlobal(
    "ResizeObserver",
    class {
      constructor(listener: typeof resized) {
        resized = listener;
      }
      observe(): void {}
    },
  );
  document.body.innerHTML = `<p class="math block"></p><pre tabindex="0"></pre><pre></pre>`;
  const [formula, reachable, narrow] = [...document.body.children] as [HTMLElement, HTMLElement, HTMLElement];
  const widths = new Map([
    [formula, 800],
    [reachable, 100],
    [narrow, 100],
  ]);
  for (const [element] of widths) {
    Object.defineProperty(element, "scrollWidth", { get: () => widths.get(element) });
    Object.defineProperty(element, "clientWidth", { value: 300 });
  }
  mountScrollers(document);
  expect(formula.getAttribute("tabindex")).toBe("0");
  expect(narrow.hasAttribute("tabindex")).toBe(false);
  widths.set(formula, 200);
  resized([{ target: formula }, { target: reachable }]);
  expect(formula.hasAttribute("tabindex")).toBe(false);
  expect(reachable.getAttribute("tabindex")).toBe("0");
  vi.unstubAllGlobals();
});
