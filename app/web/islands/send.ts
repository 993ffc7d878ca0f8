/** Sending code in until the service has answered, once: every try bears the same key. */

import { unguessable } from "./draft";
import type { Mode } from "./editor";

export interface Sending {
  problem: string;
  code: string;
  mode: Mode;
  /** What the service knows the wish by: it makes one submission of it, however often it comes. */
  key: string;
}

export interface SendOptions {
  /** Whose page it is: where another account has signed in in another tab, the service refuses. */
  user?: string | undefined;
  /** Says why there is no answer yet. */
  waiting: (text: string) => void;
  /** Ends the tries. */
  stop: AbortSignal;
  wordMilliseconds?: number;
  answerMilliseconds?: number;
  pauseMilliseconds?: number;
  giveUpMilliseconds?: number;
}

/** The service has answered, and not taken it. */
export class Refusal extends Error {
  readonly status: number;

  constructor(message: string, status = 0) {
    super(message);
    this.status = status;
  }
}

const SLOW = "The service has not answered yet. Your code is kept here, and is sent until it does.";
const AWAY = "The service cannot be reached just now. Your code is kept here, and is sent until it can.";
const GIVEN_UP =
  "The service cannot be reached. Your code is kept here. Send it again when you like: if it had arrived, it is not run twice.";
const STOPPED = "Stopped. Your code is kept here. If it had arrived already, sending it again does not run it twice.";
const PASSING = [502, 503, 504];

/** The wish to have this code run: the same one while it is not known what became of it, else a new one. */
export function wish(last: Sending | null, problem: string, code: string, mode: Mode): Sending {
  const same = last !== null && last.problem === problem && last.code === code && last.mode === mode;
  return { problem, code, mode, key: same ? last.key : unguessable() };
}

/** Sends until there is an answer, and gives the submission's id. */
export async function send(sending: Sending, options: SendOptions): Promise<string> {
  const begun = Date.now();
  const word = setTimeout(() => options.waiting(SLOW), options.wordMilliseconds ?? 1500);
  try {
    for (;;) {
      const answer = await tried(sending, options);
      if (options.stop.aborted) throw new Refusal(STOPPED);
      if (typeof answer === "string") return answer;
      if (Date.now() - begun > (options.giveUpMilliseconds ?? 60_000)) throw new Refusal(answer?.message ?? GIVEN_UP);
      options.waiting(answer ? `${answer.message} Your code is kept here, and is sent again.` : AWAY);
      await new Promise((resolve) => setTimeout(resolve, options.pauseMilliseconds ?? 1000));
      if (options.stop.aborted) throw new Refusal(STOPPED);
    }
  } finally {
    clearTimeout(word);
  }
}

/** An id, or null where nothing came, or what the service says of not being able to just now. */
async function tried(sending: Sending, options: SendOptions): Promise<string | Refusal | null> {
  let response: Response;
  let body: unknown;
  try {
    response = await fetch(`/api/v1/problems/${encodeURIComponent(sending.problem)}/submissions`, {
      method: "POST",
      headers: {
        "Content-Type": "application/json",
        Accept: "application/json",
        "Idempotency-Key": sending.key,
        ...(options.user ? { "Jaxercise-Account": options.user } : {}),
      },
      credentials: "same-origin",
      body: JSON.stringify({ code: sending.code, mode: sending.mode }),
      signal: AbortSignal.any([options.stop, AbortSignal.timeout(options.answerMilliseconds ?? 8000)]),
    });
    body = await response.json().catch(() => null);
  } catch {
    return null;
  }
  if (response.status === 202 && isRecord(body) && typeof body["id"] === "string") return body["id"];
  const refusal = new Refusal(refusalMessage(response.status, body), response.status);
  if (PASSING.includes(response.status)) return refusal;
  throw refusal;
}

/** What the API says of a refusal, in its error shape `{"error": {"message": …}}`. */
export function refusalMessage(status: number, body: unknown): string {
  if (status === 401) return "Your session has ended. Your code is kept here.";
  if (isRecord(body)) {
    const error = isRecord(body["error"]) ? body["error"] : body;
    if (typeof error["message"] === "string") return error["message"];
  }
  return `The service answered with status ${status}. Your code is kept here.`;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
