/** Mounts every island that the page has. Without any of this the page still reads and submits. */

import "../styles/main.css";

import type { Editor } from "./editor";
import { mountHints } from "./hints";
import { sayKeys } from "./keys";
import { followFurther, followSubmission, type Finished } from "./live_verdict";
import { brought, sendOnce } from "./once";
import { followFolders } from "./preview";
import { mountQuestion } from "./quiz";
import { mountScrollers } from "./scrollers";
import { mountSubmit } from "./submit";
import { showLocalTimes } from "./times";
import { refreshFragments } from "./fragments";

/** Has screen readers say a text, in the page's live region. */
function liveRegion(): (text: string) => void {
  const region = document.querySelector<HTMLElement>("[data-live]");
  return (text) => {
    if (region) region.textContent = text;
  };
}

function markLine(editor: Editor | null, section: HTMLElement): void {
  const line = Number(section.dataset["markedLine"]);
  if (editor && line > 0) editor.mark(line);
}

const say = liveRegion();

sendOnce(document);
showLocalTimes(document);
mountScrollers(document);
for (const list of document.querySelectorAll<HTMLElement>("[data-island=hints]")) {
  mountHints(list, window.sessionStorage, list.dataset["place"] ?? window.location.pathname);
}
for (const question of document.querySelectorAll<HTMLElement>("[data-island=quiz]")) mountQuestion(question);

const textarea = document.querySelector<HTMLTextAreaElement>("[data-island=editor]");
const bench = document.querySelector<HTMLElement>("[data-problem]");
const form = document.querySelector<HTMLFormElement>("[data-island=submit]");
const result = document.querySelector<HTMLElement>("[data-result]");

let editor: Editor | null = null;
if (textarea && bench && form) {
  // CodeMirror is most of the script, and only this page needs it.
  sayKeys(document, navigator.platform);
  const { mountEditor } = await import("./editor");
  editor = mountEditor(textarea, {
    problem: bench.dataset["problem"] ?? "",
    user: bench.dataset["user"] ?? "guest",
    submit: (mode) => form.querySelector<HTMLButtonElement>(`button[value=${mode}]`)?.click(),
  });
  if (result) {
    const page = `/problems/${bench.dataset["problem"] ?? ""}`;
    mountSubmit(form, result, {
      user: bench.dataset["user"] ?? "guest",
      problem: bench.dataset["problem"] ?? "",
      editor,
      say,
      changed: () => void refreshFragments(window.location.pathname),
      finished: (section, unchanged) => {
        if (unchanged) markLine(editor, section);
        void refreshFragments(page);
      },
    });
  }
}

// A submission's own page, opened before its verdict was there.
const underWay = document.querySelector<HTMLElement>("[data-island=live-verdict]");
if (underWay && !form) {
  const finished: Finished = () => {
    // The code below is rendered with its marked line by the server.
    window.location.reload();
  };
  followSubmission(underWay, { say, finished });
}

const shown = document.querySelector<HTMLElement>("[data-verdict]");
if (shown) followFurther(shown, say);

const previewed = document.body.dataset["preview"];
if (previewed) void followFolders(previewed, () => window.location.reload());

window.addEventListener("pageshow", (event) => {
  if (event.persisted) void brought(document, () => window.location.reload());
});

document.addEventListener("click", (event) => {
  const link = event.target instanceof Element ? event.target.closest<HTMLElement>("a[data-line]") : null;
  if (!link || !editor) return;
  event.preventDefault();
  editor.mark(Number(link.dataset["line"]), { focus: true });
});
