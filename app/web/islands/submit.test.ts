import { afterEach, beforeEach, expect, test, vi } from "vitest";

import type { Editor } from "./editor";
import { mountSubmit } from "./submit";
import { refusalMessage, send, wish, type SendOptions } from "./send";

const sent: { url: string; body: unknown; key: string | null; account: string | null }[] = [];
let answer: (url: string, options?: RequestInit) => Response | Promise<Response>;
let code = "x = 1";
const finished: boolean[] = [];

const patience: Partial<SendOptions> = {
  wordMilliseconds: 20,
  answerMilliseconds: 50,
  pauseMilliseconds: 10,
  giveUpMilliseconds: 200,
};

/** As a frozen service: there is no answer until the asking is given up. */
function never(options?: RequestInit): Promise<Response> {
  return new Promise((_, reject) => options?.signal?.addEventListener("abort", () => reject(new Error("aborted"))));
}

const posted = (): (string | null)[] => sent.filter(({ url }) => url.startsWith("/api/")).map(({ key }) => key);
const press = (form: HTMLFormElement, mode = "run"): void =>
  form.querySelector<HTMLButtonElement>(`[value=${mode}]`)?.click();
const dimmed = (form: HTMLFormElement): string | null | undefined =>
  form.querySelector("button")?.getAttribute("aria-disabled");

const editor: Editor = {
  get code() {
    return code;
  },
  isSaved: true,
  sentIn: () => undefined,
  replace: () => undefined,
  mark: () => undefined,
  clearMark: () => undefined,
};

function mount(patient: Partial<SendOptions> = patience): HTMLFormElement {
  document.body.innerHTML = `<form><div class="editor-actions">
    <button name="mode" value="run">Run</button><button name="mode" value="submit">Submit</button></div></form>
    <div id="result"></div>`;
  const form = document.querySelector("form") as HTMLFormElement;
  mountSubmit(form, document.querySelector("#result") as HTMLElement, {
    problem: "vit",
    user: "ada",
    editor,
    say: () => undefined,
    finished: (_section, unchanged) => finished.push(unchanged),
    patience: patient,
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
    const key = new Headers(options?.headers).get("Idempotency-Key");
    const account = new Headers(options?.headers).get("Jaxercise-Account");
    sent.push({ url, body: options?.body ? JSON.parse(String(options.body)) : null, key, account });
    return answer(url, options);
  });
});

afterEach(() => vi.unstubAllGlobals());

test("the button pressed decides the mode, and the verdict turns up on the page", async () => {
  const form = mount();
  form.querySelector<HTMLButtonElement>("[value=submit]")?.click();
  await vi.waitFor(() => expect(finished).toEqual([true]));
  expect(sent[0]).toMatchObject({ url: "/api/v1/problems/vit/submissions", body: { code: "x = 1", mode: "submit" } });
  // Whoever signs in meanwhile in another tab does not get it as their own.
  expect(sent[0]?.account).toBe("ada");
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
  expect(refusalMessage(401, null)).toContain("session has ended");
});

test("a frozen service is told of while it is waited for, and asked with the same key until it answers", async () => {
  let isFrozen = true;
  answer = (url, options) => {
    if (!url.startsWith("/api/")) return new Response("<section data-verdict></section>");
    return isFrozen ? never(options) : new Response(JSON.stringify({ id: "abc" }), { status: 202 });
  };
  const form = mount({ ...patience, answerMilliseconds: 400, giveUpMilliseconds: 60_000 });
  press(form);
  await vi.waitFor(() => expect(form.querySelector(".waiting")?.textContent ?? "").toContain("has not answered yet"), 5000);
  await vi.waitFor(() => expect(posted().length).toBeGreaterThan(1), 5000);
  isFrozen = false;
  await vi.waitFor(() => expect(finished).toEqual([true]));
  expect(new Set(posted()).size).toBe(1);
  expect(form.querySelector(".waiting")).toBeNull();
});

test("nothing is dimmed for ever, and the same code sent again is the same wish", async () => {
  answer = () => Promise.reject(new TypeError("refused"));
  const form = mount();
  press(form);
  await vi.waitFor(() => expect(form.querySelector("[role=alert]")?.textContent).toContain("not run twice"));
  expect(dimmed(form)).toBe("false");
  const before = posted().length;
  press(form);
  await vi.waitFor(() => expect(posted().length).toBeGreaterThan(before));
  expect(new Set(posted()).size).toBe(1);
  await vi.waitFor(() => expect(dimmed(form)).toBe("false"));
  press(form, "submit");
  await vi.waitFor(() => expect(new Set(posted()).size).toBe(2));
});

test("a try can be stopped", async () => {
  answer = (_url, options) => never(options);
  const form = mount();
  press(form);
  await vi.waitFor(() => expect(form.querySelector(".waiting button")).not.toBeNull());
  form.querySelector<HTMLButtonElement>(".waiting button")?.click();
  await vi.waitFor(() => expect(form.querySelector("[role=alert]")?.textContent).toContain("Stopped"));
  expect(dimmed(form)).toBe("false");
});

test("what a proxy answers for a service that is away is tried again, a refusal is not", async () => {
  const sending = wish(null, "vit", "x", "run");
  const statuses = [502, 503, 202];
  // On a slow machine a try of the test before may still be under way.
  answer = (_url, options) =>
    new Headers(options?.headers).get("Idempotency-Key") === sending.key
      ? new Response(JSON.stringify({ id: "abc" }), { status: statuses.shift() ?? 500 })
      : never(options);
  const options = { ...patience, waiting: () => undefined, stop: new AbortController().signal, giveUpMilliseconds: 60_000 };
  expect(await send(sending, options)).toBe("abc");
  answer = () => new Response("{}", { status: 429 });
  await expect(send(sending, options)).rejects.toThrow("429");
  expect(posted().filter((key) => key === sending.key)).toHaveLength(4);
});

test("another code or mode is another wish", () => {
  const first = wish(null, "vit", "x", "run");
  expect(wish(first, "vit", "x", "run").key).toBe(first.key);
  expect(wish(first, "vit", "y", "run").key).not.toBe(first.key);
  expect(wish(first, "vit", "x", "submit").key).not.toBe(first.key);
});

test("an ended session is told with a way to sign in and back", async () => {
  answer = () => new Response(JSON.stringify({ error: { code: "not_signed_in", message: "Sign in first." } }), { status: 401 });
  const form = mount();
  press(form);
  await vi.waitFor(() =>
    expect(form.querySelector("[role=alert] a")?.getAttribute("href")).toBe("/sign-in?next=%2Fproblems%2Fvit%23work"),
  );
  expect(form.querySelector("[role=alert]")?.textContent).toContain("Your session has ended");
  expect(dimmed(form)).toBe("false");
});
