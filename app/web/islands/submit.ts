/** Run and Submit without leaving the page: post the code, then follow the submission beside the editor. */

import type { Editor, Mode } from "./editor";
import { fetchFragment, signInLink, SignedOut } from "./fragments";
import { followSubmission } from "./live_verdict";
import { Refusal, send, wish, type Sending, type SendOptions } from "./send";

export interface SubmitOptions {
  problem: string;
  /** The account that the page was made for. */
  user?: string;
  editor: Editor;
  say: (text: string) => void;
  /** `unchanged`: the editor still holds the code that was graded. */
  finished: (section: HTMLElement, unchanged: boolean) => void;
  /** How long to wait for what; the defaults suit a person. */
  patience?: Partial<SendOptions>;
  /** A further verdict stands in the place of the first. */
  changed?: (() => void) | undefined;
}

export function mountSubmit(form: HTMLFormElement, result: HTMLElement, options: SubmitOptions): void {
  const buttons = [...form.querySelectorAll<HTMLButtonElement>("button[name=mode]")];
  let busy = false;
  // Kept until its submission is known.
  let sending: Sending | null = null;
  const setBusy = (value: boolean): void => {
    busy = value;
    // Still focusable, so that the keyboard stays where it was.
    for (const button of buttons) button.setAttribute("aria-disabled", String(value));
  };

  form.addEventListener("submit", (event) => {
    if (form.dataset["plain"]) return;
    event.preventDefault();
    if (busy || buttons.length === 0) return;
    const mode: Mode = event.submitter?.getAttribute("value") === "submit" ? "submit" : "run";
    setBusy(true);
    void submit(mode).catch((error: unknown) => {
      refuse(error);
      setBusy(false);
    });
  });

  async function submit(mode: Mode): Promise<void> {
    clearWords(form);
    options.editor.clearMark();
    const code = options.editor.code;
    sending = wish(sending, options.problem, code, mode);
    const stop = new AbortController();
    const id = await send(sending, {
      ...options.patience,
      user: options.user,
      waiting: (text) => say(form, "waiting", text, stopButton(() => stop.abort())),
      stop: stop.signal,
    });
    options.editor.sentIn(id);
    // Where this fails, sending again leads to the same submission.
    const shown = await fetchFragment(`/submissions/${id}`, "verdict");
    sending = null;
    clearWords(form);
    result.replaceChildren(shown);
    const finished = (section: HTMLElement): void => {
      setBusy(false);
      options.finished(section, options.editor.code === code);
      show(result);
    };
    const underWay = result.querySelector<HTMLElement>("[data-island=live-verdict]");
    const done = result.querySelector<HTMLElement>("[data-verdict]");
    show(result);
    if (underWay) {
      const lost = () => setBusy(false);
      followSubmission(underWay, { say: options.say, finished, changed: options.changed, lost });
    } else if (done) finished(done);
  }

  function refuse(error: unknown): void {
    const isSignedOut = error instanceof SignedOut || (error instanceof Refusal && error.status === 401);
    if (!isSignedOut) {
      const text = error instanceof Refusal ? error.message : "The service cannot be reached. Your code is kept here.";
      say(form, "refusal", text);
      return;
    }
    const link = signInLink(`/problems/${options.problem}#work`);
    link.addEventListener("click", (event) => {
      if (options.editor.isSaved) return;
      // This browser keeps nothing, so the form itself carries the code over the sign-in.
      event.preventDefault();
      form.dataset["plain"] = "yes";
      form.requestSubmit(buttons[0]);
    });
    say(form, "refusal", "Your session has ended. Your code is kept here. ", link);
  }
}

function say(form: HTMLFormElement, kind: "refusal" | "waiting", text: string, ...more: HTMLElement[]): void {
  const there = form.querySelector<HTMLElement>(`.${kind}`);
  if (there && there.firstElementChild?.textContent === text) return;
  clearWords(form);
  const paragraph = document.createElement("p");
  paragraph.className = kind;
  paragraph.setAttribute("role", kind === "refusal" ? "alert" : "status");
  const sentence = document.createElement("span");
  sentence.textContent = text;
  paragraph.append(sentence, ...more);
  form.querySelector(".editor-actions")?.before(paragraph);
}

function clearWords(form: HTMLFormElement): void {
  for (const old of form.querySelectorAll(".refusal, .waiting")) old.remove();
}

function stopButton(stop: () => void): HTMLButtonElement {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "quiet";
  button.textContent = "Stop";
  button.addEventListener("click", stop);
  return button;
}

function show(result: HTMLElement): void {
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  result.scrollIntoView({ block: "nearest", behavior: calm ? "auto" : "smooth" });
}
