import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { brought, sendOnce } from "./once";

const form = (): HTMLFormElement => document.querySelector("form") as HTMLFormElement;

function sent(): boolean {
  return form().dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
}

beforeEach(() => {
  document.body.innerHTML = `<form method="post"></form><div data-user="ada"></div>`;
});

afterEach(() => vi.unstubAllGlobals());

test("a form is sent once, and again once the page was brought back", async () => {
  sendOnce(document);
  expect(sent()).toBe(true);
  expect(sent()).toBe(false);
  vi.stubGlobal("fetch", async () => new Response(JSON.stringify({ id: "ada" })));
  const reload = vi.fn();
  await brought(document, reload);
  expect(sent()).toBe(true);
  expect(reload).not.toHaveBeenCalled();
});

test.each([
  [new Response("{}", { status: 401 }), 1],
  [new Response(JSON.stringify({ id: "bob" })), 1],
])("a page of somebody who is signed in no more is loaded anew", async (answer, times) => {
  vi.stubGlobal("fetch", async () => answer);
  const reload = vi.fn();
  await brought(document, reload);
  expect(reload).toHaveBeenCalledTimes(times);
});

test("without an answer the page stays what it is", async () => {
  vi.stubGlobal("fetch", () => Promise.reject(new TypeError("refused")));
  const reload = vi.fn();
  await brought(document, reload);
  expect(reload).not.toHaveBeenCalled();
});
