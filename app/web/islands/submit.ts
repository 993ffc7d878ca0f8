/** Run and Submit without leaving the page: post the code, then follow the submission beside the editor. */

import type { Editor, Mode } from "./editor";
import { fetchFragment } from "./fragments";
import { followSubmission } from "./live_verdict";

export interface SubmitOptions {
  problem: string;
  editor: Editor;
  say: (text: string) => void;
  /** `unchanged`: the editor still holds the code that was graded. */
  finished: (section: HTMLElement, unchanged: boolean) => void;
  /** A further verdict stands in the place of the first. */
  changed?: (() => void) | undefined;
}

export function mountSubmit(form: HTMLFormElement, result: HTMLElement, options: SubmitOptions): void {
  const buttons = [...form.querySelectorAll<HTMLButtonElement>("button[name=mode]")];
  let busy = false;
  const setBusy = (value: boolean): void => {
    busy = value;
    // Still focusable, so that the keyboard stays where it was.
    for (const button of buttons) button.setAttribute("aria-disabled", String(value));
  };

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (busy || buttons.length === 0) return;
    const mode: Mode = event.submitter?.getAttribute("value") === "submit" ? "submit" : "run";
    setBusy(true);
    void send(mode).catch((error: unknown) => {
      refuse(form, error instanceof Refusal ? error.message : "The service cannot be reached. Your code is kept here.");
      setBusy(false);
    });
  });

  async function send(mode: Mode): Promise<void> {
    form.querySelector(".refusal")?.remove();
    options.editor.clearMark();
    const code = options.editor.code;
    const id = await post(options.problem, code, mode);
    result.replaceChildren(await fetchFragment(`/submissions/${id}`, "verdict"));
    const finished = (section: HTMLElement): void => {
      setBusy(false);
      options.finished(section, options.editor.code === code);
      show(result);
    };
    const underWay = result.querySelector<HTMLElement>("[data-island=live-verdict]");
    const done = result.querySelector<HTMLElement>("[data-verdict]");
    show(result);
    if (underWay) followSubmission(underWay, { say: options.say, finished, changed: options.changed });
    else if (done) finished(done);
  }
}

class Refusal extends Error {}

async function post(problem: string, code: string, mode: Mode): Promise<string> {
  const response = await fetch(`/api/v1/problems/${encodeURIComponent(problem)}/submissions`, {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/json" },
    credentials: "same-origin",
    body: JSON.stringify({ code, mode }),
  });
  const body = (await response.json().catch(() => null)) as unknown;
  if (response.status === 202 && isRecord(body) && typeof body["id"] === "string") return body["id"];
  throw new Refusal(refusalMessage(response.status, body));
}

/** What the API says of a refusal, in its error shape `{"error": {"message": …}}`. */
export function refusalMessage(status: number, body: unknown): string {
  if (isRecord(body)) {
    const error = isRecord(body["error"]) ? body["error"] : body;
    if (typeof error["message"] === "string") return error["message"];
  }
  if (status === 401) return "You are signed out. Sign in again in another tab, then send it in here.";
  return `The service answered with status ${status}. Your code is kept here.`;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function refuse(form: HTMLFormElement, message: string): void {
  form.querySelector(".refusal")?.remove();
  const paragraph = document.createElement("p");
  paragraph.className = "refusal";
  paragraph.setAttribute("role", "alert");
  paragraph.textContent = message;
  form.querySelector(".editor-actions")?.before(paragraph);
}

function show(result: HTMLElement): void {
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  result.scrollIntoView({ block: "nearest", behavior: calm ? "auto" : "smooth" });
}
