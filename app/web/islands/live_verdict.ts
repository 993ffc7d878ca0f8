/** A submission under way: its cases turn up row by row, then the server's own rendering of the verdict. */

import { fetchFragment, PATIENCE_MILLISECONDS, signInLink, SignedOut } from "./fragments";
import { readWords, statusBadge, type OutcomeWords } from "./outcome_words";

export interface CaseResult {
  name: string;
  visibility: string;
  outcome: string;
  max_abs_error: number | null;
  max_rel_error: number | null;
  mismatched: number | null;
  size: number | null;
  wall_seconds: number | null;
  message: string;
}

export type Finished = (section: HTMLElement) => void;

export interface FollowOptions {
  /** Has screen readers say a text. */
  say: (text: string) => void;
  finished: Finished;
  /** The verdict may be long in coming: the service is away, or the session has ended. */
  lost?: () => void;
  /** After how long without an event the service is asked whether it is there, and how long it has to answer. */
  silenceMilliseconds?: number;
  /** A further verdict stands in the place of the first. */
  changed?: (() => void) | undefined;
  /** How long to wait between looks where the stream cannot be had. */
  pollMilliseconds?: number;
}

const LOST_AFTER_ERRORS = 5;

/** Follows the submission that `section` names until the verdict stands in its place. */
export function followSubmission(section: HTMLElement, options: FollowOptions): void {
  new Following(section, options).start();
}

/** Where a further verdict is under way, which explains or confirms this one, puts it in its place once it is there. */
export function followFurther(verdict: HTMLElement, say: (text: string) => void, changed: () => void = () => undefined): void {
  if (!goesOn(verdict)) return;
  const id = verdict.dataset["submission"] ?? "";
  const source = new EventSource(`/api/v1/submissions/${id}/events`);
  let shown = verdict;
  const look = async (kind: "confirmed" | "explained"): Promise<void> => {
    const next = await replaceVerdict(shown, id);
    if (!next) {
      source.close();
      return; // It stands there when the page is loaded again.
    }
    shown = next;
    if (!goesOn(next)) source.close();
    say(kind === "confirmed" ? confirmedWords(next) : explainedWords(next));
    changed();
  };
  source.addEventListener("confirmed", () => void look("confirmed"));
  source.addEventListener("explained", () => void look("explained"));
}

function goesOn(verdict: HTMLElement): boolean {
  return verdict.dataset["explained"] === "cut_short" || verdict.dataset["confirmation"] === "pending";
}

async function replaceVerdict(verdict: HTMLElement, id: string): Promise<HTMLElement | null> {
  let next: HTMLElement | null = null;
  try {
    next = (await fetchFragment(`/submissions/${id}`, "verdict")).querySelector("[data-verdict]");
  } catch {
    return null;
  }
  if (!next || !verdict.isConnected) return null;
  verdict.replaceWith(next);
  return next;
}

function explainedWords(verdict: HTMLElement): string {
  return verdict.querySelector(".diagnosis p")?.textContent?.trim() ?? "Nothing more was found about this verdict.";
}

function confirmedWords(verdict: HTMLElement): string {
  const notice = verdict.querySelector("[data-notice]")?.textContent?.trim();
  if (notice) return `${spoken(verdict)} ${notice}`;
  return verdict.dataset["outcome"] === "accepted" ? "Confirmed: it counts as solved." : spoken(verdict);
}

class Following {
  readonly #section: HTMLElement;
  readonly #options: FollowOptions;
  readonly #id: string;
  readonly #table: LiveTable;
  #source: EventSource | null = null;
  #errors = 0;
  #ended = false;
  #lastSignAt = Date.now();
  /** What the headline said before the service fell silent. */
  #silenced: string | null = null;

  constructor(section: HTMLElement, options: FollowOptions) {
    this.#section = section;
    this.#options = options;
    this.#id = section.dataset["submission"] ?? "";
    this.#table = new LiveTable(section, readWords());
  }

  start(): void {
    this.#interceptCancel();
    void this.#watch();
    const source = new EventSource(`/api/v1/submissions/${this.#id}/events`);
    this.#source = source;
    for (const kind of ["open", "queued", "running", "busy", "case"]) source.addEventListener(kind, () => this.#answered());
    source.addEventListener("open", () => (this.#errors = 0));
    source.addEventListener("queued", (event) => this.#queued((parse(event) as { position: number }).position));
    source.addEventListener("running", (event) => this.#running((parse(event) as { cases: string[] }).cases));
    source.addEventListener("busy", () => this.#busy());
    source.addEventListener("case", (event) => this.#table.fill((parse(event) as { case: CaseResult }).case));
    source.addEventListener("verdict", () => void this.#finish());
    source.addEventListener("error", () => {
      // The browser connects anew by itself, and events are replayed; a closed stream or a dead one is polled for.
      this.#errors += 1;
      this.#lastSignAt = 0;
      if (source.readyState === EventSource.CLOSED || this.#errors >= LOST_AFTER_ERRORS) {
        source.close();
        void this.#poll();
      }
    });
  }

  /** Asks a service that says nothing whether it is there, for as long as the verdict is waited for. */
  async #watch(): Promise<void> {
    const silence = this.#options.silenceMilliseconds ?? 900;
    const isWaitedFor = (): boolean => !this.#ended && this.#section.isConnected;
    while (isWaitedFor()) {
      await new Promise((resolve) => setTimeout(resolve, silence));
      if (!isWaitedFor() || Date.now() - this.#lastSignAt < silence) continue;
      const isThere = await fetch("/healthz", { signal: AbortSignal.timeout(silence) }).then(
        (answer) => answer.ok,
        () => false,
      );
      if (isThere) this.#answered();
      else if (isWaitedFor()) this.#silent();
    }
  }

  #answered(): void {
    this.#lastSignAt = Date.now();
    if (this.#silenced === null || this.#ended) return;
    const before = this.#silenced;
    this.#silenced = null;
    this.#section.querySelector("[data-silent]")?.remove();
    this.#headline(before);
  }

  #silent(): void {
    const headline = this.#section.querySelector("[data-headline]");
    if (this.#silenced !== null || this.#ended || !headline) return;
    const before = headline.textContent ?? "";
    this.#headline("The service does not answer just now");
    this.#silenced = before;
    const more = document.createElement("p");
    more.dataset["silent"] = "";
    more.textContent = "Your code was taken in and is not lost. What became of it will stand here.";
    headline.after(more);
    this.#options.lost?.();
  }

  #signedOut(): void {
    this.#ended = true;
    this.#source?.close();
    const text = "Your session has ended";
    this.#silenced = null;
    this.#headline(text);
    const detail = this.#section.querySelector("[data-detail]");
    detail?.replaceChildren(signInLink(`/submissions/${this.#id}`), " to see what became of this submission.");
    this.#section.querySelector(".spinner")?.remove();
    this.#options.lost?.();
  }

  #queued(position: number): void {
    this.#headline(position > 0 ? `Waiting: ${position} ahead of you` : "Waiting: next in the queue");
  }

  #running(cases: string[]): void {
    this.#headline(cases.length > 0 ? `Running ${cases.length} cases` : "Running");
    this.#table.expect(cases);
  }

  #busy(): void {
    const detail = this.#section.querySelector("[data-detail]");
    const text = "The machine is busy: your run waited too long for a processor, and is begun again. It says nothing of your code.";
    if (detail) detail.textContent = text;
    this.#options.say(text);
  }

  #headline(text: string): void {
    if (this.#silenced !== null) {
      this.#silenced = text;
      return;
    }
    const headline = this.#section.querySelector("[data-headline]");
    if (headline && headline.textContent !== text) {
      headline.textContent = text;
      this.#options.say(text);
    }
  }

  async #finish(): Promise<void> {
    this.#source?.close();
    if (this.#ended) return;
    if (!(await this.#look())) void this.#poll();
  }

  async #poll(): Promise<void> {
    while (!this.#ended && this.#section.isConnected && !(await this.#look())) {
      await new Promise((resolve) => setTimeout(resolve, this.#options.pollMilliseconds ?? 2000));
    }
  }

  /** Puts the verdict in the section's place if the server has it. */
  async #look(): Promise<boolean> {
    let verdict: HTMLElement | null = null;
    try {
      verdict = (await fetchFragment(`/submissions/${this.#id}`, "verdict")).querySelector("[data-verdict]");
    } catch (error) {
      if (error instanceof SignedOut) this.#signedOut();
      return error instanceof SignedOut;
    }
    if (!verdict) return false;
    this.#ended = true;
    this.#section.replaceWith(verdict);
    this.#options.say(spoken(verdict));
    this.#options.finished(verdict);
    followFurther(verdict, this.#options.say, this.#options.changed);
    return true;
  }

  #interceptCancel(): void {
    this.#section.querySelector("form")?.addEventListener("submit", (event) => {
      event.preventDefault();
      const button = this.#section.querySelector<HTMLButtonElement>("[data-cancel]");
      if (button) button.disabled = true;
      void this.#cancel().then((cancelled) => {
        if (cancelled || !button) return;
        button.disabled = false;
        this.#options.say("It could not be cancelled. Try again.");
      });
    });
  }

  async #cancel(): Promise<boolean> {
    try {
      const address = `/api/v1/submissions/${this.#id}`;
      return (await fetch(address, {
        method: "DELETE",
        credentials: "same-origin",
        signal: AbortSignal.timeout(PATIENCE_MILLISECONDS),
      })).ok;
    } catch {
      return false;
    }
  }
}

class LiveTable {
  readonly #frame: HTMLElement | null;
  readonly #body: HTMLTableSectionElement | null;
  readonly #words: Record<string, OutcomeWords>;
  readonly #rows = new Map<string, HTMLTableRowElement>();

  constructor(section: HTMLElement, words: Record<string, OutcomeWords>) {
    this.#frame = section.querySelector("[data-live-cases]");
    this.#body = section.querySelector("[data-live-cases] tbody");
    this.#words = words;
  }

  expect(names: string[]): void {
    for (const name of names) this.#row(name);
  }

  /** Fills a case's row; a replayed event fills it again and adds nothing. */
  fill(result: CaseResult): void {
    const row = this.#row(result.name);
    row.classList.remove("pending");
    const cells = row.querySelectorAll("td");
    const mismatched =
      result.mismatched === null || result.size === null ? "–" : `${result.mismatched} of ${result.size}`;
    const visibility = row.querySelector(".visibility");
    if (visibility) visibility.textContent = result.visibility;
    cells[0]?.replaceChildren(statusBadge(this.#words[result.outcome] ?? { word: result.outcome, tone: "neutral" }));
    [errorSize(result.max_abs_error), errorSize(result.max_rel_error), mismatched, duration(result.wall_seconds)].forEach(
      (text, index) => {
        const cell = cells[index + 1];
        if (cell) cell.textContent = text;
      },
    );
  }

  #row(name: string): HTMLTableRowElement {
    const known = this.#rows.get(name);
    if (known) return known;
    const row = document.createElement("tr");
    row.className = "pending";
    const head = document.createElement("th");
    head.scope = "row";
    const label = document.createElement("span");
    label.className = "case-name";
    label.textContent = name;
    const visibility = document.createElement("span");
    visibility.className = "visibility";
    head.append(label, " ", visibility);
    row.append(head);
    for (let column = 0; column < 5; column += 1) {
      const cell = document.createElement("td");
      if (column > 0) cell.className = "number";
      cell.textContent = column > 0 ? "" : "…";
      row.append(cell);
    }
    this.#rows.set(name, row);
    this.#body?.append(row);
    if (this.#frame) this.#frame.hidden = false;
    return row;
  }
}

function parse(event: Event): unknown {
  return JSON.parse((event as MessageEvent<string>).data);
}

function spoken(verdict: HTMLElement): string {
  const headline = verdict.querySelector("[data-headline]")?.textContent ?? "";
  const score = verdict.querySelector(".totals dd")?.textContent ?? "";
  return score ? `${headline}. Score ${score}.` : headline;
}

export function errorSize(value: number | null): string {
  if (value === null) return "–";
  if (value === 0) return "0";
  return value >= 0.01 && value < 99.5 ? String(Number(value.toPrecision(2))) : value.toExponential(1).replace("e+", "e");
}

export function duration(seconds: number | null): string {
  if (seconds === null) return "–";
  return seconds < 1 ? `${Math.round(seconds * 1000)} ms` : `${seconds.toFixed(1)} s`;
}
