/** The other version of one's code: that it is there is said above the editor, and nothing is lost by looking at it. */

import type { Draft } from "./draft";

export interface VersionsOptions {
  draft: Draft;
  before: HTMLElement;
  code: () => string;
  /** Puts a version into the editor; undo brings back what stood there. */
  replace: (code: string) => void;
}

export interface Versions {
  /** Says which other version there is now, if any; `reason` in the place of the plain sentence. */
  show(reason?: string): void;
}

const ANOTHER_TAB = "This exercise was changed in another tab as well. Both versions are kept in this browser.";

export function mountVersions(options: VersionsOptions): Versions {
  const { draft } = options;
  const bar = document.createElement("div");
  bar.className = "other-version";
  bar.setAttribute("role", "status");
  bar.hidden = true;
  const sentence = document.createElement("p");
  const showOther = button("Show the other version");
  const goOn = button("Go on with this one");
  const forget = button("Forget it");
  bar.append(sentence, showOther, goOn, forget);
  options.before.before(bar);

  const show = (reason?: string): void => {
    const other = draft.other(options.code());
    bar.hidden = other === null;
    if (!other) return;
    const when = other.at > 0 ? ` of ${new Date(other.at).toLocaleString()}` : "";
    const text = other.isOfAnotherTab ? ANOTHER_TAB : (reason ?? `Another version of your code${when} is kept in this browser.`);
    // Written anew it would be read out anew, with every letter that is typed.
    if (sentence.textContent !== text) sentence.textContent = text;
    goOn.hidden = !other.isOfAnotherTab;
    forget.hidden = other.isOfAnotherTab;
  };

  showOther.addEventListener("click", () => {
    const mine = options.code();
    const other = draft.other(mine);
    if (!other) return;
    draft.keep({ code: mine, at: Date.now() });
    draft.take(other.code);
    options.replace(other.code);
    show();
  });
  goOn.addEventListener("click", () => {
    draft.take(options.code());
    show();
  });
  forget.addEventListener("click", () => {
    const other = draft.other(options.code());
    if (other && !other.isOfAnotherTab) draft.forget(other.code);
    show();
  });
  window.addEventListener("storage", (event) => {
    if (event.key === draft.key || event.key === null) show();
  });
  // Back and forward bring a page as it was left, whatever happened meanwhile.
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) show();
  });
  return { show };
}

function button(text: string): HTMLButtonElement {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "quiet";
  made.textContent = text;
  return made;
}
