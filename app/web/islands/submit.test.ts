import { afterEach, beforeEach, expect, test, vi } from "vitest";

import type { Editor } from "./editor";
import { mountSubmit, refusalMessage } from "./submit";

const sent: { url: string; body: unknown }[] = [];
let answer: (url: string) => Response;
let code = "x = 1";
const finished: boolean[] = [];

const editor: Editor = {
  get code() {
    return code;
  },
  replace: () => undefined,
  mark: () => undefined,
  clearMark: () => undefined,
};

function mount(): HTMLFormElement {
  document.body.innerHTML = `<form><div class="editor-actions">
    <button name="mode" value="run">Run</button><button name="mode" value="submit">Submit</button></div></form>
    <div id="result"></div>`;
  const form = document.querySelector("form") as HTMLFormElement;
  mountSubmit(form, document.querySelector("#result") as HTMLElement, {
    problem: "vit",
    editor,
    say: () => undefined,
    finished: (_section, unchanged) => finished.push(unchanged),
  });
  return form;
}

beforeEach(() => {
  sent.length = 0;
  finished.length = 0;
  code = "x = 1";
  answer = (url) =>
    url.startsWith("/api/")
      ? new Response(JSON.stringify({ id: "abc" }), { status: 202 })
      : new Response("<section data-verdict><h2 data-headline>Accepted</h2></section>");
  vi.stubGlobal("fetch", async (url: string, options?: RequestInit) => {
    sent.push({ url, body: options?.body ? JSON.parse(String(options.body)) : null });
    return answer(url);
  });
});

afterEach(() => vi.unstubAllGlobals());

test("the button pressed decides the mode, and the verdict turns up on the page", async () => {
  const form = mount();
  form.querySelector<HTMLButtonElement>("[value=submit]")?.click();
  await vi.waitFor(() => expect(finished).toEqual([true]));
  expect(sent[0]).toEqual({ url: "/api/v1/problems/vit/submissions", body: { code: "x = 1", mode: "submit" } });
  expect(sent[1]?.url).toBe("/submissions/abc?fragment=verdict");
  expect(document.querySelector("#result")?.textContent).toBe("Accepted");
});

test("one submission at a time", async () => {
  const form = mount();
  const run = form.querySelector<HTMLButtonElement>("[value=run]");
  run?.click();
  run?.click();
  await vi.waitFor(() => expect(finished).toHaveLength(1));
  expect(sent.filter(({ url }) => url.startsWith("/api/"))).toHaveLength(1);
});

test("a refusal is shown in the server's words, and the learner can send it again", async () => {
  answer = () => new Response(JSON.stringify({ error: { code: "queue_full", message: "Too many wait." } }), { status: 429 });
  const form = mount();
  form.querySelector<HTMLButtonElement>("[value=run]")?.click();
  await vi.waitFor(() => expect(form.querySelector("[role=alert]")?.textContent).toBe("Too many wait."));
  expect(form.querySelector("button")?.getAttribute("aria-disabled")).toBe("false");
});

test("an answer that is no JSON still says what happened", () => {
  expect(refusalMessage(502, null)).toContain("502");
  expect(refusalMessage(401, null)).toContain("signed out");
});
