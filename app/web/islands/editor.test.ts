import { beforeEach, expect, test } from "vitest";

import { Draft } from "./draft";
import { mountEditor, type Editor } from "./editor";

// happy-dom's own getter fails while nothing in the document has the focus.
Object.defineProperty(ShadowRoot.prototype, "activeElement", { get: () => null });

const pressed: string[] = [];

function mount(source: string, code: string, { latest = "", typed = code } = {}): Editor {
  document.body.innerHTML = `<form><label for="code">Your solution</label><span data-draft></span>
    <a data-load-starter href="?load=starter">Starter</a><template data-starter>starter()</template>
    <textarea id="code" data-source="${source}" data-latest="${latest}"></textarea></form>`;
  const textarea = document.querySelector("textarea") as HTMLTextAreaElement;
  textarea.defaultValue = code;
  if (typed !== code) textarea.value = typed;
  return mountEditor(textarea, { problem: "vit", user: "ada", submit: (mode) => pressed.push(mode) });
}

const field = (): HTMLTextAreaElement => document.querySelector("textarea") as HTMLTextAreaElement;
const shadow = (): ShadowRoot => document.querySelector(".editor-host")?.shadowRoot as ShadowRoot;
const faults = (): string[] => [...shadow().querySelectorAll(".cm-line.cm-fault")].map((line) => line.textContent ?? "");

beforeEach(() => {
  localStorage.clear();
  pressed.length = 0;
});

test("the editor takes the text area's place and keeps the form's field up to date", () => {
  const editor = mount("starter", "x = 1");
  expect(field().hidden).toBe(true);
  editor.replace("x = 2");
  expect(field().value).toBe("x = 2");
});

test("a draft goes before the starter and before the latest submission", () => {
  mount("starter", "x = 1").replace("draft");
  expect(mount("latest", "older").code).toBe("draft");
});

test("code that the learner chose to load goes before the draft", () => {
  mount("starter", "x = 1").replace("draft");
  expect(mount("chosen", "loaded").code).toBe("loaded");
});

test("code that was refused is still there", () => {
  mount("starter", "x = 1").replace("draft");
  expect(mount("refused", "too long").code).toBe("too long");
});

const bar = (): HTMLElement => document.querySelector(".other-version") as HTMLElement;
const choose = (words: string): void =>
  [...bar().querySelectorAll("button")].find((button) => button.textContent === words)?.click();

test("a draft that is replaced is kept, and can be had again", () => {
  mount("starter", "x = 1").replace("draft");
  const editor = mount("chosen", "loaded");
  expect(bar().hidden).toBe(false);
  choose("Show the other version");
  expect(editor.code).toBe("draft");
  choose("Show the other version");
  expect(editor.code).toBe("loaded");
});

test("an older draft never hides newer code", () => {
  mount("latest", "first", { latest: "one" }).replace("draft");
  const editor = mount("latest", "second", { latest: "two" });
  expect(editor.code).toBe("second");
  expect(bar().textContent).toContain("Newer code was sent in from elsewhere");
  choose("Show the other version");
  expect(editor.code).toBe("draft");
});

test("what was sent in from here is no newer code from elsewhere", () => {
  const editor = mount("latest", "first", { latest: "one" });
  editor.replace("draft");
  editor.sentIn("two");
  expect(mount("latest", "draft", { latest: "two" }).code).toBe("draft");
  expect(bar().hidden).toBe(true);
});

test("what was typed before the script came is not lost, nor is the draft", () => {
  mount("starter", "x = 1").replace("draft");
  expect(mount("starter", "x = 1", { typed: "typed" }).code).toBe("typed");
  choose("Show the other version");
  expect(field().value).toBe("draft");
});

test("two tabs: the conflict is shown, and both versions are kept", () => {
  const editor = mount("starter", "x = 1");
  const elsewhere = new Draft(localStorage, sessionStorage, "ada", "vit");
  elsewhere.read();
  elsewhere.write("theirs");
  window.dispatchEvent(new StorageEvent("storage", { key: elsewhere.key }));
  expect(bar().hidden).toBe(false);
  editor.replace("mine");
  expect(new Draft(localStorage, sessionStorage, "ada", "vit").read()).toBe("theirs");
  choose("Go on with this one");
  expect(editor.code).toBe("mine");
  choose("Show the other version");
  expect(editor.code).toBe("theirs");
});

test("the starter code can be had again without leaving the page", () => {
  const editor = mount("latest", "x = 1");
  document.querySelector<HTMLElement>("[data-load-starter]")?.click();
  expect(editor.code).toBe("starter()");
});

test("one line is marked at a time, and the mark goes when its line is edited", () => {
  const editor = mount("starter", "a = 1\nb = 2\nc = 3");
  editor.mark(2);
  expect(faults()).toEqual(["b = 2"]);
  editor.mark(3);
  expect(faults()).toEqual(["c = 3"]);
  editor.replace("c = 4");
  expect(faults()).toEqual([]);
});

test("a line that is not there marks nothing", () => {
  const editor = mount("starter", "a = 1");
  editor.mark(7);
  editor.mark(0);
  expect(faults()).toEqual([]);
});
