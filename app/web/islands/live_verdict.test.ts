import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { duration, errorSize, followSubmission, type CaseResult } from "./live_verdict";

/** An event source that a test speaks through. */
class Spoken extends EventTarget {
  static readonly CLOSED = 2;
  static last: Spoken | null = null;
  readyState = 1;

  constructor(readonly url: string) {
    super();
    Spoken.last = this;
  }

  say(name: string, data: unknown): void {
    this.dispatchEvent(new MessageEvent(name, { data: JSON.stringify(data) }));
  }

  fail(readyState: number): void {
    this.readyState = readyState;
    this.dispatchEvent(new Event("error"));
  }

  close(): void {
    this.readyState = Spoken.CLOSED;
  }
}

const VERDICT = `<section data-verdict data-marked-line="3"><h2 data-headline>Accepted</h2>
  <dl class="totals"><dd>100 %</dd></dl></section>`;
const UNDER_WAY = `<section data-island="live-verdict"></section>`;

function result(name: string, outcome: string): CaseResult {
  return {
    name,
    outcome,
    visibility: "sample",
    max_abs_error: 1.2e-7,
    max_rel_error: 0,
    mismatched: 0,
    size: 5,
    wall_seconds: 0.0512,
    message: "",
  };
}

let answers: string[];
let said: string[];
let finished: HTMLElement[];
let lost = 0;
const headline = (): string => document.querySelector("[data-headline]")?.textContent ?? "";

function follow(silenceMilliseconds = 60_000): Spoken {
  document.body.innerHTML = `<div><section data-island="live-verdict" data-submission="abc">
    <h2 data-headline>Waiting</h2><p data-detail>All cases.</p><form><button data-cancel>Cancel</button></form>
    <div hidden data-live-cases><table><tbody></tbody></table></div></section></div>
    <script type="application/json" id="outcome-words">{"passed": {"word": "Passed", "tone": "right"}}</script>`;
  followSubmission(document.querySelector("section") as HTMLElement, {
    say: (text) => said.push(text),
    finished: (section) => finished.push(section),
    lost: () => (lost += 1),
    pollMilliseconds: 1,
    silenceMilliseconds,
  });
  if (!Spoken.last) throw new Error("nothing was followed");
  return Spoken.last;
}

const rows = (): string[] =>
  [...document.querySelectorAll("tbody tr")].map((row) => (row.textContent ?? "").replace(/\s+/g, " ").trim());

beforeEach(() => {
  answers = [];
  said = [];
  finished = [];
  lost = 0;
  vi.stubGlobal("EventSource", Spoken);
  vi.stubGlobal("fetch", async () => new Response(answers.shift() ?? VERDICT));
});

afterEach(() => vi.unstubAllGlobals());

test("the cases are listed when the run begins, and filled in as they end", () => {
  const source = follow();
  expect(source.url).toBe("/api/v1/submissions/abc/events");
  source.say("running", { cases: ["toy", "wide"] });
  expect(rows()).toEqual(["toy …", "wide …"]);
  source.say("case", { case: result("toy", "passed") });
  expect(rows()[0]).toBe("toy samplePassed1.2e-700 of 551 ms");
  expect(said).toEqual(["Running 2 cases"]);
});

test("events that are replayed after a reconnection add no second row", () => {
  const source = follow();
  for (let time = 0; time < 2; time += 1) {
    source.say("running", { cases: ["toy"] });
    source.say("case", { case: result("toy", "passed") });
  }
  expect(rows()).toHaveLength(1);
});

test("the place in the queue is said", () => {
  follow().say("queued", { position: 2 });
  expect(document.querySelector("[data-headline]")?.textContent).toBe("Waiting: 2 ahead of you");
});

test("a cancellation that is lost can be sent again", async () => {
  follow();
  vi.stubGlobal("fetch", async () => {
    throw new TypeError("no network");
  });
  const button = document.querySelector<HTMLButtonElement>("[data-cancel]");
  button?.click();
  expect(button?.disabled).toBe(true);
  await vi.waitFor(() => expect(button?.disabled).toBe(false));
});

test("the verdict takes the place of the progress, and is said with its score", async () => {
  const source = follow();
  source.say("verdict", {});
  await vi.waitFor(() => expect(finished).toHaveLength(1));
  expect(document.querySelector("[data-island=live-verdict]")).toBeNull();
  expect(document.querySelector("[data-headline]")?.textContent).toBe("Accepted");
  expect(said).toEqual(["Accepted. Score 100 %."]);
  expect(source.readyState).toBe(Spoken.CLOSED);
});

test("a stream that is lost for good is replaced by looking now and then", async () => {
  answers = [UNDER_WAY, UNDER_WAY];
  follow().fail(Spoken.CLOSED);
  await vi.waitFor(() => expect(finished).toHaveLength(1));
});

test("a dropped connection is left to the browser, which connects anew", () => {
  follow().fail(0);
  expect(document.querySelector("[data-island=live-verdict]")).not.toBeNull();
});

test("a verdict whose look was cut short is replaced once it is explained", async () => {
  const cutShort = VERDICT.replace("data-verdict", 'data-verdict data-submission="abc" data-explained="cut_short"');
  answers = [cutShort, VERDICT.replace("</section>", '<div class="diagnosis"><p>This is it.</p></div></section>')];
  const first = follow();
  first.say("verdict", {});
  await vi.waitFor(() => expect(finished).toHaveLength(1));
  const second = Spoken.last;
  expect(second).not.toBe(first);
  expect(second?.url).toBe("/api/v1/submissions/abc/events");
  second?.say("verdict", {});
  expect(document.querySelector("[data-explained=cut_short]")).not.toBeNull();
  second?.say("explained", {});
  await vi.waitFor(() => expect(document.querySelector("[data-explained=cut_short]")).toBeNull());
  expect(said.at(-1)).toBe("This is it.");
  expect(second?.readyState).toBe(Spoken.CLOSED);
});

test("an acceptance that is to be confirmed is replaced by what a fresh jail makes of it", async () => {
  const attributes = 'data-verdict data-submission="abc" data-outcome="accepted"';
  const pending = VERDICT.replace("data-verdict", `${attributes} data-confirmation="pending"`);
  const refused = VERDICT.replace("data-verdict", 'data-verdict data-submission="abc" data-explained="cut_short" data-confirmation="refused"');
  const noticed = refused.replace("</section>", "<p data-notice>It is taken back.</p></section>");
  answers = [pending, noticed, noticed.replace("cut_short", "complete")];
  const first = follow();
  first.say("verdict", {});
  await vi.waitFor(() => expect(finished).toHaveLength(1));
  const second = Spoken.last;
  expect(second).not.toBe(first);
  second?.say("confirmed", {});
  await vi.waitFor(() => expect(document.querySelector("[data-confirmation=refused]")).not.toBeNull());
  expect(said.at(-1)).toContain("It is taken back.");
  expect(second?.readyState).not.toBe(Spoken.CLOSED);
  second?.say("explained", {});
  await vi.waitFor(() => expect(document.querySelector("[data-explained=complete]")).not.toBeNull());
  expect(second?.readyState).toBe(Spoken.CLOSED);
});

test("an acceptance that is confirmed says that it counts", async () => {
  const attributes = 'data-verdict data-submission="abc" data-outcome="accepted"';
  answers = ["pending", "confirmed"].map((how) => VERDICT.replace("data-verdict", `${attributes} data-confirmation="${how}"`));
  follow().say("verdict", {});
  await vi.waitFor(() => expect(finished).toHaveLength(1));
  const second = Spoken.last;
  second?.say("confirmed", {});
  await vi.waitFor(() => expect(said.at(-1)).toBe("Confirmed: it counts as solved."));
  expect(second?.readyState).toBe(Spoken.CLOSED);
});

test("a verdict that says all is not followed any longer", async () => {
  const source = follow();
  source.say("verdict", {});
  await vi.waitFor(() => expect(finished).toHaveLength(1));
  expect(Spoken.last).toBe(source);
});

test("numbers are written as the server writes them", () => {
  expect([errorSize(null), errorSize(0), errorSize(1.2e-7), errorSize(31), errorSize(0.934), errorSize(314)]).toEqual(["–", "0", "1.2e-7", "31", "0.93", "3.1e2"]);
  expect([duration(null), duration(0.05), duration(1.26)]).toEqual(["–", "50 ms", "1.3 s"]);
});

test("a run that waits again because the machine is busy says so, and stays said while it runs", () => {
  const source = follow();
  source.say("running", { cases: ["short"] });
  source.say("busy", {});
  source.say("queued", { position: 0 });
  source.say("running", { cases: ["short"] });
  expect(document.querySelector("[data-detail]")?.textContent).toContain("The machine is busy");
  expect(said.some((text) => text.includes("nothing of your code"))).toBe(true);
});

test("a service that says nothing is asked, and its silence is told; then all is as it was", async () => {
  const source = follow(20);
  source.say("running", { cases: ["toy"] });
  let isFrozen = true;
  vi.stubGlobal("fetch", (_url: string, options?: RequestInit) =>
    isFrozen
      ? new Promise((_, reject) => options?.signal?.addEventListener("abort", () => reject(new Error("aborted"))))
      : Promise.resolve(new Response("ok")),
  );
  await vi.waitFor(() => expect(headline()).toBe("The service does not answer just now"));
  expect(document.querySelector("section")?.textContent).toContain("is not lost");
  expect(lost).toBe(1);
  isFrozen = false;
  await vi.waitFor(() => expect(headline()).toBe("Running 1 cases"));
  expect(document.querySelector("section")?.textContent).not.toContain("is not lost");
});

test("what is said after a silence is what holds then", async () => {
  const source = follow(20);
  vi.stubGlobal("fetch", () => Promise.reject(new TypeError("refused")));
  await vi.waitFor(() => expect(lost).toBe(1));
  source.say("queued", { position: 3 });
  expect(headline()).toBe("Waiting: 3 ahead of you");
});

test("a session that ended meanwhile is told, with a way back to the submission", async () => {
  const elsewhere = new Response("sign in");
  Object.defineProperty(elsewhere, "redirected", { value: true });
  vi.stubGlobal("fetch", async () => elsewhere);
  follow().fail(Spoken.CLOSED);
  await vi.waitFor(() => expect(headline()).toBe("Your session has ended"));
  expect(document.querySelector("[data-detail] a")?.getAttribute("href")).toBe("/sign-in?next=%2Fsubmissions%2Fabc");
  expect(lost).toBe(1);
});
